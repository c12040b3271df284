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

  /** The open batch, once it has room. Add to it in the same turn: it may be closed in the next. */
  async open(): Promise<Gathering<T, Origin>> {
    while (this.#open !== null && this.#open.records.length >= this.#maxRecords) await this.#nextOpening;
    return (this.#open ??= this.#begin());
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
