/** Reads big-endian integers and parts of a message. Reading past the end sets the error state, in which it yields 0 or nothing. */
export class ByteReader {
  failed = false;
  readonly bytes: Buffer;
  position: number;
  /** Position after the last byte to be read. */
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
    if (!this.#has(2)) return 0;
    this.position += 2;
    return this.bytes.readUInt16BE(this.position - 2);
  }

  u24(): number {
    if (!this.#has(3)) return 0;
    this.position += 3;
    return this.bytes.readUIntBE(this.position - 3, 3);
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    this.position += 4;
    return this.bytes.readUInt32BE(this.position - 4);
  }

  /**
   * An integer of at most `mostBytes` bytes, seven bits each, least significant first; the eighth bit is set in all but the last byte (LEB128). Not
   * exact above 2^53.
   */
  varint(mostBytes = 4): number {
    let value = 0;
    for (let [left, scale] = [mostBytes, 1]; left > 0; left--, scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  skip(length: number): void {
    if (this.#has(length)) this.position += length;
  }

  /** The next `length` bytes, or as many as there are. */
  take(length: number): ByteReader {
    const start = this.failed ? this.#end : this.position;
    const end = this.#has(length) ? this.position + length : this.#end;
    this.position = end;
    return new ByteReader(this.bytes, start, end);
  }

  /** The bytes up to a zero, which is consumed too; an error if there is none. */
  terminated(): Buffer {
    const zero = this.bytes.indexOf(0, this.position);
    if (zero < 0 || zero >= this.#end) this.failed = true;
    if (this.failed) return this.bytes.subarray(0, 0);
    const start = this.position;
    this.position = zero + 1;
    return this.bytes.subarray(start, zero);
  }

  /** The remaining bytes, as UTF-8. */
  text(): string {
    return this.bytes.toString('utf8', this.position, this.#end);
  }

  /** The remaining bytes, as a view. */
  rest(): Buffer {
    return this.bytes.subarray(this.position, this.#end);
  }

  #has(length: number): boolean {
    if (this.left < length) this.failed = true;
    return !this.failed;
  }
}
