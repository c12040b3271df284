import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { any, caseless, digits, literal, sequence } from './anchor.ts';
import { sequenceTables, type SequenceTables } from './buckets.ts';
import { capacity, mostSequences, runBits, type ScanEngine } from './engine.ts';
import { createKernel } from './kernel.ts';
import { TwinEngine } from './twin.ts';

/** Bytes of all values, with enough of what the engines look for. */
const interesting = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.stringMatching(/^[0-9a-fA-F:-]{0,90}$/).map((text) => Buffer.from(text, 'latin1')),
  fc.constantFrom('imei', 'IMEI', 'uid=', '+49', '\0', '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e', '3c:15:c2:9a:01:fe', '3C-15-C2-9A-01-FE', '1'.repeat(17), 'a'.repeat(64))
    .map((text) => Buffer.from(text, 'latin1')),
);
const bytesOf = (maxLength: number): fc.Arbitrary<Buffer> => fc.array(interesting, { maxLength }).map((parts) => Buffer.concat(parts).subarray(0, capacity));
const anyCharacters = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 4 });
const anySequences = fc.oneof(
  fc.array(fc.tuple(anyCharacters, anyCharacters, anyCharacters).map((sets) => sequence(...sets)), { minLength: 1, maxLength: mostSequences }),
  fc.constant([caseless('imei'), caseless('uid'), sequence('+', digits, any), sequence(any, any, '=')]),
);
const noSequences = sequenceTables([]);

/** `position sequence` each. */
function sequences(engine: ScanEngine, bytes: Uint8Array): string[] {
  engine.input.fill(0xff).set(bytes);
  const found: string[] = [];
  const pairs = engine.sequences(bytes.length);
  for (let i = 0; i < pairs; i++) {
    const [result, bits] = engine.sequenceResults.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
    for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) found.push(`${result >>> 8} ${(result & 0xff) * 32 + bit}`);
  }
  return found;
}

function runs(engine: ScanEngine, bytes: Uint8Array, leastDigits: number, leastHex: number): number[] {
  engine.input.fill(0xff).set(bytes);
  return [...engine.runResults.subarray(0, engine.runs(bytes.length, leastDigits, leastHex))];
}

function kernelOf(tables: SequenceTables): ScanEngine {
  const kernel = createKernel(tables);
  assert.ok(kernel, 'Node has WebAssembly SIMD');
  return kernel;
}

describe('scan kernel and its twin', () => {
  test('find the same sequences, and those that stand there', () => {
    fc.assert(fc.property(anySequences, bytesOf(12), (wanted, bytes) => {
      const tables = sequenceTables(wanted);
      const expected: string[] = [];
      for (let at = 0; at < bytes.length; at++) {
        const three = [0, 1, 2].map((i) => String.fromCharCode(bytes[at + i] ?? 0));
        for (const [index, { characters }] of wanted.entries()) if (characters.every((set, i) => set.includes(three[i]!))) expected.push(`${at} ${index}`);
      }
      assert.deepEqual(sequences(kernelOf(tables), bytes), expected);
      assert.deepEqual(sequences(new TwinEngine(tables), bytes), expected);
    }), { numRuns: 500 });
  });

  test('find the same runs', () => {
    const [kernel, twin] = [kernelOf(noSequences), new TwinEngine(noSequences)];
    fc.assert(fc.property(bytesOf(12), fc.integer({ min: 15, max: 64 }), fc.integer({ min: 31, max: 64 }), (bytes, leastDigits, leastHex) => {
      assert.deepEqual(runs(kernel, bytes, leastDigits, leastHex), runs(twin, bytes, leastDigits, leastHex));
    }), { numRuns: 2000 });
  });

  test('see one byte of each value at each place of a block', () => {
    const tables = sequenceTables([sequence('\x80\xff', '\x7f\x00', 'aZ')]);
    const [kernel, twin] = [kernelOf(tables), new TwinEngine(tables)];
    for (let byte = 0; byte < 256; byte++) {
      for (let place = 0; place < 3; place++) {
        const bytes = Buffer.alloc(80, '\x80\x7fa', 'latin1');
        for (let at = place; at < bytes.length; at += 7) bytes[at] = byte;
        assert.deepEqual(sequences(kernel, bytes), sequences(twin, bytes));
        assert.deepEqual(runs(kernel, bytes, 15, 31), runs(twin, bytes, 15, 31));
      }
    }
  });

  test('hold the worst case of a full buffer', () => {
    const everything = sequenceTables(Array.from({ length: mostSequences }, () => sequence(any, any, any)));
    for (const engine of [kernelOf(everything), new TwinEngine(everything)]) {
      engine.input.fill('x');
      assert.equal(engine.sequences(capacity), capacity * mostSequences / 32);
      assert.equal(engine.sequenceResults.at(-1), -1);
      assert.equal(runs(engine, Buffer.alloc(capacity, '.--'), 64, 64).length, runs(new TwinEngine(everything), Buffer.alloc(capacity, '.--'), 64, 64).length);
      assert.equal(runs(engine, Buffer.alloc(capacity, `${'1'.repeat(31)}x`), 15, 31).length, capacity / 16);
      assert.deepEqual(sequences(engine, new Uint8Array()), []);
      assert.deepEqual(runs(engine, new Uint8Array(), 15, 31), []);
    }
  });

  test('tell runs of a length from shorter ones, wherever they stand', () => {
    for (const engine of [kernelOf(noSequences), new TwinEngine(noSequences)]) {
      for (let before = 0; before < 130; before++) {
        const shorter = Buffer.from(`${'x'.repeat(before)}${'7'.repeat(39)}x`);
        const longer = Buffer.from(`${'x'.repeat(before)}${'7'.repeat(40)}`);
        assert.deepEqual(runs(engine, shorter, 40, 40), []);
        assert.deepEqual(runs(engine, longer, 40, 41), [(before << 8) | runBits.digits]);
        assert.deepEqual(runs(engine, longer, 41, 40), [(before << 8) | runBits.hex]);
      }
    }
  });
});

describe('sequence tables', () => {
  test('have a bound', () => {
    assert.throws(() => sequenceTables(Array.from({ length: mostSequences + 1 }, () => caseless('imei'))), /129 sequences; a prefilter has room for 128/);
  });

  test('join like with like: eight buckets for many words let little through', () => {
    const words = 'imei user room mac= uuid push zoom eyJh AKIA xoxb uid= pwd: mail idfa oaid'.split(' ');
    const { nibbles } = sequenceTables(words.map(literal));
    const accepts = (position: number, byte: number): number => nibbles[32 * position + (byte & 15)]! & nibbles[32 * position + 16 + (byte >> 4)]!;
    const letters = Buffer.from('abcdefghijklmnopqrstuvwxyz');
    let accepted = 0;
    for (const first of letters) for (const second of letters) for (const third of letters) accepted += Number((accepts(0, first) & accepts(1, second) & accepts(2, third)) !== 0);
    assert.ok(accepted < letters.length ** 3 / 100, `${accepted}`);
  });
});
