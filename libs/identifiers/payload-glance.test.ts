import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PayloadGlance } from './payload-glance.ts';
import { findPlainLogin } from './sasl-plain.ts';
import { readStructure } from './structured.ts';
import { findTbcd } from './tbcd.ts';
import { payloadOf, recognise } from './testing.ts';
import { findUtf16 } from './utf16.ts';

const glance = new PayloadGlance();

/** Bytes of every value, with longer runs of one class than random data has. */
const bytes = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }), fc.string({ maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.constantFrom(Buffer.alloc(3), Buffer.from('\r\n'), Buffer.from('uid')),
    fc.uint8Array({ max: 0x99, maxLength: 12 }),
  ),
  { maxLength: 12 },
).map((parts) => Buffer.concat(parts));
const few = { numRuns: 2000 };

function isPrintable(byte: number): boolean {
  return byte === 9 || (byte >= 0x20 && byte < 0x7f);
}

function longestRun(payload: Buffer): number {
  let longest = 0;
  let run = 0;
  for (const byte of payload) longest = Math.max(longest, run = isPrintable(byte) ? run + 1 : 0);
  return longest;
}

describe('a glance at a payload', () => {
  test('tells text from binary data by each of its first 512 bytes', () => {
    const lines = fc.array(fc.constantFrom('uid=42\n', 'a', '\r\n', '\0', '\x80\x81'), { maxLength: 300 })
      .map((parts) => Buffer.from(parts.join(''), 'latin1'));
    fc.assert(fc.property(fc.oneof(bytes, lines), (payload) => {
      glance.look(payload);
      const sample = payload.subarray(0, 512);
      assert.equal(glance.isText, sample.filter((byte) => isPrintable(byte) || byte === 10 || byte === 13).length >= sample.length * 0.85);
    }), few);
  });

  test('sees each text that is read', () => {
    fc.assert(fc.property(bytes, (payload) => {
      glance.look(payload);
      if (longestRun(payload) >= (glance.isText ? 3 : 8)) assert.ok(glance.hasText);
    }), few);
  });

  test('sees each identity in telephony BCD, wherever it stands', () => {
    const digits = Buffer.from('62021132547698f0', 'hex');
    fc.assert(fc.property(bytes, bytes, (before, after) => {
      const payload = Buffer.concat([before, Buffer.of(4, 8), digits, after]);
      glance.look(payload);
      let found = 0;
      findTbcd(payload, () => found++);
      assert.ok(found > 0 && glance.hasDigits);
    }), few);
  });

  test('keeps nothing from the reader: a key with its value in the middle of what looks encrypted is found', () => {
    fc.assert(fc.property(fc.uint8Array({ min: 0x80, maxLength: 60 }), fc.uint8Array({ min: 0x80, maxLength: 60 }), (before, after) => {
      const payload = Buffer.concat([before, Buffer.from('imei=352099001761481'), after]);
      assert.deepEqual(recognise(payloadOf(payload)).map(({ value }) => value), ['352099001761481']);
    }), { numRuns: 300 });
  });
});

test('UTF-16 is found at every offset, from six characters on', () => {
  fc.assert(fc.property(
    fc.uint8Array({ min: 0x80, maxLength: 24 }), fc.uint8Array({ min: 0x80, minLength: 1, maxLength: 24 }),
    fc.stringMatching(/^[a-z]{7,20}$/), fc.boolean(),
    (before, after, text, isBigEndian) => {
      const wide = Buffer.from(text, 'utf16le');
      const found: string[] = [];
      findUtf16(Buffer.concat([before, isBigEndian ? wide.swap16() : wide, after]), (one) => found.push(one));
      assert.deepEqual(found, [text]);
    },
  ), few);
});

