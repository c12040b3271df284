import { compareIpv6, type AddressFamily, type AddressWords } from './address.ts';
import type { Combinations } from './combinations.ts';
import { lastOfPrefix } from './mmdb-table.ts';
import type { Cut } from './range-table.ts';

/** A table of one family: address ranges, each with a 32-bit value. */
export interface Layer {
  /**
   * The ranges that touch the block that begins at `first` and is fixed by its first `bits` bits, ascending and disjoint; later ranges may
   * follow. Valid until the next call.
   */
  cut(first: AddressWords, bits: number): Cut;
}

/**
 * Tables of one family merged into one, so that a single search answers for all of them. A segment, from its start to that of the next,
 * holds the number of the combination of values that the layers have there.
 *
 * Layers are merged block by block (/16 for IPv4, /24 for IPv6), each when an address in it is first looked up: a process needs few of
 * them, and merging all networks of the Internet at once would take seconds. A segment costs 8 bytes, for IPv6 20.
 */
export class LayeredTable {
  readonly #layers: readonly Layer[];
  readonly #combinations: Combinations;
  readonly #bits: number;
  readonly #stride: 1 | 4;
  /**
   * By block, the index of the entry that holds the number of its segments, which follow it; 0: not merged yet. Pages that stay zero cost
   * no memory.
   */
  readonly #blocks: Uint32Array;
  /** One column per word of the address, most significant first. */
  #starts: Uint32Array[];
  #numbers = new Uint32Array(1 << 10);
  #length = 1;

  /** @param layers one per position in a combination */
  constructor(family: AddressFamily, layers: readonly Layer[], combinations: Combinations) {
    this.#layers = layers;
    this.#combinations = combinations;
    this.#bits = family === 4 ? 16 : 24;
    this.#stride = family === 4 ? 1 : 4;
    this.#blocks = new Uint32Array(2 ** this.#bits);
    this.#starts = Array.from({ length: this.#stride }, () => new Uint32Array(this.#numbers.length));
  }

  /** Bytes of the segments so far. */
  get byteLength(): number {
    return this.#length * 4 * (this.#stride + 1);
  }

  /** Number of the combination at an IPv4 address. */
  findIpv4(address: number): number {
    const entry = this.#blocks[address >>> 16]! || this.#lay(address >>> 16);
    const starts = this.#starts[0]!;
    let low = entry + 1;
    let high = entry + this.#numbers[entry]!;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= address) low = middle;
      else high = middle - 1;
    }
    return this.#numbers[low]!;
  }

  /** Number of the combination at an IPv6 address. */
  findIpv6(address: AddressWords): number {
    const word0 = address[0]!;
    const word1 = address[1]!;
    const entry = this.#blocks[word0 >>> 8]! || this.#lay(word0 >>> 8);
    const [starts0, starts1, starts2, starts3] = this.#starts as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
    let low = entry + 1;
    let high = entry + this.#numbers[entry]!;
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

  /** Merges the layers in one sweep from the first address of the block to its last. */
  #lay(block: number): number {
    const stride = this.#stride;
    const compare = stride === 1 ? compareIpv4 : compareIpv6;
    const at = Uint32Array.of((block << (32 - this.#bits)) >>> 0, 0, 0, 0);
    const last = new Uint32Array(4);
    lastOfPrefix(at, this.#bits, last);
    const cuts = this.#layers.map((layer) => layer.cut(at, this.#bits));
    const cursors = Uint32Array.from(cuts, ({ from }) => from);
    const tuple = new Uint32Array(cuts.length);
    const next = new Uint32Array(4);
    const behind = new Uint32Array(4);
    const entry = this.#append(at, 0);
    for (let more = true; more;) {
      more = false;
      for (let i = 0; i < cuts.length; i += 1) {
        const { starts, ends, values, to } = cuts[i]!;
        let cursor = cursors[i]!;
        while (cursor < to && compare(ends, cursor * stride, at, 0) < 0) cursor += 1;
        cursors[i] = cursor;
        tuple[i] = 0;
        if (cursor === to) continue;
        if (compare(starts, cursor * stride, at, 0) > 0) {
          copy(starts, cursor * stride, behind, stride);
        } else {
          tuple[i] = values[cursor]!;
          copy(ends, cursor * stride, behind, stride);
          if (!increment(behind, stride)) continue; // The range reaches to the last address there is.
        }
        if (!more || compare(behind, 0, next, 0) < 0) next.set(behind);
        more = true;
      }
      const number = this.#combinations.number(tuple);
      if (this.#length === entry + 1 || this.#numbers[this.#length - 1] !== number) this.#append(at, number);
      at.set(next);
      if (compare(at, 0, last, 0) > 0) break;
    }
    this.#numbers[entry] = this.#length - 1 - entry;
    this.#blocks[block] = entry;
    return entry;
  }

  #append(start: AddressWords, number: number): number {
    if (this.#length === this.#numbers.length) {
      this.#numbers = doubled(this.#numbers);
      this.#starts = this.#starts.map(doubled);
    }
    for (let word = 0; word < this.#stride; word += 1) this.#starts[word]![this.#length] = start[word]!;
    this.#numbers[this.#length] = number;
    this.#length += 1;
    return this.#length - 1;
  }
}

function compareIpv4(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  return a[aAt]! - b[bAt]!;
}

function copy(from: Uint32Array, at: number, to: Uint32Array, stride: number): void {
  for (let i = 0; i < stride; i += 1) to[i] = from[at + i]!;
}

/** Adds one to the address; false when it was the last one. */
function increment(address: Uint32Array, stride: number): boolean {
  for (let i = stride - 1; i >= 0; i -= 1) {
    address[i]! += 1;
    if (address[i] !== 0) return true;
  }
  return false;
}

function doubled(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
