import type { FlowSink } from '#transport';
import type { ProbePipeline } from './pipeline.ts';

/** Records per send; as soon as this many are pending, they are sent without waiting for the next tick of the clock. */
export const batchSize = 4096;

export interface OutletOptions {
  pipeline: ProbePipeline;
  sink: FlowSink;
  /** Called when records cannot be sent. */
  onFailure: (error: unknown) => void;
}

/** Sends a pipeline's records to the flow log: one send at a time, each with all pending records. */
export class Outlet {
  readonly #options: OutletOptions;
  #sending: Promise<void> | undefined;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /** Resolves when no records are pending, or sending has failed. Await it for backpressure. */
  flush(): Promise<void> {
    return (this.#sending ??= this.#send());
  }

  /** Ends all flows, a batch at a time, and sends their remaining records. */
  async finish(): Promise<void> {
    while (!this.#options.pipeline.finish(batchSize)) await this.flush();
    await this.flush();
  }

  async #send(): Promise<void> {
    const { pipeline, sink, onFailure } = this.#options;
    // Continue only after `#sending` is set.
    await Promise.resolve();
    try {
      while (pipeline.pending > 0) await sink.send(pipeline.take());
    } catch (error) {
      onFailure(error);
    } finally {
      // Synchronously with the last check for pending records: a later flush would otherwise wait for a send that no longer checks.
      this.#sending = undefined;
    }
  }
}
