/** What is copied to join a record is given back when it took more than this. */
const keptBytes = 256 * 1024;

/**
 * Bytes pushed in and not yet taken, readable as one buffer.
 *
 * A chunk is read in place. Only a record that spans chunks is joined in a buffer of the queue's own, each byte of it once or twice,
 * whatever the size of the chunks. `release` gives the chunk back to its owner.
 */
export class InputQueue {
  buffer: Buffer = nothing;
  /** Where in `buffer` the next byte stands. */
  position = 0;
  /** How many bytes of the input were taken. */
  offset = 0;
  ended = false;
  /** Behind the last byte in `buffer`. */
  #end = 0;
  /** What records are joined in. */
  #own: Buffer = nothing;
  /** The pushed chunk, from its first byte that is not in `buffer`; empty when it is `buffer`. */
  #chunk: Buffer = nothing;

  get available(): number {
    return this.#end - this.position + this.#chunk.length;
  }

  push(chunk: Buffer): void {
    this.release();
    this.#chunk = chunk;
  }

  /** Whether `count` bytes stand at `buffer[position]`. */
  has(count: number): boolean {
    const left = this.#end - this.position;
    if (left >= count) return true;
    if (left + this.#chunk.length < count) return false;
    if (left > 0) {
      this.#join(count - left);
      return true;
    }
    this.buffer = this.#chunk;
    this.position = 0;
    this.#end = this.#chunk.length;
    this.#chunk = nothing;
    if (this.#own.length > keptBytes) this.#own = nothing;
    return true;
  }

  take(count: number): void {
    this.position += count;
    this.offset += count;
  }

  /** Copies what is left of the pushed chunk, which its owner may then overwrite. */
  release(): void {
    if (this.#chunk.length > 0 || this.buffer !== this.#own) this.#join(this.#chunk.length);
  }

  clear(): void {
    this.buffer = this.#own = this.#chunk = nothing;
    this.position = this.#end = 0;
  }

  /** Makes `buffer` one of our own, with the first `count` bytes of the chunk behind what is left in it. */
  #join(count: number): void {
    const left = this.#end - this.position;
    if (this.buffer !== this.#own || this.#end + count > this.#own.length) {
      const joined = left + count <= this.#own.length ? this.#own : Buffer.allocUnsafeSlow(Math.max(2 * (left + count), 4096));
      this.buffer.copy(joined, 0, this.position, this.#end);
      this.buffer = this.#own = joined;
      this.position = 0;
      this.#end = left;
    }
    this.#chunk.copy(this.#own, this.#end, 0, count);
    this.#end += count;
    this.#chunk = this.#chunk.subarray(count);
  }
}

const nothing = Buffer.alloc(0);
