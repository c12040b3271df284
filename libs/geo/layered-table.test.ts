import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from './address.ts';
import { Cidr } from './cidr.ts';
import { Combinations } from './combinations.ts';
import { LayeredTable } from './layered-table.ts';
import { prefixTable, type PrefixEntry } from './prefix-table.ts';

const blocks4 = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([word, length]) => `${formatAddress(4, Uint32Array.of(word))}/${length}`);
const blocks6 = fc
  .tuple(fc.array(fc.constantFrom(0, 1, 0x8000_0000, 0xffffffff), { minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 128 }))
  .map(([words, length]) => `${formatAddress(6, Uint32Array.from(words))}/${length}`);

for (const [family, block] of [[4, blocks4], [6, blocks6]] as const) {
  const entries = fc.array(block, { maxLength: 12 }).map((texts) => texts.map((text, i): PrefixEntry => ({ cidr: Cidr.parse(text)!, value: i + 1 })));

  test(`IPv${family}: layers of nested prefixes answer as the longest prefix of each layer does`, () => {
    fc.assert(fc.property(fc.array(entries, { minLength: 1, maxLength: 3 }), fc.array(block, { maxLength: 10 }), (layers, probes) => {
      const combinations = new Combinations(layers.length);
      const table = new LayeredTable(family, layers.map((layer) => prefixTable(family, layer)), combinations);
      const most = family === 4 ? 0xffffffffn : (1n << 128n) - 1n;
      const edges = layers.flat().flatMap(({ cidr }) => [cidr.first, cidr.last, cidr.last + 1n, cidr.first - 1n]);
      for (const address of [0n, most, ...edges, ...probes.map((text) => Cidr.parse(text)!.first)]) {
        if (address < 0n || address > most) continue;
        const words = Uint32Array.from(family === 4 ? [Number(address)] : [96n, 64n, 32n, 0n].map((bits) => Number((address >> bits) & 0xffffffffn)));
        const number = family === 4 ? table.findIpv4(words[0]!) : table.findIpv6(words);
        for (const [i, layer] of layers.entries()) {
          const holding = layer.filter(({ cidr }) => address >= cidr.first && address <= cidr.last);
          const longest = holding.toSorted((a, b) => b.cidr.length - a.cidr.length || a.value - b.value)[0]?.value ?? 0;
          assert.equal(combinations.value(number, i), longest, address.toString(16));
        }
      }
    }), { numRuns: 500 });
  });
}

test('a combination keeps its number, however many there are', () => {
  const combinations = new Combinations(2);
  const numbers = Array.from({ length: 50_000 }, (_, i) => combinations.number(Uint32Array.of(i % 300, Math.floor(i / 300))));
  assert.deepEqual(numbers, Array.from(numbers, (_, i) => i));
  assert.equal(combinations.number(Uint32Array.of(7, 100)), 30_007);
  assert.deepEqual([combinations.value(30_007, 0), combinations.value(30_007, 1)], [7, 100]);
});
