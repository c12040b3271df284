import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { catalogue } from './catalogue.ts';
import type { Example } from './kind.ts';
import { keyOf, recogniseExample } from './testing.ts';

describe('catalogue', () => {
  for (const kind of catalogue) {
    describe(kind.name, () => {
      for (const example of kind.examples.match) {
        test(`matches ${show(example)}`, () => {
          const kinds = recogniseExample(example);
          assert.ok(kinds.includes(kind.name), `found ${kinds.join(', ') || 'nothing'}`);
        });
      }
      for (const example of kind.examples.noMatch) {
        test(`does not match ${show(example)}`, () => assert.ok(!recogniseExample(example).includes(kind.name)));
      }
    });
  }

  test('every entry says where it comes from, what deceives it, and by what it is recognised', () => {
    for (const kind of catalogue) {
      assert.ok(kind.source !== '' && kind.traps.length > 0, kind.name);
      assert.ok(
        kind.keys.length > 0 || kind.shape !== undefined || ['turn_username', 'digest_credentials', 'watched_value'].includes(kind.name),
        kind.name,
      );
      assert.ok((kind.examples.match.length > 0 || kind.name === 'watched_value') && kind.examples.noMatch.length > 0, kind.name);
      assert.ok(kind.confidence > 0 && kind.confidence <= 100, kind.name);
      for (const key of kind.keys) assert.match(key, /^(?:\*_)?[a-z0-9]+(?:_[a-z0-9]+)*$|^__?[a-z_]+$/, `${kind.name}: ${key}`);
    }
  });

  test('has at least 35 kinds', () => assert.ok(new Set(catalogue.map((kind) => kind.name)).size >= 35));
});

function show(example: Example): string {
  return typeof example === 'string' ? JSON.stringify(example) : `${keyOf(example)}=${JSON.stringify(example[1])}`;
}
