import { compareIpv6, type AddressFamily, type AddressWords } from './address.ts';

const initialRanges = 1 << 16;

/**
 * Disjoint address ranges in ascending order, each with a 32-bit value: flat columns, binary search, no object per range.
 * Filled once by {@link append}, then read. An IPv4 range costs 12 bytes, an IPv6 range 36.
 */
export class RangeTable {
  readonly #stride: 1 | 4;
  #starts: Uint32Array;
  #ends: Uint32Array;
  #values: Uint32Array;
  #length = 0;
  #overlaps = 0;
  /** Where the last range given to {@link append} began, before any overlap was cut off. */
  readonly #lastStart = new Uint32Array(4);
  readonly #behind = new Uint32Array(4);
  /** IPv4: number of the first range that ends at or behind the prefix of 16 bits. Cuts the search to that prefix. */
  #firstOfPrefix: Uint32Array | undefined;

  constructor(family: AddressFamily) {
    this.#stride = family === 4 ? 1 : 4;
    this.#starts = new Uint32Array(initialRanges * this.#stride);
    this.#ends = new Uint32Array(initialRanges * this.#stride);
    this.#values = new Uint32Array(initialRanges);
  }

  get length(): number {
    return this.#length;
  }

  /** Flat columns of the ranges, for readers of the whole table: `stride` words per bound. */
  get columns(): { stride: 1 | 4; starts: Uint32Array; ends: Uint32Array; values: Uint32Array } {
    return { stride: this.#stride, starts: this.#starts, ends: this.#ends, values: this.#values };
  }

  /** Ranges that began inside the one before. Published tables have a few. */
  get overlaps(): number {
    return this.#overlaps;
  }

  /**
   * Adds the inclusive range behind all others. Value 0 means "no value".
   * A range that continues the last one with the same value becomes part of it.
   * What overlaps the range before it stays with that one (counted in {@link overlaps}).
   * False, and nothing added, when the range is empty or begins before the last one.
   */
  append(start: AddressWords, end: AddressWords, value: number): boolean {
    if (this.#compare(start, 0, end, 0) > 0 || this.#compare(start, 0, this.#lastStart, 0) < 0) return false;
    this.#lastStart.set(start);
    const at = this.#length * this.#stride;
    const last = at - this.#stride;
    const overlaps = this.#length > 0 && this.#compare(start, 0, this.#ends, last) <= 0;
    if (overlaps) {
      this.#overlaps += 1;
      if (this.#compare(end, 0, this.#ends, last) <= 0) return true;
    }
    if (this.#length > 0 && value === this.#values[this.#length - 1] && (overlaps || this.#adjoins(start, last))) {
      for (let i = 0; i < this.#stride; i += 1) this.#ends[last + i] = end[i]!;
      return true;
    }
    if (this.#length === this.#values.length) this.#grow();
    for (let i = 0; i < this.#stride; i += 1) {
      this.#starts[at + i] = overlaps ? this.#ends[last + i]! : start[i]!;
      this.#ends[at + i] = end[i]!;
    }
    if (overlaps) this.#increment(this.#starts, at);
    this.#values[this.#length] = value;
    this.#length += 1;
    return true;
  }

  /** Gives back spare room and builds the prefix index. */
  seal(): this {
    this.#starts = this.#starts.slice(0, this.#length * this.#stride);
    this.#ends = this.#ends.slice(0, this.#length * this.#stride);
    this.#values = this.#values.slice(0, this.#length);
    if (this.#stride === 1) this.#firstOfPrefix = this.#indexPrefixes();
    return this;
  }

  /** Value of the range that holds the address, or 0. */
  find(address: AddressWords): number {
    let low = 0;
    let high = this.#length - 1;
    if (this.#firstOfPrefix !== undefined) {
      const prefix = address[0]! >>> 16;
      low = this.#firstOfPrefix[prefix]!;
      high = Math.min(high, this.#firstOfPrefix[prefix + 1]!);
    }
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = middle * this.#stride;
      if (this.#compare(address, 0, this.#starts, at) < 0) high = middle - 1;
      else if (this.#compare(address, 0, this.#ends, at) > 0) low = middle + 1;
      else return this.#values[middle]!;
    }
    return 0;
  }

  #compare(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
    return this.#stride === 1 ? a[aAt]! - b[bAt]! : compareIpv6(a, aAt, b, bAt);
  }

  /** Whether `start` is the address behind the range that ends at `last`. */
  #adjoins(start: AddressWords, last: number): boolean {
    for (let i = 0; i < this.#stride; i += 1) this.#behind[i] = this.#ends[last + i]!;
    this.#increment(this.#behind, 0);
    return this.#compare(start, 0, this.#behind, 0) === 0;
  }

  /** Adds one to the address at `at`; it is not the greatest when another range begins behind it. */
  #increment(column: Uint32Array, at: number): void {
    for (let i = at + this.#stride - 1; i >= at; i -= 1) {
      column[i]! += 1;
      if (column[i] !== 0) return;
    }
  }

  #indexPrefixes(): Uint32Array {
    const first = new Uint32Array(0x10001);
    let range = 0;
    for (let prefix = 0; prefix < 0x10000; prefix += 1) {
      while (range < this.#length && this.#ends[range]! < prefix * 0x10000) range += 1;
      first[prefix] = range;
    }
    first[0x10000] = this.#length;
    return first;
  }

  #grow(): void {
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
    this.#values = doubled(this.#values);
  }
}

function doubled(column: Uint32Array): Uint32Array {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
