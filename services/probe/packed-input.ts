import { CaptureError } from '#capture';

/** Compressed bytes that are taken as they come, or so many at a time. A chunk need be valid only until the next one is asked for. */
export class PackedInput {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** `count` bytes or more, fewer only at the end, which are not taken by this. */
  async peek(count: number): Promise<Buffer> {
    while (this.#rest.length < count) {
      const kept = Buffer.from(this.#rest);
      const { value, done } = await this.#chunks.next();
      if (done) return (this.#rest = kept);
      this.#rest = kept.length === 0 ? value : Buffer.concat([kept, value]);
    }
    return this.#rest;
  }

  /** Takes what is at hand; nothing at the end. */
  async some(): Promise<Buffer> {
    const bytes = await this.peek(1);
    this.#skip(bytes.length);
    return bytes;
  }

  /** @throws {CaptureError} when the input ends before that */
  async take(count: number): Promise<Buffer> {
    const bytes = (await this.peek(count)).subarray(0, count);
    if (bytes.length < count) throw this.problem('it is cut');
    this.#skip(count);
    return bytes;
  }

  /** Takes the last `count` bytes of `bytes` back, which `some` gave last. */
  giveBack(bytes: Buffer, count: number): void {
    this.#rest = bytes.subarray(bytes.length - count);
    this.#offset -= count;
  }

  /** Nothing but zeros is left, or nothing at all. */
  async isZeros(): Promise<boolean> {
    for (;;) {
      const bytes = await this.peek(1);
      if (bytes.length === 0) return true;
      if (bytes.some((byte) => byte !== 0)) return false;
      this.#skip(bytes.length);
    }
  }

  problem(reason: string): CaptureError {
    return new CaptureError('compressed', this.#offset, `the input is compressed, and can be unpacked no further: ${reason}`);
  }

  #skip(count: number): void {
    this.#rest = this.#rest.subarray(count);
    this.#offset += count;
  }
}
