/** Longest line, in bytes. A file with longer ones is not a log, or was written to exhaust memory. */
export const maxLineBytes = 4 * 1024 * 1024;

const byteOrderMark = Buffer.from('\uFEFF');

/**
 * Splits chunks into lines at LF; a CR before it, a byte order mark at the beginning, and empty lines are dropped. Where possible a line is
 * not copied.
 */
export class LineSplitter {
  readonly #onLine: (line: Buffer, number: number) => void;
  readonly #onTooLong: (number: number) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isSkipping = false;
  #number: number;

  /** @param before how many lines precede the first one that is pushed: numbering continues from there */
  constructor(onLine: (line: Buffer, number: number) => void, onTooLong: (number: number) => void, before = 0) {
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
    this.#number = before;
  }

  /** How many lines have ended so far. */
  get lines(): number {
    return this.#number;
  }

  /** Bytes after the last of them. */
  get restBytes(): number {
    return this.#restBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      this.#end(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The input ended: what follows the last line end is a line too. */
  finish(): void {
    if (this.#restBytes > 0) this.#end(Buffer.alloc(0));
  }

  #keep(part: Buffer): void {
    this.#restBytes += part.length;
    if (this.#restBytes > maxLineBytes) {
      this.#isSkipping = true;
      this.#rest = [];
    } else {
      this.#rest.push(Buffer.from(part));
    }
  }

  #end(part: Buffer): void {
    this.#number++;
    const isTooLong = this.#isSkipping || this.#restBytes + part.length > maxLineBytes;
    let line = this.#restBytes === 0 ? part : Buffer.concat([...this.#rest, part]);
    this.#rest = [];
    this.#restBytes = 0;
    this.#isSkipping = false;
    if (isTooLong) {
      this.#onTooLong(this.#number);
      return;
    }
    if (this.#number === 1 && line.indexOf(byteOrderMark) === 0) line = line.subarray(byteOrderMark.length);
    if (line.at(-1) === 0x0d) line = line.subarray(0, -1);
    if (line.length > 0) this.#onLine(line, this.#number);
  }
}
