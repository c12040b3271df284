import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { mayBeDeflatedText } from './deflate-block.ts';

describe('the first block of deflate', () => {
  test('of any text, however it was packed, is told', () => {
    const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE];
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.constantFrom(...strategies),
        fc.integer({ min: 0, max: 9 }),
        (text, strategy, level) => {
          fc.pre(!/\p{Cc}/u.test(text));
          assert.ok(mayBeDeflatedText(deflateRawSync(text.repeat(20), { strategy, level })));
        },
      ),
    );
  });
  test('is seldom seen in random bytes', () => {
    let seen = 0;
    for (let i = 0; i < 4000; i++) if (mayBeDeflatedText(randomBytes(48))) seen++;
    assert.ok(seen < 800, `${seen} of 4000`);
  });
});
