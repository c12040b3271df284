import { CaptureError } from '#capture';

/** Compressed bytes, read as they arrive or by count. A chunk need only be valid until the next one is requested. */
export class PackedInput {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** At least `count` bytes, fewer only at the end of the input, without consuming them. */
  async peek(count: number): Promise<Buffer> {
    while (this.#rest.length < count) {
      const kept = Buffer.from(this.#rest);
      const { value, done } = await this.#chunks.next();
      if (done) return (this.#rest = kept);
      this.#rest = kept.length === 0 ? value : Buffer.concat([kept, value]);
    }
    return this.#rest;
  }

  /** Consumes the bytes at hand; nothing at the end of the input. */
  async some(): Promise<Buffer> {
    const bytes = await this.peek(1);
    this.#skip(bytes.length);
    return bytes;
  }

  /** @throws {CaptureError} if the input ends before that */
  async take(count: number): Promise<Buffer> {
    const bytes = (await this.peek(count)).subarray(0, count);
    if (bytes.length < count) throw this.problem('it ends early');
    this.#skip(count);
    return bytes;
  }

  /** Puts back the last `count` bytes of `bytes`, which `some` returned last. */
  giveBack(bytes: Buffer, count: number): void {
    this.#rest = bytes.subarray(bytes.length - count);
    this.#offset -= count;
  }

  /** Whether nothing but zeros, or nothing at all, is left. */
  async isZeros(): Promise<boolean> {
    for (;;) {
      const bytes = await this.peek(1);
      if (bytes.length === 0) return true;
      if (bytes.some((byte) => byte !== 0)) return false;
      this.#skip(bytes.length);
    }
  }

  problem(reason: string): CaptureError {
    return new CaptureError('compressed', this.#offset, `the input is compressed and cannot be unpacked any further: ${reason}`);
  }

  #skip(count: number): void {
    this.#rest = this.#rest.subarray(count);
    this.#offset += count;
  }
}
