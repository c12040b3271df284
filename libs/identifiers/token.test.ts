import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { createTokeniser } from './token.ts';

describe('tokeniser', () => {
  /** RFC 4231, test cases with a key of at least 16 bytes: key, data, HMAC-SHA-256. */
  const vectors: [key: Buffer, data: Buffer, mac: string][] = [
    [Buffer.alloc(20, 0x0b), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [Buffer.alloc(20, 0xaa), Buffer.alloc(50, 0xdd), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      Buffer.alloc(131, 0xaa), Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ];
  for (const [key, data, mac] of vectors) {
    test(`RFC 4231: ${data.toString('latin1').slice(0, 12)}`, () => {
      assert.equal(createHmac('sha256', key).update(data).digest('hex'), mac);
      // A token takes text, so the test case with data beyond ASCII checks only the primitive.
      if (data.every((byte) => byte < 0x80)) {
        assert.equal(createTokeniser(key).token(data.toString()).split('.')[2], Buffer.from(mac, 'hex').subarray(0, 16).toString('base64url'));
      }
    });
  }

  test('has version, key id and 16 bytes', () => {
    const { keyId, token } = createTokeniser(Buffer.alloc(32, 1));
    assert.match(token('42'), /^tk1\.[0-9a-f]{8}\.[\w-]{22}$/);
    assert.equal(token('42').split('.')[1], keyId);
  });

  test('differs by key and value, and is the same again', () => {
    const [one, two] = [createTokeniser(Buffer.alloc(32, 1)), createTokeniser(Buffer.alloc(32, 2))];
    assert.equal(one.token('42'), createTokeniser(new Uint8Array(32).fill(1)).token('42'));
    assert.notEqual(one.token('42'), one.token('43'));
    assert.notEqual(one.token('42'), two.token('42'));
    assert.notEqual(one.keyId, two.keyId);
  });

  test('refuses a key that can be guessed', () => assert.throws(() => createTokeniser(Buffer.alloc(15)), RangeError));
});
