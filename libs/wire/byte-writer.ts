const startBytes = 64 * 1024;
const keptBytes = 4 * 1024 * 1024;

/** A growing buffer that is written from front to back and reused. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(startBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far, as a view that the next write may overwrite. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties it for the next use, and releases an unusually large buffer. */
  clear(): void {
    this.truncate(0);
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(startBytes);
  }

  /** Discards what was written after the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  /** Writes an integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8);
    const bytes = this.#bytes;
    let at = this.#length;
    while (value > 0x7fff_ffff) {
      bytes[at++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    while (value > 0x7f) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    bytes[at++] = value;
    this.#length = at;
  }

  /** Writes an integer from -(2^53 - 1) to 2^53 - 1, as `micros` in format.ts describes it. */
  difference(value: number): void {
    const magnitude = Math.abs(value);
    const rest = Math.floor(magnitude / 64);
    this.u8((value < 0 ? 1 : 0) | (magnitude % 64) << 1 | (rest > 0 ? 0x80 : 0));
    if (rest > 0) this.varint(rest);
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** Writes text as UTF-8. Returns how many bytes that took. */
  text(text: string): number {
    this.#reserve(3 * text.length);
    const length = this.#bytes.write(text, this.#length);
    this.#length += length;
    return length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
