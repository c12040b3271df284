import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { any, caseless, digits, literal, sequence } from './anchor.ts';
import { sequenceTables, type SequenceTables } from './buckets.ts';
import { capacity, mostResults, mostSequences, runBits, runWord, type LeastRuns, type ScanEngine } from './engine.ts';
import { createKernel } from './kernel.ts';
import { TwinEngine } from './twin.ts';

/** Bytes of all values, with enough of those that the engines search for. */
const interesting = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.stringMatching(/^[0-9a-fA-F:-]{0,90}$/).map((text) => Buffer.from(text, 'latin1')),
  fc.constantFrom(
    'imei',
    'IMEI',
    'uid=',
    '+49',
    '\0',
    '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e',
    '3c:15:c2:9a:01:fe',
    '3C-15-C2-9A-01-FE',
    '1'.repeat(17),
    'a'.repeat(64),
  )
    .map((text) => Buffer.from(text, 'latin1')),
);
const bytesOf = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.array(interesting, { maxLength }).map((parts) => Buffer.concat(parts).subarray(0, capacity));
const anyCharacters = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 4 });
const anySequences = fc.oneof(
  fc.array(
    fc.tuple(anyCharacters, anyCharacters, anyCharacters, anyCharacters).map((sets) => sequence(...sets)),
    { minLength: 1, maxLength: mostSequences },
  ),
  fc.constant([caseless('imei'), caseless('uid'), sequence('+', digits, any), sequence(any, any, '=')]),
);
const noSequences = sequenceTables([]);
const noRuns: LeastRuns = { digits: capacity + 1, hex: capacity + 1 };

/** `position sequence`, or `position` and the name of a run. */
function found(engine: ScanEngine, bytes: Uint8Array): string[] {
  engine.input.fill(0xff).set(bytes);
  const all: string[] = [];
  const pairs = engine.scan(bytes.length);
  for (let i = 0; i < pairs; i++) {
    const [result, bits] = engine.results.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
    const [position, word] = [result >>> 8, result & 0xff];
    if (word === runWord) for (const [name, bit] of Object.entries(runBits)) if (bit === bits) all.push(`${position} ${name}`);
    if (word < runWord) for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) all.push(`${position} ${word * 32 + bit}`);
  }
  assert.ok(all.length >= pairs);
  return all.toSorted();
}

function kernelOf(tables: SequenceTables, least: LeastRuns): ScanEngine {
  const kernel = createKernel(tables, least);
  assert.ok(kernel, 'Node has WebAssembly SIMD');
  return kernel;
}

function enginesOf(tables: SequenceTables, least: LeastRuns): [ScanEngine, ScanEngine] {
  return [kernelOf(tables, least), new TwinEngine(tables, least)];
}

/** Runs found by one regular expression each. */
function runsIn(text: string, { digits: leastDigits, hex: leastHex }: LeastRuns): string[] {
  const positions = (name: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => `${match.index} ${name}`);
  const inRun = '[0-9A-Fa-f:-]';
  return [
    ...positions('digits', new RegExp(`(?<![0-9])(?=[0-9]{${leastDigits}})`, 'g')),
    ...positions('hex', new RegExp(`(?<![0-9A-Fa-f])(?=[0-9A-Fa-f]{${leastHex}})`, 'g')),
    ...positions('uuid', new RegExp(`(?=${inRun}{8}-(?!-)${inRun}{4}-${inRun}{4}-${inRun}{4}-)`, 'g')),
    ...positions('mac', new RegExp(`(?=${inRun}{2}([:-])(?!\\1)${inRun}{2}(?:\\1${inRun}{2}){3}\\1)`, 'g')),
  ].toSorted();
}

