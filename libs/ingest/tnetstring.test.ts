import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeTnetstring } from './testing/write-tnetstring.ts';
import { frameOf, parseTnetstring, TnetstringError, type Tnetstring } from './tnetstring.ts';

test('the examples of tnetstrings.info', () => {
  assert.deepEqual(parseTnetstring(Buffer.from('0:}')), new Map());
  assert.deepEqual(parseTnetstring(Buffer.from('0:]')), []);
  assert.deepEqual(
    parseTnetstring(Buffer.from('51:5:hello,39:11:12345678901#4:this,4:true!0:~4:\x00\x00\x00\x00,]}')),
    new Map([['hello', [12_345_678_901, Buffer.from('this'), true, null, Buffer.alloc(4)]]]),
  );
});

test('property: what was written is read', () => {
  const leaf = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  const { value } = fc.letrec<{ value: Tnetstring }>((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value')), fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => new Map(entries))),
  }));
  fc.assert(fc.property(value, (one) => {
    const written = writeTnetstring(one);
    const frame = frameOf(written, 0)!;
    assert.equal(frame.end, written.length - 1);
    assert.deepEqual(normal(parseTnetstring(written)), normal(one));
  }));
});

/** Order of keys is no part of a dictionary. */
function normal(value: Tnetstring): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [`key ${key}`, normal(one)]));
  return Array.isArray(value) ? value.map(normal) : value;
}

test('property: bytes of any kind are read or refused, and a frame is never inside its own head', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.string({ unit: fc.constantFrom(...'0123456789:,;#^!~]}ab'), maxLength: 80 }).map((one) => Buffer.from(one)),
  );
  fc.assert(fc.property(bytes, (raw) => {
    const one = Buffer.from(raw);
    try {
      const frame = frameOf(one, 0);
      if (frame !== null) assert.ok(frame.start >= 2 && frame.end >= frame.start);
      parseTnetstring(one);
    } catch (error) {
      assert.ok(error instanceof TnetstringError, String(error));
    }
  }), { numRuns: 5000 });
});

test('nesting without end is refused', () => {
  let nested = Buffer.from('0:~');
  for (let depth = 0; depth < 5000; depth++) nested = Buffer.concat([Buffer.from(`${nested.length}:`), nested, Buffer.from(']')]);
  assert.throws(() => parseTnetstring(nested), /the value is nested too deep/);
});
