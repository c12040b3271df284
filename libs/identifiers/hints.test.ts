import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { catalogue } from './catalogue.ts';
import { hintsOf, hintsOfBytes } from './hints.ts';
import { hint } from './kind.ts';

describe('hints', () => {
  test('a plain text has none', () => assert.equal(hintsOf('The quick brown fox'), 0));

  test('no shape finds anything where its hint is absent', () => {
    const examples = catalogue.flatMap((kind) => [...kind.examples.match, ...kind.examples.noMatch]);
    const texts = examples.map((example) => (typeof example === 'string' ? example : example[1]));
    const mixed = fc.array(fc.oneof(fc.constantFrom(...texts), fc.string({ maxLength: 12 })), { maxLength: 4 }).map((parts) => parts.join(' '));
    fc.assert(fc.property(mixed, (text) => {
      const bits = hintsOf(text);
      for (const { name, shape } of catalogue) {
        if (shape === undefined || (shape.hint & bits) !== 0) continue;
        shape.find(text, () => assert.fail(`${name} in ${text}`));
      }
    }), { numRuns: 2000 });
  });

  test('are the same of bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      assert.equal(hintsOfBytes(Buffer.from(text, 'latin1'), 0, text.length), hintsOf(text));
    }));
  });

  test('see a run of digits', () => {
    assert.equal(hintsOf('1'.repeat(16)) & hint.longDigits, 0);
    assert.notEqual(hintsOf('1'.repeat(17)) & hint.longDigits, 0);
  });
});
