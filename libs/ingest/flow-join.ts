import type { IngestCounters } from './counters.ts';

export interface FlowJoinOptions {
  /** Flows that are remembered. The one heard of longest ago goes first. */
  maxFlows: number;
  /** A flow that nothing was heard of for so long, in log time, is forgotten, µs. */
  timeoutMicros: number;
}

export const flowJoinDefaults: FlowJoinOptions = { maxFlows: 200_000, timeoutMicros: 3_600_000_000 };

interface Joined<State> {
  state: State;
  micros: number;
}

/**
 * What is known of the flows that a log names, by that name: the lines about one flow stand far apart, or in different files.
 *
 * A flow that was forgotten too early loses what its other lines told (the name of its peer, what its values are redacted with beyond
 * the line), no line of its own.
 */
export class FlowJoin<State> {
  readonly #options: FlowJoinOptions;
  readonly #counters: IngestCounters;
  /** In the order in which they were heard of last. */
  readonly #flows = new Map<string, Joined<State>>();

  constructor(options: Partial<FlowJoinOptions>, counters: IngestCounters) {
    this.#options = { ...flowJoinDefaults, ...options };
    this.#counters = counters;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** What is known of the flow `name`; a new state when it was not heard of before. `micros` is the time of the entry. */
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
