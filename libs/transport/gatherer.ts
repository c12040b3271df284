import { setImmediate as nextTask } from 'node:timers/promises';

/** A batch for the handler while it is being gathered from several partitions. */
export interface Gathering<T, Origin> {
  readonly records: T[];
  /** The progress of each contributor within this batch. */
  readonly origins: Map<number, Origin>;
  /** Settles when the batch has been processed. */
  readonly done: Promise<void>;
}

/**
 * Gathers what several contributors read into common batches, one after the other. A batch is open while the previous one is being processed, and
 * until all contributors that are ready by then have added their records.
 */
export class Gatherer<T, Origin> {
  readonly #maxRecords: number;
  readonly #process: (gathering: Gathering<T, Origin>) => Promise<void>;
  #open: Gathering<T, Origin> | null = null;
  #previous: Promise<unknown> = Promise.resolve();
  #nextOpening: Promise<unknown> = Promise.resolve();

  constructor(maxRecords: number, process: (gathering: Gathering<T, Origin>) => Promise<void>) {
    this.#maxRecords = maxRecords;
    this.#process = process;
  }

  /** Calls `add` with the open batch once that has room. Resolves when the batch has been processed; rejects if that failed. */
  async contribute(add: (gathering: Gathering<T, Origin>) => void): Promise<void> {
    while (this.#open !== null && this.isFull(this.#open)) await this.#nextOpening;
    const gathering = (this.#open ??= this.#begin());
    add(gathering);
    await gathering.done;
  }

  isFull(gathering: Gathering<T, Origin>): boolean {
    return gathering.records.length >= this.#maxRecords;
  }

  #begin(): Gathering<T, Origin> {
    const closing = this.#previous.catch(() => undefined).then(() => nextTask()).then(() => {
      this.#open = null;
    });
    const gathering: Gathering<T, Origin> = { records: [], origins: new Map(), done: closing.then(() => this.#process(gathering)) };
    this.#previous = gathering.done;
    this.#nextOpening = closing;
    return gathering;
  }
}
