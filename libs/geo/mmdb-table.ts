import { Reader } from 'mmdb-lib';
import { formatAddress, type AddressFamily } from './address.ts';
import { RangeTable } from './range-table.ts';

export interface MmdbTables {
  ipv4: RangeTable;
  ipv6: RangeTable;
  built: Date;
}

/**
 * Flattens a MaxMind DB (https://maxmind.github.io/MaxMind-DB/) into sorted ranges.
 * `valueOf` turns a data record into a range's value (0: leave out); it is asked once per distinct record.
 *
 * @throws Error when `bytes` is no MaxMind DB, or has an unknown record size.
 */
export function readMmdb(bytes: Buffer, valueOf: (data: unknown) => number): MmdbTables {
  const reader = new Reader(bytes);
  const { nodeCount, nodeByteSize, recordSize, ipVersion, buildEpoch } = reader.metadata;
  const values = new Map<number, number>();
  const path = new Uint32Array(4);
  const last = new Uint32Array(4);
  const tables = { ipv4: new RangeTable(4), ipv6: new RangeTable(6), built: buildEpoch };

  const record = (node: number, side: 0 | 1): number => {
    const at = node * nodeByteSize;
    if (recordSize === 24) return bytes.readUIntBE(at + 3 * side, 3);
    if (recordSize === 32) return bytes.readUInt32BE(at + 4 * side);
    if (recordSize === 28) {
      const middle = bytes[at + 3]!;
      return side === 0 ? ((middle & 0xf0) << 20) | bytes.readUIntBE(at, 3) : ((middle & 0x0f) << 24) | bytes.readUIntBE(at + 4, 3);
    }
    throw new Error(`MaxMind DB with records of ${recordSize} bits; known are 24, 28 and 32`);
  };

  const walk = (family: AddressFamily, table: RangeTable, pointer: number, depth: number): void => {
    if (pointer === nodeCount) return;
    if (pointer > nodeCount) {
      lastOfPrefix(path, depth, last);
      let value = values.get(pointer);
      if (value === undefined) values.set(pointer, value = valueOf(reader.get(formatAddress(family, path))));
      if (value !== 0) table.append(path, last, value);
      return;
    }
    // IPv4 stands under ::/96 and is read on its own; some builders alias it elsewhere (2002::/16, ::ffff:0:0/96).
    if (family === 6 && pointer === ipv4Root) return;
    if (depth === (family === 4 ? 32 : 128)) throw new Error('MaxMind DB with a search tree deeper than an address');
    walk(family, table, record(pointer, 0), depth + 1);
    const bit = (0x80000000 >>> (depth & 31)) >>> 0;
    path[depth >>> 5]! += bit;
    walk(family, table, record(pointer, 1), depth + 1);
    path[depth >>> 5]! -= bit;
  };

  const ipv4Root = ipVersion === 4 ? 0 : descendLeft(96);
  walk(4, tables.ipv4, ipv4Root, 0);
  if (ipVersion === 6) walk(6, tables.ipv6, 0, 0);
  tables.ipv4.seal();
  tables.ipv6.seal();
  return tables;

  function descendLeft(bits: number): number {
    let pointer = 0;
    for (let depth = 0; depth < bits && pointer < nodeCount; depth += 1) pointer = record(pointer, 0);
    return pointer;
  }
}

/** Last address of the prefix of `length` bits that begins at `first`. */
function lastOfPrefix(first: Uint32Array, length: number, last: Uint32Array): void {
  for (let i = 0; i < 4; i += 1) {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    last[i] = (first[i]! | (bits === 32 ? 0 : 0xffffffff >>> bits)) >>> 0;
  }
}
