import type { IngestCounters } from './counters.ts';

export interface FlowJoinOptions {
  /** How many flows are remembered. The one not mentioned for longest is forgotten first. */
  maxFlows: number;
  /** A flow that was not mentioned for so long, in log time, is forgotten. µs */
  timeoutMicros: number;
}

export const flowJoinDefaults: FlowJoinOptions = { maxFlows: 200_000, timeoutMicros: 3_600_000_000 };

interface Joined<State> {
  state: State;
  micros: number;
}

/**
 * What is known about the flows that a log names, by that name, since the lines about one flow may be far apart or in different files. A
 * flow that is forgotten too early loses no line, but later lines miss what earlier ones said (the name of its peer, values to redact).
 */
export class FlowJoin<State> {
  readonly #options: FlowJoinOptions;
  readonly #counters: IngestCounters;
  /** The least recently mentioned first. */
  readonly #flows = new Map<string, Joined<State>>();

  constructor(options: Partial<FlowJoinOptions>, counters: IngestCounters) {
    this.#options = { ...flowJoinDefaults, ...options };
    this.#counters = counters;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** What is known about the flow `name`; a new state when it is not known. `micros` is the time of the entry. */
  get(name: string, micros: number, create: () => State): State {
    let joined = this.#flows.get(name);
    if (joined !== undefined) this.#flows.delete(name);
    if (joined === undefined || Math.abs(micros - joined.micros) > this.#options.timeoutMicros) joined = { state: create(), micros };
    joined.micros = micros;
    this.#flows.set(name, joined);
    this.#forget(micros);
    return joined.state;
  }

  #forget(now: number): void {
    for (const [name, { micros }] of this.#flows) {
      const isOver = now - micros > this.#options.timeoutMicros;
      if (!isOver && this.#flows.size <= this.#options.maxFlows) return;
      this.#flows.delete(name);
      if (!isOver) this.#counters.add('join', 'flows forgotten');
    }
  }
}
