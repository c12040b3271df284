import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { recordField, type FieldResolver } from './fields.ts';
import { parseRules } from './parse.ts';

const shared = process.env['TELLTALE_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'sigma-sample/rules');
const skip = existsSync(folder) ? false : `SKIPPED: no public Sigma rules at ${folder}; set TELLTALE_SHARED`;
const files = skip ? [] : globSync('**/*.yml', { cwd: folder }).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

test('public Sigma rules: all of them are read', { skip }, (context) => {
  // Any field name is taken: this is about the language.
  const anyField: FieldResolver = (name) => recordField(name) ?? { of: 'record', name: 'user_agent.original', type: 'text' };
  const { rules, problems } = parseRules(files, anyField);
  context.diagnostic(`${rules.length} of ${files.length} rules read`);
  assert.deepEqual(problems.filter(({ severity }) => severity === 'error'), []);
  assert.equal(rules.length, files.length);
});

test('public Sigma rules: a field that records lack is named, and nothing else is wrong', { skip }, (context) => {
  const { rules, problems } = parseRules(files);
  context.diagnostic(`${rules.length} of ${files.length} rules can run without field mappings`);
  assert.deepEqual(problems.filter(({ code, severity }) => severity === 'error' && code !== 'unknown-field'), []);
  const refused = new Set(problems.map(({ file }) => file));
  assert.equal(rules.length + refused.size, files.length);
});
