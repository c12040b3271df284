import type { Component } from '#runtime';
import type { RecordSource } from '#transport';
import type { Check } from './operations/operations.ts';

/** How long a stop waits for the batch in progress. One that takes longer, since a part behind it is away, stays unconfirmed and comes again. */
const patienceMillis = 5_000;

/** Brings the records of a source to their handler, as part of a lifecycle. */
export class RecordReader<T> implements Component, Check {
  readonly name: string;
  readonly #source: RecordSource<T>;
  readonly #handle: (records: T[]) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #ended = false;
  /** Ends the waiting for the batch in progress. */
  #giveUp: (error: Error) => void = () => {};

  /**
   * @param name what is read, as readiness and log call it
   * @param handle resolves when the batch is done with, and only then counts as read
   * @param onFailure the source cannot go on
   */
  constructor(name: string, source: RecordSource<T>, handle: (records: T[]) => Promise<void>, onFailure: (error: unknown) => void) {
    this.name = name;
    this.#source = source;
    this.#handle = handle;
    this.#onFailure = onFailure;
  }

  start(): void {
    this.#running = this.#source.run((records) => this.#handleUnlessGivenUp(records)).catch(this.#onFailure).finally(() => { this.#ended = true; });
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#giveUp(new Error('the reader was stopped before the batch was handled')), patienceMillis);
    await this.#source.close();
    await this.#running;
    clearTimeout(timer);
  }

  check(): void {
    if (!this.#running) throw new Error(`${this.name} are not read yet`);
    if (this.#ended) throw new Error(`${this.name} are no longer read`);
    if (this.#source.trouble !== '') throw new Error(`${this.name}: ${this.#source.trouble}`);
  }

  #handleUnlessGivenUp(records: T[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#handle(records).then(resolve, reject);
    });
  }
}
