/**
 * Bytes pushed in and not yet taken, readable as one buffer.
 *
 * A chunk is read in place. Only when a record spans chunks are these joined, once, as soon as all of the record is there:
 * joining costs one copy of what is left, whatever the size of the chunks.
 */
export class InputQueue {
  buffer: Buffer = Buffer.alloc(0);
  /** Where in `buffer` the next byte stands. */
  position = 0;
  /** How many bytes of the input were taken. */
  offset = 0;
  ended = false;
  readonly #later: Buffer[] = [];
  #laterLength = 0;

  get available(): number {
    return this.buffer.length - this.position + this.#laterLength;
  }

  push(chunk: Buffer): void {
    this.#later.push(chunk);
    this.#laterLength += chunk.length;
  }

  /** Whether `count` bytes stand at `buffer[position]`. */
  has(count: number): boolean {
    if (this.buffer.length - this.position >= count) return true;
    if (this.available < count) return false;
    const rest = this.buffer.subarray(this.position);
    this.buffer = rest.length === 0 && this.#later.length === 1 ? this.#later[0]! : Buffer.concat([rest, ...this.#later]);
    this.position = 0;
    this.#later.length = 0;
    this.#laterLength = 0;
    return true;
  }

  take(count: number): void {
    this.position += count;
    this.offset += count;
  }

  clear(): void {
    this.buffer = Buffer.alloc(0);
    this.position = 0;
    this.#later.length = 0;
    this.#laterLength = 0;
  }
}
