import { WireError } from './errors.ts';

/** A cursor over untrusted bytes: every step is checked against `end`. */
export class ByteReader {
  readonly #bytes: Buffer;
  offset = 0;
  end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  u8(): number {
    if (this.offset >= this.end) throw this.#truncated('a byte');
    return this.#bytes[this.offset++]!;
  }

  u32(): number {
    if (this.remaining < 4) throw this.#truncated('a tag');
    this.offset += 4;
    return this.#bytes.readUInt32LE(this.offset - 4);
  }

  /** Reads an integer from 0 to 2^53 - 1. */
  varint(): number {
    const bytes = this.#bytes;
    const { end } = this;
    let at = this.offset;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw this.#truncated('an integer');
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.offset = at;
        return value;
      }
    }
    for (let scale = 2 ** 28; scale < 2 ** 53; scale *= 0x80) {
      if (at >= end) throw this.#truncated('an integer');
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        this.offset = at;
        return value;
      }
    }
    throw new WireError('malformed', this.offset, 'an integer is above 2^53 - 1');
  }

  /** As {@link varint}, for integers that mostly take one byte. */
  shortVarint(): number {
    const byte = this.offset < this.end ? this.#bytes[this.offset]! : 0x80;
    if (byte >= 0x80) return this.varint();
    this.offset++;
    return byte;
  }

  /** Reads `count` integers, most of which take one byte. */
  varints(count: number): number[] {
    const values = Array<number>(count);
    for (let i = 0; i < count; i++) values[i] = this.shortVarint();
    return values;
  }

  /** Reads what `ByteWriter.difference` wrote. For other bytes the result may lie outside the range that it accepts. */
  difference(): number {
    const first = this.u8();
    const magnitude = ((first >> 1) & 0x3f) + (first & 0x80 ? this.varint() * 64 : 0);
    return first & 1 ? -magnitude : magnitude;
  }

  utf8(length: number): string {
    if (length > this.remaining) throw this.#truncated('a string');
    const start = this.offset;
    this.offset += length;
    return this.#bytes.toString('utf8', start, this.offset);
  }

  #truncated(what: string): WireError {
    return new WireError('truncated', this.offset, `the bytes end within ${what}`);
  }
}
