/** Up to here, a loop over the characters is faster than a call into the runtime. */
const shortText = 64;

/** A growing buffer that is written from front to back. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What has been written, as a view that the next write to this writer may overwrite. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
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

  /** Writes `text` as UTF-8; returns the number of bytes. */
  utf8(text: string): number {
    this.#reserve(text.length * 3);
    if (text.length <= shortText && this.#ascii(text)) return text.length;
    const written = this.#bytes.write(text, this.#length, 'utf8');
    this.#length += written;
    return written;
  }

  /** Writes a text of ASCII without a call into the runtime; false when it is none. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[start + i] = code;
    }
    this.#length = start + text.length;
    return true;
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
