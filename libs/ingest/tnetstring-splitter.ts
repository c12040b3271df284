import { frameOf, TnetstringError } from './tnetstring.ts';

export interface TnetstringSplitterOptions {
  /** Length of the longest value, in bytes; each is held as a whole. */
  readonly longest: number;
  /** How many values precede the first one that is pushed: numbering continues from there. */
  readonly before: number;
  readonly onValue: (bytes: Buffer, number: number) => void;
  /**
   * `long`: a value over the limit, which is skipped. `broken`: bytes that begin no value, after which nothing can be found again. `cut`:
   * the input ended within a value.
   */
  readonly onProblem: (problem: 'long' | 'broken' | 'cut', number: number) => void;
}

/** Splits chunks into consecutive tnetstrings, as `LineSplitter` does for lines. */
export class TnetstringSplitter {
  readonly #options: TnetstringSplitterOptions;
  #number: number;
  /** Pushed bytes that do not make a whole value yet. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** With fewer bytes there can be no whole value. */
  #wantedBytes = 1;
  /** For a value over the limit: how many bytes were skipped, and how many are still to be. */
  #passed = 0;
  #passing = 0;
  #isBroken = false;

  constructor(options: TnetstringSplitterOptions) {
    this.#options = options;
    this.#number = options.before;
  }

  /** How many values have ended so far. */
  get values(): number {
    return this.#passing > 0 ? this.#number - 1 : this.#number;
  }

  /** Bytes after the last of them. */
  get unread(): number {
    return this.#isBroken ? 0 : this.#restBytes + this.#passed;
  }

  push(chunk: Buffer): void {
    const bytes = this.#pass(chunk);
    if (this.#isBroken || bytes.length === 0) return;
    this.#rest.push(Buffer.from(bytes));
    this.#restBytes += bytes.length;
    if (this.#restBytes < this.#wantedBytes) return;
    try {
      this.#read();
    } catch (error) {
      if (!(error instanceof TnetstringError)) throw error;
      this.#isBroken = true;
      this.#rest = [];
      this.#options.onProblem('broken', ++this.#number);
    }
  }

  finish(): void {
    if (!this.#isBroken && (this.#restBytes > 0 || this.#passing > 0)) this.#options.onProblem('cut', ++this.#number);
  }

  /** Skips bytes of a value over the limit. Returns those that come after it. */
  #pass(bytes: Buffer): Buffer {
    const length = Math.min(this.#passing, bytes.length);
    this.#passing -= length;
    this.#passed = this.#passing === 0 ? 0 : this.#passed + length;
    return bytes.subarray(length);
  }

  #read(): void {
    const { longest, onValue, onProblem } = this.#options;
    let bytes = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest);
    this.#wantedBytes = 1;
    for (;;) {
      bytes = this.#pass(bytes);
      const frame = bytes.length === 0 ? null : frameOf(bytes, 0);
      if (frame === null) break;
      const { end } = frame;
      if (end > longest) {
        onProblem('long', ++this.#number);
        this.#passing = end + 1;
      } else if (end >= bytes.length) {
        this.#wantedBytes = end + 1;
        break;
      } else {
        onValue(bytes.subarray(0, end + 1), ++this.#number);
        bytes = bytes.subarray(end + 1);
      }
    }
    this.#rest = bytes.length === 0 ? [] : [bytes];
    this.#restBytes = bytes.length;
  }
}
