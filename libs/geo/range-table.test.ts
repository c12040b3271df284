import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRangeTable } from './csv-table.ts';
import { LocatedError } from './located-yaml.ts';
import { RangeTable } from './range-table.ts';

const word = (value: number): Uint32Array => Uint32Array.of(value, 0, 0, 0);

test('a range table finds what a linear search finds', () => {
  const bounds = fc.uniqueArray(
    fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.integer({ min: 0, max: 0xffffffff })), { minLength: 2, maxLength: 60 },
  );
  fc.assert(fc.property(bounds, fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 30 }), (points, probes) => {
    const sorted = points.toSorted((a, b) => a - b);
    const ranges: [number, number, number][] = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) ranges.push([sorted[i]!, sorted[i + 1]!, i + 1]);
    const table = new RangeTable(4);
    for (const [start, end, value] of ranges) assert.ok(table.append(word(start), word(end), value));
    table.seal();
    for (const probe of [...probes, ...sorted, ...sorted.map((point) => Math.min(0xffffffff, point + 1))]) {
      const expected = ranges.find(([start, end]) => probe >= start && probe <= end)?.[2] ?? 0;
      assert.equal(table.find(word(probe)), expected, String(probe));
    }
  }));
});

test('a range table refuses ranges that are empty or out of order', () => {
  const table = new RangeTable(4);
  assert.ok(table.append(word(10), word(20), 1));
  assert.ok(!table.append(word(9), word(30), 2));
  assert.ok(!table.append(word(40), word(30), 2));
  assert.equal(table.length, 1);
});

test('ranges that continue each other with the same value become one', () => {
  const table = new RangeTable(6);
  const range = (start: number[], end: number[], value: number): boolean => table.append(Uint32Array.from(start), Uint32Array.from(end), value);
  range([1, 0, 0, 0], [1, 0, 0xffffffff, 0xffffffff], 1);
  range([1, 1, 0, 0], [1, 1, 0, 9], 1);
  range([1, 1, 0, 10], [1, 1, 0, 19], 2);
  range([1, 1, 0, 21], [1, 1, 0, 30], 2);
  table.seal();
  assert.equal(table.length, 3);
  assert.deepEqual([9, 10, 20, 21].map((last) => table.find(Uint32Array.of(1, 1, 0, last))), [1, 2, 0, 2]);
});

test('where ranges overlap the first one keeps its addresses, and it is counted', () => {
  const table = new RangeTable(4);
  table.append(word(10), word(20), 1);
  table.append(word(15), word(30), 2);
  assert.ok(table.append(word(16), word(25), 3));
  table.seal();
  assert.deepEqual([20, 21, 30, 31].map((address) => table.find(word(address))), [1, 2, 2, 0]);
  assert.deepEqual([table.length, table.overlaps], [2, 2]);

  const ipv6 = new RangeTable(6);
  ipv6.append(Uint32Array.of(1, 0, 0, 0), Uint32Array.of(1, 0, 0xffffffff, 0xffffffff), 1);
  ipv6.append(Uint32Array.of(1, 0, 0, 5), Uint32Array.of(1, 2, 0, 0), 2);
  ipv6.seal();
  assert.deepEqual([ipv6.find(Uint32Array.of(1, 0, 0xffffffff, 0xffffffff)), ipv6.find(Uint32Array.of(1, 1, 0, 0))], [1, 2]);
});

test('a CSV table: IPv6 bounds are read exactly, to the last bit', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (address) => {
    const table = readRangeTable(6, Buffer.from(`${address},${address},XX\n`), 'x.csv', () => 7);
    const words = Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((address >> shift) & 0xffffffffn));
    assert.equal(table.find(words), 7);
    words[3] = words[3]! ^ 1;
    assert.equal(table.find(words), 0);
  }));
});

test('a CSV table: a bad line is named', () => {
  for (const text of ['1,2,A\n3,x,B\n', '2,3,A\n1,3,B\n', '1,2,A\n3\n', `1,2,A\n3,${2 ** 32},B\n`]) {
    assert.throws(() => readRangeTable(4, Buffer.from(text), 't.csv', () => 1),
      (error) => error instanceof LocatedError && error.problems[0]!.line === 2 && error.message.startsWith('t.csv:2:1: error'));
  }
});
