import type { Component } from '#runtime';
import type { FlowSource } from '#transport';
import type { Check } from '../operations/operations.ts';
import type { Detector } from './detector.ts';

/** Brings flow records from their source to the detector. */
export class FlowReader implements Component, Check {
  readonly name = 'flows';
  readonly #source: FlowSource;
  readonly #detector: Detector;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #ended = false;

  /** @param onFailure the source cannot go on. */
  constructor(source: FlowSource, detector: Detector, onFailure: (error: unknown) => void) {
    this.#source = source;
    this.#detector = detector;
    this.#onFailure = onFailure;
  }

  start(): void {
    this.#running = this.#source.run(this.#detector.handle).catch(this.#onFailure).finally(() => { this.#ended = true; });
  }

  async stop(): Promise<void> {
    await this.#source.close();
    await this.#running;
  }

  check(): void {
    if (!this.#running) throw new Error('flow records are not read yet');
    if (this.#ended) throw new Error('flow records are not read any more');
  }
}
