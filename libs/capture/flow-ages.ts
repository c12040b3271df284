import type { FlowOrder, FlowSlots } from './flow-slots.ts';
import type { TrackedFlow } from './tracked-flow.ts';

/** How long a flow may stay silent before it ends, µs. */
export interface FlowTimeouts {
  /** A closed or reset connection: late packets may follow. */
  readonly closedTimeoutMicros: number;
  /** A flow of which one side alone was seen. A TCP connection with payload is none: its other direction goes where the probe does not see it. */
  readonly unansweredTimeoutMicros: number;
  /** A flow in both directions, other than a TCP connection. */
  readonly datagramTimeoutMicros: number;
  readonly connectionTimeoutMicros: number;
  /** A flow in both directions, or a TCP connection, whose further messages say for themselves what they are. */
  readonly exchangeTimeoutMicros: number;
}

/** The open and closed flows of a table, each kind by itself in order of the last packet, so that the next to end is first in its kind. */
export class FlowAges {
  readonly #closed: FlowOrder;
  readonly #unanswered: FlowOrder;
  readonly #datagrams: FlowOrder;
  readonly #connections: FlowOrder;
  readonly #exchanges: FlowOrder;
  readonly #all: readonly FlowOrder[];
  /** No flow ends before this time, µs. */
  #quietUntil = Infinity;

  constructor(slots: FlowSlots, timeouts: FlowTimeouts) {
    this.#closed = slots.order(timeouts.closedTimeoutMicros);
    this.#unanswered = slots.order(timeouts.unansweredTimeoutMicros);
    this.#datagrams = slots.order(timeouts.datagramTimeoutMicros);
    this.#connections = slots.order(timeouts.connectionTimeoutMicros);
    this.#exchanges = slots.order(timeouts.exchangeTimeoutMicros);
    this.#all = [this.#closed, this.#unanswered, this.#datagrams, this.#connections, this.#exchanges];
  }

  /** The flow has a packet: it is the newest of its kind. */
  touch(flow: TrackedFlow): void {
    const order = this.#orderOf(flow);
    if (order === flow.order) order.touch(flow);
    else {
      flow.order?.remove(flow);
      order.append(flow);
      flow.order = order;
    }
    const end = flow.lastMicros + order.timeoutMicros;
    if (end < this.#quietUntil) this.#quietUntil = end;
  }

  remove(flow: TrackedFlow): void {
    flow.order!.remove(flow);
    flow.order = null;
  }

  /** A flow that was silent for too long before `now` (µs), or null. */
  expired(now: number): TrackedFlow | null {
    if (now <= this.#quietUntil) return null;
    let quietUntil = Infinity;
    for (const { oldest, timeoutMicros } of this.#all) {
      if (oldest === null) continue;
      if (now - oldest.lastMicros > timeoutMicros) return oldest;
      quietUntil = Math.min(quietUntil, oldest.lastMicros + timeoutMicros);
    }
    this.#quietUntil = quietUntil;
    return null;
  }

  /** The flow that gives way first: one that is closed, which has said all it had to, else the one silent for longest. */
  get oldest(): TrackedFlow | null {
    let oldest = this.#closed.oldest;
    if (oldest !== null) return oldest;
    for (const order of this.#all) {
      const flow = order.oldest;
      if (flow !== null && (oldest === null || flow.lastFrame < oldest.lastFrame)) oldest = flow;
    }
    return oldest;
  }

  /** All flows. The one at hand may be touched, not removed. */
  *[Symbol.iterator](): Generator<TrackedFlow> {
    for (const order of this.#all) for (let flow = order.oldest; flow !== null; flow = order.after(flow)) yield flow;
  }

  #orderOf({ closed, destinationPackets, fromSource, waitsForOthers, mayEndEarly }: TrackedFlow): FlowOrder {
    if (closed !== null) return this.#closed;
    if (waitsForOthers) return this.#connections;
    if (destinationPackets === 0 && fromSource?.hasPayload !== true) return this.#unanswered;
    if (mayEndEarly) return this.#exchanges;
    return fromSource === null ? this.#datagrams : this.#connections;
  }
}