test('the mechanism PLAIN is found behind any letters of its name', () => {
  const letters = fc.array(fc.constantFrom('P', 'L', 'A', 'I', 'N', 'PLAI', 'LAIN', '\0'), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(fc.property(letters.filter((text) => !`${text}PLAIN`.slice(0, -1).includes('PLAIN')), (before) => {
    const payload = Buffer.concat([Buffer.from(`${before}PLAIN`), Buffer.of(0, 0, 0, 12), Buffer.from('\0guest\0secre'), Buffer.of(1)]);
    assert.equal(findPlainLogin(payload)?.userOffset, before.length + 'PLAIN'.length + 5);
  }), few);
});

describe('structures of any tags are read', () => {
  const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
  const u32 = (value: number): Buffer => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
  const word = fc.stringMatching(/^[a-z]{1,40}$/).map((text) => Buffer.from(text));
  const concat = (...parts: fc.Arbitrary<Buffer>[]): fc.Arbitrary<Buffer> => fc.tuple(...parts).map((all) => Buffer.concat(all));
  const tagged = (...tags: readonly (readonly [tag: number, length: number])[]): fc.Arbitrary<Buffer> => (
    fc.oneof(...tags.map(([tag, length]) => fc.uint8Array({ minLength: length, maxLength: length }).map((body) => Buffer.from([tag, ...body]))))
  );

  const behind = (head: (length: number) => Buffer): fc.Arbitrary<Buffer> => word.map((text) => Buffer.concat([head(text.length), text]));

  const shortPackText = word.filter(({ length }) => length < 32).map((text) => Buffer.concat([Buffer.of(0xa0 | text.length), text]));
  const packText = fc.oneof(
    shortPackText, behind((length) => Buffer.of(0xd9, length)), behind((length) => Buffer.concat([Buffer.of(0xda), u16(length)])),
    behind((length) => Buffer.concat([Buffer.of(0xdb), u32(length)])),
  );
  const packScalar = fc.oneof(
    packText,
    tagged([0x07, 0], [0xff, 0], [0xc0, 0], [0xc2, 0], [0xc3, 0], [0xca, 4], [0xcb, 8]),
    tagged([0xcc, 1], [0xcd, 2], [0xce, 4], [0xcf, 8], [0xd0, 1], [0xd1, 2], [0xd2, 4], [0xd3, 8]),
    tagged([0xd4, 2], [0xd5, 3], [0xd6, 5], [0xd7, 9], [0xd8, 17]),
    fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0xc4, body.length, ...body])),
    fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0xc7, body.length, 1, ...body])),
    fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0xc5, ...u16(body.length), ...body])),
    fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0xc6, ...u32(body.length), ...body])),
    fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0xc8, ...u16(body.length), 1, ...body])),
    fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0xc9, ...u32(body.length), 1, ...body])),
  );
  const packList = fc.tuple(fc.array(packScalar, { maxLength: 5 }), fc.constantFrom(0x90, 0xdc, 0xdd)).map(([parts, tag]) => (
    Buffer.concat([tag === 0x90 ? Buffer.of(tag | parts.length) : Buffer.of(tag, ...(tag === 0xdc ? u16 : u32)(parts.length)), ...parts])
  ));

  test('MessagePack', () => {
    const members = fc.array(concat(packText, fc.oneof(packScalar, packList)), { maxLength: 6 });
    fc.assert(fc.property(members, fc.constantFrom(0x80, 0xde, 0xdf), (parts, tag) => {
      const all = [...parts, Buffer.from('\xa7user_id\xa6471142', 'latin1')];
      const head = tag === 0x80 ? Buffer.of(tag | all.length) : Buffer.of(tag, ...(tag === 0xde ? u16 : u32)(all.length));
      const structure = readStructure(Buffer.concat([head, ...all]));
      assert.equal(structure?.encoding, 'msgpack');
      assert.ok(structure.values.some(({ name, value }) => name === 'user_id' && value === '471142'));
    }), { numRuns: 1000 });
  });

  test('CBOR', () => {
    const shortText = word.filter(({ length }) => length < 24).map((text) => Buffer.concat([Buffer.of(0x60 | text.length), text]));
    const cborText = fc.oneof(
      shortText,
      behind((length) => Buffer.of(0x78, length)),
      behind((length) => Buffer.of(0x79, ...u16(length))),
      behind((length) => Buffer.of(0x7a, ...u32(length))),
      behind((length) => Buffer.of(0x7b, 0, 0, 0, 0, ...u32(length))),
    );
    const scalar = fc.oneof(
      cborText,
      tagged([0x05, 0], [0x18, 1], [0x19, 2], [0x1a, 4], [0x1b, 8], [0x25, 0], [0x38, 1], [0x39, 2], [0x3a, 4]),
      tagged([0xf4, 0], [0xf6, 0], [0xf8, 1], [0xf9, 2], [0xfa, 4], [0xfb, 8]),
      fc.uint8Array({ maxLength: 20 }).map((body) => Buffer.from([0x40 | body.length, ...body])),
      cborText.map((text) => Buffer.concat([Buffer.of(0xc1), text])),
    );
    const list = fc.tuple(fc.array(scalar, { maxLength: 5 }), fc.boolean()).map(([parts, isWide]) => (
      Buffer.concat([isWide ? Buffer.of(0x99, ...u16(parts.length)) : Buffer.of(0x80 | parts.length), ...parts])
    ));
    fc.assert(fc.property(fc.array(concat(cborText, fc.oneof(scalar, list)), { maxLength: 6 }), fc.boolean(), (parts, isWide) => {
      const all = [...parts, Buffer.from('\x67user_id\x66471142')];
      const structure = readStructure(Buffer.concat([isWide ? Buffer.of(0xb8, all.length) : Buffer.of(0xa0 | all.length), ...all]));
      assert.equal(structure?.encoding, 'cbor');
      assert.ok(structure.values.some(({ name, value }) => name === 'user_id' && value === '471142'));
    }), { numRuns: 1000 });
  });
});
