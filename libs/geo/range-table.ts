import { compareIpv6, type AddressFamily, type AddressWords } from './address.ts';

const initialRanges = 1 << 16;

/** A run of a table's ranges, `stride` words per bound; valid as long as the table is not changed. */
export interface Cut {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly values: Uint32Array;
  /** Indexes of the first range, and of the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** A table's columns, in the form that is passed between threads. */
export interface RangeColumns {
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly values: Uint32Array<ArrayBuffer>;
}

/**
 * Disjoint address ranges in ascending order, each with a 32-bit value: flat columns, binary search, no object per range.
 * Filled once by {@link append}, then read. An IPv4 range costs 12 bytes, an IPv6 range 36.
 */
export class RangeTable {
  readonly #stride: 1 | 4;
  #starts: Uint32Array<ArrayBuffer>;
  #ends: Uint32Array<ArrayBuffer>;
  #values: Uint32Array<ArrayBuffer>;
  #length = 0;
  #overlaps = 0;
  /** Where the last range given to {@link append} began, before any overlap was cut off. */
  readonly #lastStart = new Uint32Array(4);
  readonly #behind = new Uint32Array(4);

  /** An empty table with room for `ranges` ranges, which grows. */
  constructor(family: AddressFamily, ranges = initialRanges) {
    this.#stride = family === 4 ? 1 : 4;
    this.#starts = new Uint32Array(ranges * this.#stride);
    this.#ends = new Uint32Array(ranges * this.#stride);
    this.#values = new Uint32Array(ranges);
  }

  /** The sealed table whose {@link columns} these are. */
  static of(family: AddressFamily, { starts, ends, values }: RangeColumns): RangeTable {
    const table = new RangeTable(family, 0);
    table.#starts = starts;
    table.#ends = ends;
    table.#values = values;
    table.#length = values.length;
    return table;
  }

  get length(): number {
    return this.#length;
  }

  /** Flat columns of the ranges of a sealed table: one word per bound, or four. */
  get columns(): RangeColumns {
    return { starts: this.#starts, ends: this.#ends, values: this.#values };
  }

  /** How many ranges began inside the previous one. Published tables have a few. */
  get overlaps(): number {
    return this.#overlaps;
  }

  /**
   * Appends an inclusive range. Value 0 means "no value". A range that continues the last one with the same value is merged with it. Where
   * it overlaps the last one, the last one keeps the addresses (counted in {@link overlaps}). Returns false, and adds nothing, when the
   * range is empty or begins before the last one.
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

  /** Empties the table, and keeps its capacity. */
  clear(): void {
    this.#length = 0;
    this.#lastStart.fill(0);
  }

  /** Releases spare capacity. */
  seal(): this {
    this.#starts = this.#starts.slice(0, this.#length * this.#stride);
    this.#ends = this.#ends.slice(0, this.#length * this.#stride);
    this.#values = this.#values.slice(0, this.#length);
    return this;
  }

  /** The ranges that end at `address` or after it. */
  cut(address: AddressWords): Cut {
    return { starts: this.#starts, ends: this.#ends, values: this.#values, from: this.#firstEndingFrom(address), to: this.#length };
  }

  /** Value of the range that holds the address, or 0. */
  find(address: AddressWords): number {
    const range = this.#firstEndingFrom(address);
    return range < this.#length && this.#compare(this.#starts, range * this.#stride, address, 0) <= 0 ? this.#values[range]! : 0;
  }

  #firstEndingFrom(address: AddressWords): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#ends, middle * this.#stride, address, 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
    return this.#stride === 1 ? a[aAt]! - b[bAt]! : compareIpv6(a, aAt, b, bAt);
  }

  /** Whether `start` is the address right after the range that ends at `last`. */
  #adjoins(start: AddressWords, last: number): boolean {
    for (let i = 0; i < this.#stride; i += 1) this.#behind[i] = this.#ends[last + i]!;
    this.#increment(this.#behind, 0);
    return this.#compare(start, 0, this.#behind, 0) === 0;
  }

  /** Adds one to the address at `at`, which is not the greatest, since another range begins after it. */
  #increment(column: Uint32Array, at: number): void {
    for (let i = at + this.#stride - 1; i >= at; i -= 1) {
      column[i]! += 1;
      if (column[i] !== 0) return;
    }
  }

  #grow(): void {
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
    this.#values = doubled(this.#values);
  }
}

function doubled(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