describe('scan kernel and its twin', () => {
  test('find the same sequences, and those that stand there', () => {
    fc.assert(fc.property(anySequences, bytesOf(12), (wanted, bytes) => {
      const tables = sequenceTables(wanted);
      const expected: string[] = [];
      for (let at = 0; at < bytes.length; at++) {
        const four = [0, 1, 2, 3].map((i) => String.fromCharCode(bytes[at + i] ?? 0));
        for (const [index, { characters }] of wanted.entries())
          if (characters.every((set, i) => set.includes(four[i]!))) expected.push(`${at} ${index}`);
      }
      for (const engine of enginesOf(tables, noRuns)) {
        assert.deepEqual(found(engine, bytes).filter((each) => !/[a-z]/.test(each)), expected.toSorted());
      }
    }), { numRuns: 500 });
  });

  test('find the same runs, and those that stand there', () => {
    fc.assert(fc.property(bytesOf(12), fc.integer({ min: 15, max: 64 }), fc.integer({ min: 15, max: 64 }), (bytes, leastDigits, leastHex) => {
      const least = { digits: leastDigits, hex: leastHex };
      const expected = runsIn(bytes.toString('latin1'), least);
      for (const engine of enginesOf(noSequences, least)) assert.deepEqual(found(engine, bytes), expected);
    }), { numRuns: 2000 });
  });

  test('see one byte of each value at each place of a block', () => {
    const engines = enginesOf(sequenceTables([sequence('\x80\xff', '\x7f\x00', 'aZ', 'a\x80')]), { digits: 15, hex: 31 });
    for (let byte = 0; byte < 256; byte++) {
      for (let place = 0; place < 3; place++) {
        const bytes = Buffer.alloc(80, '\x80\x7fa', 'latin1');
        for (let at = place; at < bytes.length; at += 7) bytes[at] = byte;
        const [kernel, twin] = engines.map((engine) => found(engine, bytes));
        assert.deepEqual(kernel, twin);
      }
    }
  });

  test('tell what is of a run from what is not', () => {
    const engines = enginesOf(noSequences, { digits: 15, hex: 40 });
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.from(`${'7'.repeat(20)}-${'a'.repeat(20)}`);
      bytes[20] = byte;
      for (const engine of engines) assert.deepEqual(found(engine, bytes), runsIn(bytes.toString('latin1'), { digits: 15, hex: 40 }));
    }
  });

  test('hold the worst case of a full buffer', () => {
    const everything = sequenceTables(Array.from({ length: mostSequences }, () => sequence(any, any, any)));
    for (const engine of enginesOf(everything, { digits: 15, hex: 15 })) {
      engine.input.fill('x');
      assert.equal(engine.scan(capacity), capacity * mostSequences / 32);
      assert.equal(engine.results[2 * capacity * mostSequences / 32 - 1], -1);
      for (const text of ['.--', '1'.repeat(15) + '-', '-aa', '-aaaa']) {
        engine.input.fill(text);
        assert.ok(engine.scan(capacity) <= mostResults * capacity, text);
      }
      assert.deepEqual(found(engine, new Uint8Array()), []);
    }
  });

  test('tell runs of a length from shorter ones, wherever they stand', () => {
    for (let before = 0; before < 130; before++) {
      const shorter = Buffer.from(`${'x'.repeat(before)}${'7'.repeat(39)}x`);
      const longer = Buffer.from(`${'x'.repeat(before)}${'7'.repeat(40)}`);
      for (const engine of enginesOf(noSequences, { digits: 40, hex: 41 })) {
        assert.deepEqual(found(engine, shorter), []);
        assert.deepEqual(found(engine, longer), [`${before} digits`]);
      }
      for (const engine of enginesOf(noSequences, { digits: 41, hex: 40 })) assert.deepEqual(found(engine, longer), [`${before} hex`]);
    }
  });
});

describe('sequence tables', () => {
  test('have a bound', () => {
    assert.throws(
      () => sequenceTables(Array.from({ length: mostSequences + 1 }, () => caseless('imei'))),
      /there are 129 sequences, and a prefilter has room for 128/,
    );
  });

  test('join like with like: eight buckets for many words let little through', () => {
    const words = 'imei user room mac= uuid push zoom eyJh AKIA xoxb uid= pwd: mail idfa oaid'.split(' ');
    const { nibbles } = sequenceTables(words.map(literal));
    const accepts = (position: number, byte: number): number => nibbles[32 * position + (byte & 15)]! & nibbles[32 * position + 16 + (byte >> 4)]!;
    const letters = Buffer.from('abcdefghijklmnopqrstuvwxyz');
    let accepted = 0;
    for (const first of letters)
      for (const second of letters)
        for (const third of letters) accepted += Number((accepts(0, first) & accepts(1, second) & accepts(2, third)) !== 0);
    assert.ok(accepted < letters.length ** 3 / 100, `${accepted}`);
  });
});
