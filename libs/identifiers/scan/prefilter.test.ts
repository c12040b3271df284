import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { any, caseless, digits, hexDigits, literal, lowerCase, sequence, type Anchor } from './anchor.ts';
import { capacity } from './engine.ts';
import { Prefilter } from './prefilter.ts';

/** Some of each type, more than fit into one word of the exact tables, and one shared by two patterns. */
const anchors: Anchor[][] = [
  [caseless('imei')], [literal('eyJ'), literal('APA')], [sequence('@', any, any)], [sequence('%', hexDigits, hexDigits)],
  [{ run: 'digits', least: 17 }], [{ run: 'hex', least: 40 }], [{ run: 'uuid' }], [{ run: 'mac' }], [sequence('sr', 'k', '_'), caseless('imei')],
  ...Array.from({ length: 40 }, (_, i) => [sequence(lowerCase[i % 26]!, lowerCase[(7 * i) % 26]!, digits[i % 10]!)]),
];
const prefilters = [new Prefilter(anchors), new Prefilter(anchors, false)];

/** Positions found by one regular expression per anchor. */
function expected(text: string): string[] {
  const found = new Set<string>();
  for (const [pattern, own] of anchors.entries()) {
    for (const anchor of own) for (const match of text.matchAll(expression(anchor))) found.add(`${match.index} ${pattern}`);
  }
  return [...found].toSorted();
}

function expression(anchor: Anchor): RegExp {
  if ('run' in anchor) {
    switch (anchor.run) {
      case 'digits': return /(?<![0-9])(?=[0-9]{17})/g;
      case 'hex': return /(?<![0-9A-Fa-f])(?=[0-9A-Fa-f]{40})/g;
      case 'uuid': return /(?=[0-9A-Fa-f:-]{8}-(?!-)[0-9A-Fa-f:-]{4}-[0-9A-Fa-f:-]{4}-[0-9A-Fa-f:-]{4}-)/g;
      case 'mac': return /(?=[0-9A-Fa-f:-]{2}([:-])(?!\1)[0-9A-Fa-f:-]{2}(?:\1[0-9A-Fa-f:-]{2}){3}\1)/g;
    }
  }
  const characters = anchor.characters.map((set) => (
    set === any ? '(?:[^]|$)' : `[${[...set].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}]`
  ));
  return new RegExp(`(?=${characters.join('')})`, 'g');
}

function found(prefilter: Prefilter, count: number): string[] {
  const pairs = Array.from({ length: count }, (_, i) => `${prefilter.positions[i]} ${prefilter.patterns[i]}`);
  return [...new Set(pairs)].toSorted();
}

const piece = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 30 }),
  fc.stringMatching(/^[0-9a-fA-F:-]{0,90}$/),
  fc.constantFrom(
    'imei', 'iMeI', 'eyJhbGci', 'APA91b', '@', '%41', 'sk_', '1'.repeat(17), '2'.repeat(16), 'a'.repeat(40), '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e',
    '3c:15:c2:9a:01:fe', '3C-15-C2-9A-01-FE', 'aa0', 'bh1', 'im', 'ei',
  ),
);
const anyText = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));

describe('prefilter', () => {
  test('finds the anchors and nothing else, in text and in bytes', () => {
    fc.assert(fc.property(anyText, (text) => {
      const wanted = expected(text);
      for (const prefilter of prefilters) {
        assert.deepEqual(found(prefilter, prefilter.scanText(text)), wanted);
        assert.deepEqual(found(prefilter, prefilter.scanBytes(Buffer.from(text, 'latin1'))), wanted);
      }
    }), { numRuns: 1000 });
  });

  test('finds them across the ends of pieces', () => {
    fc.assert(fc.property(anyText, fc.integer({ min: -400, max: 10 }), fc.integer({ min: 1, max: 3 }), (text, shift, pieces) => {
      const long = `${'.'.repeat(pieces * (capacity - 192) + shift)}${text}${'.'.repeat(capacity)}`;
      const wanted = expected(long);
      for (const prefilter of prefilters) {
        assert.deepEqual(found(prefilter, prefilter.scanText(long)), wanted);
        assert.deepEqual(found(prefilter, prefilter.scanBytes(Buffer.from(long, 'latin1'))), wanted);
      }
    }), { numRuns: 30 });
  });

  test('finds them where bytes begin at any address', () => {
    const bytes = Buffer.from(`${'.'.repeat(40)}imei 3c:15:c2:9a:01:fe ${'1'.repeat(20)} %41`);
    for (let start = 0; start < 40; start++) {
      for (const prefilter of prefilters) {
        const count = prefilter.scanBytes(bytes.subarray(start));
        assert.deepEqual(found(prefilter, count), expected(bytes.toString('latin1', start)));
      }
    }
  });

  test('misses none beside characters beyond Latin-1', () => {
    fc.assert(fc.property(anyText, fc.string({ unit: 'binary', maxLength: 20 }), anyText, (before, wide, after) => {
      const text = before + wide + after;
      const sequences = expected(text).filter((pair) => !('run' in anchors[Number(pair.split(' ')[1])]![0]!));
      for (const prefilter of prefilters) {
        const all = new Set(found(prefilter, prefilter.scanText(text)));
        for (const pair of sequences) assert.ok(all.has(pair), pair);
      }
    }), { numRuns: 50 });
  });

  test('says in ascending order where a pattern may match', () => {
    const text = `imei ${'x'.repeat(3 * capacity)} imei @ imei ${'1'.repeat(20)} ${'2'.repeat(20)}`;
    const [prefilter] = prefilters;
    const count = prefilter!.scanText(text);
    for (let pattern = 0; pattern < anchors.length; pattern++) {
      const positions = [...prefilter!.positions.subarray(0, count)].filter((_, i) => prefilter!.patterns[i] === pattern);
      assert.deepEqual(positions, positions.toSorted((a, b) => a - b));
    }
  });

  test('finds nothing in nothing', () => {
    for (const prefilter of prefilters) assert.equal(prefilter.scanText('') + prefilter.scanBytes(new Uint8Array()), 0);
  });
});
