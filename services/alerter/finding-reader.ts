import type { Component } from '#runtime';
import type { FindingSource } from '#transport';
import type { Check } from '../operations/operations.ts';
import type { Alerter } from './alerter.ts';

/** Brings findings from their source to the alerter. */
export class FindingReader implements Component, Check {
  readonly name = 'findings';
  readonly #source: FindingSource;
  readonly #alerter: Alerter;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #ended = false;

  /** @param onFailure the source cannot go on. */
  constructor(source: FindingSource, alerter: Alerter, onFailure: (error: unknown) => void) {
    this.#source = source;
    this.#alerter = alerter;
    this.#onFailure = onFailure;
  }

  start(): void {
    this.#running = this.#source.run((findings) => this.#alerter.handle(findings)).catch(this.#onFailure).finally(() => { this.#ended = true; });
  }

  async stop(): Promise<void> {
    await this.#source.close();
    await this.#running;
  }

  check(): void {
    if (!this.#running) throw new Error('findings are not read yet');
    if (this.#ended) throw new Error('findings are not read any more');
  }
}
