import type { FlowOrder, FlowSlots } from './flow-slots.ts';
import type { TrackedFlow } from './tracked-flow.ts';

/** Idle timeouts of flows, µs. */
export interface FlowTimeouts {
  /** For a closed or reset connection, after which late packets may follow. */
  readonly closedTimeoutMicros: number;
  /** For a half-open flow, where only one side was seen. Not for a TCP connection with payload: its other direction bypasses the probe. */
  readonly unansweredTimeoutMicros: number;
  /** For a flow in both directions, other than a TCP connection. */
  readonly datagramTimeoutMicros: number;
  readonly connectionTimeoutMicros: number;
  /** For a flow in both directions, or a TCP connection, whose further messages can be understood on their own. */
  readonly exchangeTimeoutMicros: number;
}

/** The open and closed flows of a table, each kind separately in order of the last packet, so that the next to expire is the first of its kind. */
export class FlowAges {
  readonly #closed: FlowOrder;
  readonly #unanswered: FlowOrder;
  readonly #datagrams: FlowOrder;
  readonly #connections: FlowOrder;
  readonly #exchanges: FlowOrder;
  readonly #all: readonly FlowOrder[];
  /** No flow expires before this time, µs. */
  #quietUntil = Infinity;

  constructor(slots: FlowSlots, timeouts: FlowTimeouts) {
    this.#closed = slots.order(timeouts.closedTimeoutMicros);
    this.#unanswered = slots.order(timeouts.unansweredTimeoutMicros);
    this.#datagrams = slots.order(timeouts.datagramTimeoutMicros);
    this.#connections = slots.order(timeouts.connectionTimeoutMicros);
    this.#exchanges = slots.order(timeouts.exchangeTimeoutMicros);
    this.#all = [this.#closed, this.#unanswered, this.#datagrams, this.#connections, this.#exchanges];
  }

  /** The flow has a packet, and becomes the newest of its kind. */
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

  /** A flow that has exceeded its idle timeout at `now` (µs), or null. */
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

  /** The flow to evict first: a closed one, which is complete, otherwise the one idle for longest. */
  get oldest(): TrackedFlow | null {
    let oldest = this.#closed.oldest;
    if (oldest !== null) return oldest;
    for (const order of this.#all) {
      const flow = order.oldest;
      if (flow !== null && (oldest === null || flow.lastFrame < oldest.lastFrame)) oldest = flow;
    }
    return oldest;
  }

  /** All flows. The current one may be touched, but not removed. */
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
