import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationReference, configurationReferencePath } from './configuration-reference.ts';

test('docs/configuration.md says what the schemas say', () => {
  assert.equal(readFileSync(configurationReferencePath, 'utf8'), configurationReference(), 'Write it anew: node dist/services/operations/configuration-reference.js');
});
