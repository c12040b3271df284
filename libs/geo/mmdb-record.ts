/** Types of the data section that are read or skipped (https://maxmind.github.io/MaxMind-DB/#output-data-section). */
const types = { extended: 0, pointer: 1, text: 2, double: 3, map: 7, array: 11, boolean: 14, float: 15 } as const;

/**
 * One record of a MaxMind DB's data section, read field by field: a country table needs one or two of its eight, and records are decoded
 * for millions of networks, where building an object each time would cost ten times as much.
 *
 * An invalid record throws RangeError or Error.
 */
export class MmdbRecord {
  readonly #bytes: Buffer;
  /** Offset of the data section, from which pointers count. */
  readonly #section: number;
  #at = 0;
  // Of the value whose header was read last.
  #type = 0;
  #size = 0;
  #data = 0;

  constructor(bytes: Buffer, section: number) {
    this.#bytes = bytes;
    this.#section = section;
  }

  /** Moves to the record at offset `at` of the file. */
  moveTo(at: number): this {
    this.#at = at;
    return this;
  }

  /** Text under the path of keys, `''` when there is none. */
  text(...path: readonly string[]): string {
    return this.#find(path) && this.#type === types.text ? this.#bytes.toString('utf8', this.#data, this.#data + this.#size) : '';
  }

  /** Number under the path of keys (integers, double or float); undefined when there is none. */
  number(...path: readonly string[]): number | undefined {
    if (!this.#find(path)) return undefined;
    if (this.#type === types.double) return this.#bytes.readDoubleBE(this.#data);
    if (this.#type === types.float) return this.#bytes.readFloatBE(this.#data);
    const isUnsigned = this.#type === 5 || this.#type === 6; // uint16, uint32
    if (!isUnsigned) return undefined;
    return this.#size === 0 ? 0 : this.#bytes.readUIntBE(this.#data, this.#size);
  }

  isTrue(...path: readonly string[]): boolean {
    return this.#find(path) && this.#type === types.boolean && this.#size === 1;
  }

  #find(path: readonly string[]): boolean {
    this.#open(this.#at);
    for (const key of path) if (!this.#enter(key)) return false;
    return true;
  }

  /** Opens the value under `key` of the open map. */
  #enter(key: string): boolean {
    if (this.#type !== types.map) return false;
    const entries = this.#size;
    let at = this.#data;
    for (let i = 0; i < entries; i += 1) {
      const value = this.#open(at);
      if (this.#isText(key)) {
        this.#open(value);
        return true;
      }
      at = this.#skip(value);
    }
    return false;
  }

  #isText(key: string): boolean {
    if (this.#type !== types.text || this.#size !== key.length) return false;
    for (let i = 0; i < key.length; i += 1) if (this.#bytes[this.#data + i] !== key.charCodeAt(i)) return false;
    return true;
  }

  /**
   * Reads the header of the value at `at`, or of the one that a pointer there leads to. For a scalar or a pointer, returns the offset after
   * it.
   */
  #open(at: number): number {
    const behind = this.#header(at);
    if (this.#type !== types.pointer) return behind;
    this.#header(this.#section + this.#data);
    if (this.#type === types.pointer) throw new Error('a pointer leads to another pointer, which a MaxMind DB must not have');
    return behind;
  }

  /** Reads a header; for a pointer, `data` is its target. Returns the offset after the value, for a map or array that after its header. */
  #header(at: number): number {
    const bytes = this.#bytes;
    const control = bytes.readUInt8(at);
    let next = at + 1;
    this.#type = control >>> 5;
    if (this.#type === types.pointer) {
      const length = ((control >>> 3) & 3) + 1;
      const number = bytes.readUIntBE(next, length);
      const high = control & 7;
      this.#data =
        length === 1
          ? high * 0x100 + number
          : length === 2
            ? high * 0x1_0000 + number + 2048
            : length === 3
              ? high * 0x100_0000 + number + 526_336
              : number;
      return next + length;
    }
    if (this.#type === types.extended) {
      this.#type = 7 + bytes.readUInt8(next);
      next += 1;
    }
    let size = control & 31;
    if (size >= 29) {
      const length = size - 28;
      size = [29, 285, 65_821][length - 1]! + bytes.readUIntBE(next, length);
      next += length;
    }
    this.#size = size;
    this.#data = next;
    return this.#type === types.map || this.#type === types.array || this.#type === types.boolean ? next : next + size;
  }

  /** The offset after the value at `at`. */
  #skip(at: number): number {
    let behind = this.#header(at);
    if (this.#type !== types.map && this.#type !== types.array) return behind;
    const values = this.#type === types.map ? 2 * this.#size : this.#size;
    for (let i = 0; i < values; i += 1) behind = this.#skip(behind);
    return behind;
  }
}
