import type { FlowSink } from '#transport';
import type { ProbePipeline } from './pipeline.ts';

/** Records that are handed over at once, and so many that it is worth the while before the next look at the clock. */
export const batchSize = 4096;

export interface OutletOptions {
  pipeline: ProbePipeline;
  sink: FlowSink;
  /** Records cannot be handed over. */
  onFailure: (error: unknown) => void;
}

/** Hands a pipeline's records to the flow log: one send at a time, each with all that waits. */
export class Outlet {
  readonly #options: OutletOptions;
  #sending: Promise<void> | undefined;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /** Resolves when nothing waits any more, or handing over has failed. Awaiting it is the backpressure. */
  flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    const { pipeline, sink, onFailure } = this.#options;
    try {
      while (pipeline.pending > 0) await sink.send(pipeline.take());
    } catch (error) {
      onFailure(error);
    }
  }
}
