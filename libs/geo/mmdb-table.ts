import { Reader } from 'mmdb-lib';
import type { AddressFamily, AddressWords } from './address.ts';
import { MmdbRecord } from './mmdb-record.ts';
import { RangeTable, type Cut } from './range-table.ts';

/** The data section begins after the search tree and so many zero bytes. */
const separator = 16;

/**
 * A MaxMind DB (https://maxmind.github.io/MaxMind-DB/), whose search tree is walked one block of addresses at a time, when the block is
 * first needed: opening one costs nothing, however many millions of networks it holds.
 */
export class MmdbTable {
  readonly built: Date;
  readonly #bytes: Buffer;
  readonly #nodes: number;
  readonly #nodeBytes: number;
  readonly #recordBits: number;
  readonly #ipVersion: number;
  readonly #dataAt: number;
  readonly #record: MmdbRecord;
  /** The node where IPv4 begins: the root, or the node of ::/96. */
  readonly #ipv4Root: number;
  /** The same node, if IPv6 look-ups must not descend into it; otherwise -1. */
  readonly #ipv4Alias: number;

  /** @throws Error when `file` is not a MaxMind DB, or has an unknown record size. */
  constructor(file: Uint8Array) {
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    const { nodeCount, nodeByteSize, recordSize, ipVersion, buildEpoch, searchTreeSize } = new Reader(bytes).metadata;
    if (recordSize !== 24 && recordSize !== 28 && recordSize !== 32)
      throw new Error(`the records of the search tree have ${recordSize} bits, and only 24, 28 and 32 are known`);
    this.#dataAt = searchTreeSize + separator;
    if (bytes.length < this.#dataAt || bytes.subarray(searchTreeSize, this.#dataAt).some((byte) => byte !== 0))
      throw new Error('the search tree does not end where the metadata says');
    this.built = buildEpoch;
    this.#bytes = bytes;
    this.#nodes = nodeCount;
    this.#nodeBytes = nodeByteSize;
    this.#recordBits = recordSize;
    this.#ipVersion = ipVersion;
    this.#record = new MmdbRecord(bytes, this.#dataAt);
    let root = 0;
    if (ipVersion === 6) for (let depth = 0; depth < 96 && root < nodeCount; depth += 1) root = this.#child(root, 0);
    this.#ipv4Root = root;
    this.#ipv4Alias = ipVersion === 6 && root < nodeCount ? root : -1;
  }

  holds(family: AddressFamily): boolean {
    return family === 4 || this.#ipVersion === 6;
  }

  /** Pointer to the record of an address, for {@link record}; undefined when the table has none. */
  find(family: AddressFamily, address: AddressWords): number | undefined {
    const pointer = this.#descend(family, address, family === 4 ? 32 : 128);
    return pointer <= this.#nodes ? undefined : pointer;
  }

  /**
   * Appends the networks in the block that begins at `first` and is fixed by its first `bits` bits (or the block, if one network holds it),
   * each with the value of its record; 0 leaves it out. IPv4 is stored under ::/96 and is read on its own; some builders alias it elsewhere
   * (2002::/16, ::ffff:0:0/96).
   */
  collect(family: AddressFamily, first: AddressWords, bits: number, valueOf: (pointer: number) => number, into: RangeTable): void {
    const path = first.slice(0, 4);
    const last = new Uint32Array(4);
    const most = family === 4 ? 32 : 128;
    const walk = (pointer: number, depth: number): void => {
      if (pointer === this.#nodes || (family === 6 && pointer === this.#ipv4Alias)) return;
      if (pointer > this.#nodes) {
        const value = valueOf(pointer);
        if (value === 0) return;
        lastOfPrefix(path, depth, last);
        into.append(path, last, value);
        return;
      }
      if (depth === most) throw new Error('the search tree is deeper than an address has bits');
      walk(this.#child(pointer, 0), depth + 1);
      const bit = (0x80000000 >>> (depth & 31)) >>> 0;
      path[depth >>> 5]! += bit;
      walk(this.#child(pointer, 1), depth + 1);
      path[depth >>> 5]! -= bit;
    };
    walk(this.#descend(family, first, bits), bits);
  }

  /** Node or record reached after the first `bits` bits, or earlier where the tree ends. */
  #descend(family: AddressFamily, address: AddressWords, bits: number): number {
    let pointer = family === 4 ? this.#ipv4Root : 0;
    for (let depth = 0; depth < bits && pointer < this.#nodes; depth += 1) {
      if (family === 6 && pointer === this.#ipv4Alias) return this.#nodes;
      pointer = this.#child(pointer, (address[depth >>> 5]! >>> (31 - (depth & 31))) & 1);
    }
    return pointer;
  }

  #child(node: number, side: number): number {
    const bytes = this.#bytes;
    const at = node * this.#nodeBytes;
    if (this.#recordBits === 24) return bytes[at + 3 * side]! << 16 | bytes[at + 3 * side + 1]! << 8 | bytes[at + 3 * side + 2]!;
    if (this.#recordBits === 32) return bytes.readUInt32BE(at + 4 * side);
    return side === 0
      ? (bytes[at + 3]! & 0xf0) << 20 | bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!
      : (bytes[at + 3]! & 0x0f) << 24 | bytes[at + 4]! << 16 | bytes[at + 5]! << 8 | bytes[at + 6]!;
  }

  /** The record that a pointer of the search tree leads to, valid until the next call. Throws when it is damaged. */
  record(pointer: number): MmdbRecord {
    return this.#record.moveTo(pointer - this.#nodes - separator + this.#dataAt);
  }
}

/** At most so many values of records are cached per layer: a few hundred thousand records serve millions of networks, and neighbours share them. */
const rememberedValues = 1 << 16;

/** One family of a MaxMind DB, as a layer of a layered table. */
export class MmdbLayer {
  readonly #table: MmdbTable;
  readonly #family: AddressFamily;
  readonly #valueOf: (record: MmdbRecord) => number;
  readonly #scratch: RangeTable;
  readonly #values = new Map<number, number>();
  /** How many blocks of addresses have no answer from the file because it is damaged there. */
  faults = 0;

  constructor(table: MmdbTable, family: AddressFamily, valueOf: (record: MmdbRecord) => number) {
    this.#table = table;
    this.#family = family;
    this.#valueOf = valueOf;
    this.#scratch = new RangeTable(family, 64);
  }

  /** Valid until the next call. Where the file is damaged it has no answer, so that records can still be judged. */
  cut(first: AddressWords, bits: number): Cut {
    this.#scratch.clear();
    try {
      this.#table.collect(this.#family, first, bits, this.#valueAt, this.#scratch);
    } catch {
      this.faults += 1;
      this.#scratch.clear();
    }
    return this.#scratch.cut(first);
  }

  readonly #valueAt = (pointer: number): number => {
    let value = this.#values.get(pointer);
    if (value === undefined) {
      if (this.#values.size === rememberedValues) this.#values.clear();
      this.#values.set(pointer, value = this.#valueOf(this.#table.record(pointer)));
    }
    return value;
  };
}

/** Last address of the prefix of `length` bits that begins at `first`. */
export function lastOfPrefix(first: Uint32Array, length: number, last: Uint32Array): void {
  for (let i = 0; i < 4; i += 1) {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    last[i] = (first[i]! | (bits === 32 ? 0 : 0xffffffff >>> bits)) >>> 0;
  }
}
