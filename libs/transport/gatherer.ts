import { setImmediate as nextTask } from 'node:timers/promises';

/** A batch for the handler while it is gathered from several partitions. */
export interface Gathering<T, Origin> {
  readonly records: T[];
  /** How far each contributor has come with this batch. */
  readonly origins: Map<number, Origin>;
  /** Settles when the batch has been worked off. */
  readonly done: Promise<void>;
}

/**
 * Puts what several contributors read into common batches, one after the other: a batch is open while the one before it is worked
 * off, and until all contributors that are ready now have added theirs.
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

  /** Calls `add` with the open batch once that has room. Resolves when the batch has been worked off; rejects when that has failed. */
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
