/** The buffer for joining records is released if it has grown beyond this. */
const keptBytes = 256 * 1024;

/**
 * Bytes that were pushed and not yet consumed, readable as one buffer.
 *
 * Chunks are read in place. Only a record that spans chunks is joined in a buffer of the queue's own, copying each of its bytes once or twice,
 * whatever the size of the chunks. `release` returns the chunk to its owner.
 */
export class InputQueue {
  buffer: Buffer = nothing;
  /** Position of the next byte in `buffer`. */
  position = 0;
  /** Number of input bytes consumed so far. */
  offset = 0;
  ended = false;
  /** Position after the last byte in `buffer`. */
  #end = 0;
  /** Buffer for joining records. */
  #own: Buffer = nothing;
  /** The pushed chunk, from its first byte that is not in `buffer`; empty if it is `buffer`. */
  #chunk: Buffer = nothing;

  get available(): number {
    return this.#end - this.position + this.#chunk.length;
  }

  push(chunk: Buffer): void {
    this.release();
    this.#chunk = chunk;
  }

  /** Whether `count` bytes are available at `buffer[position]`. */
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

  /** Copies the rest of the pushed chunk, which its owner may then overwrite. */
  release(): void {
    if (this.#chunk.length > 0 || this.buffer !== this.#own) this.#join(this.#chunk.length);
  }

  clear(): void {
    this.buffer = this.#own = this.#chunk = nothing;
    this.position = this.#end = 0;
  }

  /** Switches `buffer` to the queue's own, with the first `count` bytes of the chunk appended to its remaining bytes. */
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
