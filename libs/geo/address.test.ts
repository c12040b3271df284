import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from './address.ts';

const words = new Uint32Array(4);

test('addresses: node:net agrees on what is one', () => {
  const piece = fc.constantFrom('0', '1', '00', '255', '256', 'ffff', '10000', 'ab', ':', '::', '.', '1.2.3.4', '-', '%eth0', '');
  const almost = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), almost), (text) => {
    // A zone without a name is the only difference: node:net refuses it.
    if (/%(?!eth0$)/.test(text) || /%.*%/.test(text)) return;
    assert.equal(parseAddress(text, words), isIP(text), text);
  }), { numRuns: 5_000 });
});

test('addresses: text to words and back', () => {
  assert.equal(parseAddress('52.81.151.250', words), 4);
  assert.equal(words[0], 0x345197fa);
  assert.equal(formatAddress(4, words), '52.81.151.250');
  assert.equal(parseAddress('2001:db8::8:800:200c:417a', words), 6);
  assert.deepEqual([...words], [0x20010db8, 0, 0x00080800, 0x200c417a]);
  assert.equal(parseAddress('::ffff:192.0.2.33', words), 6);
  assert.deepEqual([...words], [0, 0, 0xffff, 0xc0000221]);
  assert.equal(formatAddress(6, words), '0:0:0:0:0:ffff:c000:221');
});

test('addresses: an octet with a leading zero is none, because some readers take it as octal', () => {
  assert.equal(parseAddress('010.0.0.1', words), 0);
});
