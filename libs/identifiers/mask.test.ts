import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { catalogue } from './catalogue.ts';
import { maskEmail, maskSecret, maskValue } from './mask.ts';

describe('mask', () => {
  test('shows the ends', () => {
    assert.equal(maskValue('352099001761489'), '35******9');
    assert.equal(maskValue('471142'), '4******');
    assert.equal(maskValue('42'), '******');
    assert.equal(maskValue('c4f17a90d25b386e'), 'c4******6e');
  });
  test('of an e-mail address', () => {
    assert.equal(maskEmail('jane@example.com'), 'j***@e******.com');
    assert.equal(maskEmail('jd@x.org'), '***@******.org');
  });
  test('of a secret', () => {
    assert.equal(maskSecret('hunter2'), '******(1-7)');
    assert.equal(maskSecret('x'.repeat(40)), '******(32-63)');
  });

  test('never shows more than a quarter, nor more than 4 characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).filter((value) => !value.includes('*')), (value) => {
      const shown = Array.from(maskValue(value)).filter((character) => character !== '*').length;
      assert.ok(shown <= 4 && shown <= Array.from(value).length / 4);
    }));
  });

  test('never contains the value, whatever the kind', () => {
    // A value of a few characters that occur in masks may be part of the mask itself.
    const isPartOfMask = (text: string) => /^[\d*()@.+-]{1,5}$/.test(text);
    const value = fc.oneof(fc.emailAddress(), fc.uuid(), fc.string({ minLength: 1, maxLength: 64 })).filter((text) => !isPartOfMask(text));
    fc.assert(fc.property(fc.constantFrom(...catalogue), value, (kind, text) => {
      assert.ok(!(kind.mask ?? maskValue)(text).includes(text));
    }), { numRuns: 1000 });
  });
});
