import { compareIpv6, type AddressWords } from './address.ts';
import type { Combinations } from './combinations.ts';
import type { RangeTable } from './range-table.ts';

/**
 * Range tables of one family laid over each other: one search answers for all of them. A segment, from its start to the next one's,
 * holds the number of the combination of values that the layers have there. IPv4 segments cost 8 bytes, IPv6 segments 20.
 */
export class LayeredTable {
  readonly #stride: 1 | 4;
  /** One column per word of the address, most significant first. */
  readonly #starts: readonly Uint32Array[];
  readonly #numbers: Uint32Array;
  /** By the first 16 bits of the address: number of the segment that holds the first address of that prefix. */
  readonly #ofPrefix: Uint32Array;

  /** Lays the tables (all of one family, one per place of the combination) over each other. */
  constructor(layers: readonly RangeTable[], combinations: Combinations) {
    this.#stride = layers[0]!.columns.stride;
    const { starts, numbers, length } = overlay(layers, combinations);
    this.#starts = Array.from({ length: this.#stride }, (_, word) => {
      const column = new Uint32Array(length);
      for (let i = 0; i < length; i += 1) column[i] = starts[i * this.#stride + word]!;
      return column;
    });
    this.#numbers = numbers.slice(0, length);
    this.#ofPrefix = indexPrefixes(this.#starts);
  }

  get length(): number {
    return this.#numbers.length;
  }

  get byteLength(): number {
    return this.#starts.reduce((sum, column) => sum + column.byteLength, this.#numbers.byteLength + this.#ofPrefix.byteLength);
  }

  /** Number of the combination at an IPv4 address. */
  findIpv4(address: number): number {
    const starts = this.#starts[0]!;
    const prefix = address >>> 16;
    let low = this.#ofPrefix[prefix]!;
    let high = this.#ofPrefix[prefix + 1]!;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= address) low = middle;
      else high = middle - 1;
    }
    return this.#numbers[low]!;
  }

  /** Number of the combination at an IPv6 address. */
  findIpv6(address: AddressWords): number {
    const [starts0, starts1, starts2, starts3] = this.#starts as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
    const word0 = address[0]!;
    const word1 = address[1]!;
    let low = this.#ofPrefix[word0 >>> 16]!;
    let high = this.#ofPrefix[(word0 >>> 16) + 1]!;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      let difference = starts0[middle]! - word0;
      if (difference === 0) difference = starts1[middle]! - word1;
      if (difference === 0) difference = starts2[middle]! - address[2]!;
      if (difference === 0) difference = starts3[middle]! - address[3]!;
      if (difference <= 0) low = middle;
      else high = middle - 1;
    }
    return this.#numbers[low]!;
  }
}

/** One sweep over all layers, from the first address to the last. */
function overlay(layers: readonly RangeTable[], combinations: Combinations): { starts: Uint32Array; numbers: Uint32Array; length: number } {
  const columns = layers.map((layer) => layer.columns);
  const stride = columns[0]!.stride;
  const compare = stride === 1 ? compareIpv4 : compareIpv6;
  // Every range begins at most one segment and ends at most one; the first address begins one more.
  const most = 1 + 2 * layers.reduce((sum, layer) => sum + layer.length, 0);
  const starts = new Uint32Array(most * stride);
  const numbers = new Uint32Array(most);
  const cursors = new Uint32Array(layers.length);
  const tuple = new Uint32Array(layers.length);
  const at = new Uint32Array(4);
  const next = new Uint32Array(4);
  const behind = new Uint32Array(4);
  let length = 0;
  for (let more = true; more;) {
    more = false;
    for (let i = 0; i < layers.length; i += 1) {
      const { starts: from, ends, values } = columns[i]!;
      let cursor = cursors[i]!;
      while (cursor < values.length && compare(ends, cursor * stride, at, 0) < 0) cursor += 1;
      cursors[i] = cursor;
      tuple[i] = 0;
      if (cursor === values.length) continue;
      if (compare(from, cursor * stride, at, 0) > 0) {
        copy(from, cursor * stride, behind, stride);
      } else {
        tuple[i] = values[cursor]!;
        copy(ends, cursor * stride, behind, stride);
        if (!increment(behind, stride)) continue; // The range reaches to the last address there is.
      }
      if (!more || compare(behind, 0, next, 0) < 0) next.set(behind);
      more = true;
    }
    const number = combinations.number(tuple);
    if (length === 0 || numbers[length - 1] !== number) {
      starts.set(at.subarray(0, stride), length * stride);
      numbers[length] = number;
      length += 1;
    }
    at.set(next);
  }
  return { starts, numbers, length };
}

function compareIpv4(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  return a[aAt]! - b[bAt]!;
}

function copy(from: Uint32Array, at: number, to: Uint32Array, stride: number): void {
  for (let i = 0; i < stride; i += 1) to[i] = from[at + i]!;
}

/** Adds one; false when the address was the last one. */
function increment(address: Uint32Array, stride: number): boolean {
  for (let i = stride - 1; i >= 0; i -= 1) {
    address[i]! += 1;
    if (address[i] !== 0) return true;
  }
  return false;
}

/** The last entry stands for the end of the address space. */
function indexPrefixes(starts: readonly Uint32Array[]): Uint32Array {
  const index = new Uint32Array(0x10001);
  const length = starts[0]!.length;
  let segment = 0;
  for (let prefix = 0; prefix < 0x10000; prefix += 1) {
    while (segment + 1 < length && !isBehind(starts, segment + 1, prefix * 0x10000)) segment += 1;
    index[prefix] = segment;
  }
  index[0x10000] = length - 1;
  return index;
}

/** Whether a segment begins behind the address with this first word and zeros. */
function isBehind(starts: readonly Uint32Array[], segment: number, word: number): boolean {
  if (starts[0]![segment] !== word) return starts[0]![segment]! > word;
  return starts.some((column, i) => i > 0 && column[segment] !== 0);
}
