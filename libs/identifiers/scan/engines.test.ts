import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { any, caseless, digits, literal, sequence } from './anchor.ts';
import { nibbleTables, tableBytes } from './buckets.ts';
import { capacity, runBits, type ScanEngine } from './engine.ts';
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
const anyTables = fc.oneof(
  fc.uint8Array({ minLength: tableBytes, maxLength: tableBytes }),
  fc.constant(nibbleTables([caseless('imei'), caseless('uid'), sequence('+', digits, any), sequence(any, any, '=')])),
);

function literals(engine: ScanEngine, bytes: Uint8Array): number[] {
  engine.input.fill(0xff).set(bytes);
  return [...engine.literalResults.subarray(0, engine.literals(bytes.length))];
}

function runs(engine: ScanEngine, bytes: Uint8Array, leastDigits: number, leastHex: number): number[] {
  engine.input.fill(0xff).set(bytes);
  return [...engine.runResults.subarray(0, engine.runs(bytes.length, leastDigits, leastHex))];
}

function kernelOf(tables: Uint8Array): ScanEngine {
  const kernel = createKernel(tables);
  assert.ok(kernel, 'Node has WebAssembly SIMD');
  return kernel;
}

describe('scan kernel and its twin', () => {
  test('find the same sequences', () => {
    fc.assert(fc.property(anyTables, bytesOf(12), (tables, bytes) => {
      assert.deepEqual(literals(kernelOf(tables), bytes), literals(new TwinEngine(tables), bytes));
    }), { numRuns: 500 });
  });

  test('find the same runs', () => {
    const tables = new Uint8Array(tableBytes);
    const [kernel, twin] = [kernelOf(tables), new TwinEngine(tables)];
    const least = fc.integer({ min: 1, max: 64 });
    fc.assert(fc.property(bytesOf(12), least, least, (bytes, leastDigits, leastHex) => {
      assert.deepEqual(runs(kernel, bytes, leastDigits, leastHex), runs(twin, bytes, leastDigits, leastHex));
    }), { numRuns: 2000 });
  });

  test('see one byte of each value at each place of a block', () => {
    const tables = nibbleTables([sequence('\x80\xff', '\x7f\x00', 'aZ')]);
    const [kernel, twin] = [kernelOf(tables), new TwinEngine(tables)];
    for (let byte = 0; byte < 256; byte++) {
      for (let place = 0; place < 3; place++) {
        const bytes = Buffer.alloc(80, '\x80\x7fa', 'latin1');
        for (let at = place; at < bytes.length; at += 7) bytes[at] = byte;
        assert.deepEqual(literals(kernel, bytes), literals(twin, bytes));
        assert.deepEqual(runs(kernel, bytes, 1, 1), runs(twin, bytes, 1, 1));
      }
    }
  });

  test('hold the worst case of a full buffer', () => {
    const everything = new Uint8Array(tableBytes).fill(0xff);
    for (const engine of [kernelOf(everything), new TwinEngine(everything)]) {
      assert.equal(literals(engine, Buffer.alloc(capacity, 'x')).length, capacity);
      assert.equal(runs(engine, Buffer.alloc(capacity, '-'), 64, 64).length, 2 * capacity - 23 - 14);
      assert.equal(runs(engine, Buffer.alloc(capacity, '1x'), 1, 1).length, capacity);
      assert.deepEqual(literals(engine, new Uint8Array()), []);
      assert.deepEqual(runs(engine, new Uint8Array(), 1, 1), []);
    }
  });

  test('tell runs of a length from shorter ones, wherever they stand', () => {
    const tables = new Uint8Array(tableBytes);
    for (const engine of [kernelOf(tables), new TwinEngine(tables)]) {
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

describe('nibble tables', () => {
  test('accept each sequence, however many there are', () => {
    const characters = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 4 });
    const sequences = fc.array(fc.tuple(characters, characters, characters), { minLength: 1, maxLength: 30 });
    fc.assert(fc.property(sequences, (all) => {
      const twin = new TwinEngine(nibbleTables(all.map((one) => sequence(...one))));
      for (const one of all) {
        const bytes = Buffer.from(one.map((set) => set.at(-1)!).join(''), 'latin1');
        assert.equal(literals(twin, bytes)[0]! >>> 8, 0);
        assert.notEqual(literals(twin, bytes)[0], undefined);
      }
    }));
  });

  test('accept nothing else while there are buckets for all', () => {
    const words = ['imei', 'user', 'room', 'mac=', 'uuid', 'push', 'zoom', 'eyJh'];
    const twin = new TwinEngine(nibbleTables(words.map(literal)));
    const letters = Buffer.from('abcdefghijklmnopqrstuvwxyzJ=0 ');
    const accepted: string[] = [];
    for (const first of letters) {
      for (const second of letters) {
        for (const third of letters) {
          const bytes = Buffer.of(first, second, third);
          if (literals(twin, bytes).some((result) => result >>> 8 === 0)) accepted.push(bytes.toString('latin1'));
        }
      }
    }
    assert.deepEqual(accepted.toSorted(), words.map((word) => word.slice(0, 3)).toSorted());
  });
});
