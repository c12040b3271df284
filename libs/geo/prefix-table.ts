import type { AddressFamily } from './address.ts';
import type { Cidr } from './cidr.ts';
import { RangeTable } from './range-table.ts';

export interface PrefixEntry {
  cidr: Cidr;
  /** From 1; 0 is "no value". */
  value: number;
}

/** A range table from prefixes that may nest, given in any order: the longest one that holds an address decides; of equal ones the first. */
export function prefixTable(family: AddressFamily, entries: readonly PrefixEntry[]): RangeTable {
  const sorted = entries.filter(({ cidr }) => cidr.family === family)
    .map(({ cidr, value }) => ({ first: cidr.first, last: cidr.last, value }))
    .toSorted((a, b) => (a.first === b.first ? order(b.last, a.last) : order(a.first, b.first)))
    .filter((entry, i, all) => i === 0 || entry.first !== all[i - 1]!.first || entry.last !== all[i - 1]!.last);
  const table = new RangeTable(family);
  const open: typeof sorted = [];
  let next = 0n; // First address not yet written.
  const write = (last: bigint): void => {
    if (next <= last) table.append(words(family, next), words(family, last), open.at(-1)!.value);
    next = last + 1n;
  };
  const closeBefore = (address: bigint): void => {
    while (open.length > 0 && open.at(-1)!.last < address) {
      write(open.at(-1)!.last);
      open.pop();
    }
  };
  for (const entry of sorted) {
    closeBefore(entry.first);
    if (open.length > 0 && next < entry.first) write(entry.first - 1n);
    next = entry.first;
    open.push(entry);
  }
  closeBefore(1n << 128n);
  return table.seal();
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function words(family: AddressFamily, address: bigint): Uint32Array {
  if (family === 4) return Uint32Array.of(Number(address), 0, 0, 0);
  return Uint32Array.from([96n, 64n, 32n, 0n], (bits) => Number((address >> bits) & 0xffffffffn));
}
