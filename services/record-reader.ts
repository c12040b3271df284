import type { Component } from '#runtime';
import type { RecordSource } from '#transport';
import type { Check } from './operations/operations.ts';

/** Brings the records of a source to their handler, as part of a lifecycle. */
export class RecordReader<T> implements Component, Check {
  readonly name: string;
  readonly #source: RecordSource<T>;
  readonly #handle: (records: T[]) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #ended = false;

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
    this.#running = this.#source.run(this.#handle).catch(this.#onFailure).finally(() => { this.#ended = true; });
  }

  async stop(): Promise<void> {
    await this.#source.close();
    await this.#running;
  }

  check(): void {
    if (!this.#running) throw new Error(`${this.name} are not read yet`);
    if (this.#ended) throw new Error(`${this.name} are not read any more`);
  }
}
