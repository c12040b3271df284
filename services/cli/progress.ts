import type { CaptureInput } from '../probe/captures.ts';
import { printable } from './table.ts';

/** How often a terminal's progress line is redrawn, milliseconds. */
const redrawInterval = 100;

/** One line on standard error that shows how far the scan is; silent where standard error is no terminal. */
export class Progress {
  readonly #total: number;
  readonly #enabled = process.stderr.isTTY;
  #finishedBytes = 0;
  #drawnAt = 0;

  /** @param inputs everything that will be read, to show progress through all of it; if not known, progress is per input */
  constructor(inputs: readonly CaptureInput[] = []) {
    this.#total = inputs.reduce((sum, input) => sum + input.size, 0);
  }

  update(input: CaptureInput, bytes: number, packets: number): void {
    if (!this.#enabled || performance.now() - this.#drawnAt < redrawInterval) return;
    this.#drawnAt = performance.now();
    const total = this.#total || input.size;
    const share = total > 0 ? `${String(Math.floor(((this.#finishedBytes + bytes) / total) * 100)).padStart(3)} %  ` : '';
    process.stderr.write(`\r\u001b[K${share}${printable(input.name)}${packets > 0 ? `  ${packets.toLocaleString('en')} packets` : ''}`);
  }

  done(input: CaptureInput): void {
    this.#finishedBytes += input.size;
  }

  finish(): void {
    if (this.#enabled) process.stderr.write('\r\u001b[K');
  }
}
