import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { integerAt, orderByZeros, orderBySpan, rejectsBytes, rejectsInteger } from './field-value.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const micros = Date.UTC(2026, 3, 1) * 1000;
const addresses = ['192.0.2.7', '2001:db8::7'];

describe('a field of a payload', () => {
  test('is no id where it is uniform, letters, or several numbers', () => {
    const rejects = (text: string): boolean => rejectsBytes(hex(text), 0, hex(text).length);
    for (const text of ['01010101', '01020102', '00010002', '61626364', '0000000000010002']) assert.ok(rejects(text), text);
    for (const text of ['01a2b3c4', '00a2b3c4', '61626304']) assert.ok(!rejects(text), text);
    assert.ok(rejectsBytes(hex('a1b2 0000 0102 c3d4'), 2, 6), 'what stands beside it does not count');
  });

  test('is no id where it is small, a time about that of the packet, or an address', () => {
    const rejects = (text: string, order: 'be' | 'le' = 'be'): boolean =>
      rejectsInteger(hex(text), { at: 0, width: hex(text).length, order }, micros, addresses);
    assert.ok(rejects('0000fffe'));
    assert.ok(!rejects('0000fffe', 'le'));
    const written = (value: bigint, width: number): string => value.toString(16).padStart(2 * width, '0');
    const seconds = BigInt(micros / 1e6);
    for (const time of [seconds, seconds + 2_208_988_800n]) assert.ok(rejects(written(time, 4)), `${time}`);
    const long = [
      seconds,
      seconds * 1000n,
      seconds * 1_000_000n,
      seconds * 1_000_000_000n,
      (seconds + 11_644_473_600n) * 10_000_000n,
      (seconds + 2_208_988_800n) << 32n,
    ];
    for (const time of long) {
      assert.ok(rejects(written(time, 8)), `${time}`);
      assert.ok(rejects(hex(written(time, 8)).reverse().toString('hex'), 'le'), `${time}`);
    }
    for (const address of ['c0000207', '070200c0', '0a0b0c0d', 'ac1f0102', 'c0000207a1b2c3d4']) assert.ok(rejects(address), address);
    for (const id of ['71a2b3c4', 'c0000208', '71a2b3c4d5e6f708']) assert.ok(!rejects(id), id);
  });

  test('has zeros at its high end', () => {
    assert.equal(orderByZeros(hex('00a2b3c4'), 0, 4), 'be');
    assert.equal(orderByZeros(hex('a1b2c300'), 0, 4), 'le');
    assert.equal(orderByZeros(hex('a1b2c3d4'), 0, 4), '');
    assert.equal(orderByZeros(hex('0000 a1b2c300 0000'), 2, 6), 'le');
  });

  test('spans less in its own order', () => {
    const ids = fc.tuple(fc.bigInt({ min: 1n << 60n, max: 1n << 63n }), fc.array(fc.bigInt({ min: 1n, max: 200n }), { minLength: 1, maxLength: 4 }));
    fc.assert(fc.property(ids, ([first, steps]) => {
      const be = [first, ...steps.map((step) => first + step)].map((id) => hex(id.toString(16).padStart(16, '0')));
      const le = be.map((id) => Buffer.from(id).reverse());
      assert.equal(orderBySpan(be), 'be');
      assert.equal(orderBySpan(le), 'le');
      assert.equal(integerAt(le[0]!, { at: 0, width: 8, order: 'le' }), first.toString());
    }));
  });
});
