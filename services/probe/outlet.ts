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
    return (this.#sending ??= this.#send());
  }

  /** Ends all flows, so many at a time, and hands over what they still have to tell. */
  async finish(): Promise<void> {
    while (!this.#options.pipeline.finish(batchSize)) await this.flush();
    await this.flush();
  }

  async #send(): Promise<void> {
    const { pipeline, sink, onFailure } = this.#options;
    // Not before `#sending` is set.
    await Promise.resolve();
    try {
      while (pipeline.pending > 0) await sink.send(pipeline.take());
    } catch (error) {
      onFailure(error);
    } finally {
      // In one step with the last look at what waits: who flushes later would wait for a sending that looks no more.
      this.#sending = undefined;
    }
  }
}
