/** Reads big-endian integers and parts of a message; past the end it fails, and yields 0 and nothing from then on. */
export class ByteReader {
  failed = false;
  readonly bytes: Buffer;
  position: number;
  /** Behind the last byte that is read. */
  readonly #end: number;

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.position;
  }

  u8(): number {
    return this.#has(1) ? this.bytes[this.position++]! : 0;
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  u24(): number {
    return this.u16() * 256 + this.u8();
  }

  u32(): number {
    return this.u16() * 65536 + this.u16();
  }

  /** An integer of at most four bytes of seven bits, least significant first, in each of which but the last the eighth is set. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  skip(length: number): void {
    if (this.#has(length)) this.position += length;
  }

  /** The next `length` bytes; those that are there when they are fewer. */
  take(length: number): ByteReader {
    const end = this.#has(length) ? this.position + length : this.#end;
    const part = new ByteReader(this.bytes, this.position, end);
    this.position = end;
    return part;
  }

  /** What is left, as UTF-8. */
  text(): string {
    return this.bytes.toString('utf8', this.position, this.#end);
  }

  /** What is left, as a view. */
  rest(): Buffer {
    return this.bytes.subarray(this.position, this.#end);
  }

  #has(length: number): boolean {
    if (this.left < length) this.failed = true;
    return !this.failed;
  }
}
