import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatProblem } from '#geo';
import { parseExceptions } from './exceptions.ts';
import { modifierNames } from './field-test.ts';
import { checkFixtures } from './fixtures.ts';
import { Jurisdictions } from './jurisdictions.ts';
import { parseRules } from './parse.ts';
import { parsePolicy } from './policy.ts';

const file = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const page = file('docs/rules.md');
const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!);
const rules = blocks.filter((text) => text.startsWith('title:'));
const fixtures = blocks.filter((text) => text.startsWith('match:'));
const vocabulary = {
  kinds: new Map([['imei', 'device'], ['user_id', 'account'], ['room_id', 'room']]), jurisdictions: Jurisdictions.parse(file('libs/rules/jurisdictions.yaml')), policies: ['conferencing', 'eea-voice'],
};
const policies = blocks.filter((text) => text.startsWith('id:'));
const exceptions = blocks.filter((text) => text.startsWith('owner:'));

test('docs/rules.md: rules, fixtures, exceptions and policies shown there work', () => {
  assert.deepEqual([rules.length, fixtures.length, policies.length, exceptions.length], [5, 2, 1, 1]);
  const parsed = parseRules(rules.map((text) => ({ name: 'docs/rules.md', text })), vocabulary);
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  assert.deepEqual([parsed.rules.length, parsed.filters.length, parsed.correlations.length], [3, 1, 1]);
  assert.deepEqual(parseExceptions([{ name: 'docs/rules.md', text: exceptions[0]! }]).problems.map(formatProblem), []);
  assert.deepEqual(checkFixtures({ rules: [parsed.rules[0]!] }, { name: 'docs/rules.md', text: fixtures[0]! }).map(formatProblem), []);
  const counted = parseRules([{ name: 'docs/rules.md', text: [
    'title: Echo\nid: 4f5d2f0e-8a5e-4c61-9a0b-6f8f6b3d2b11\nlevel: low\nlogsource: { product: telltale }\ndetection: { a: { destination.port: 7 }, condition: a }',
    rules.find((text) => text.includes('correlation:'))!.replace('gt: 10', 'gt: 1'),
  ].join('\n---\n') }]);
  assert.deepEqual(checkFixtures(counted, { name: 'docs/rules.md', text: fixtures[1]! }).map(formatProblem), []);
  parsePolicy(policies[0]!, 'docs/rules.md', { jurisdictions: Jurisdictions.parse(file('libs/rules/jurisdictions.yaml')), services: ['Zoom', 'Teams'] });
});

test('docs/rules.md: every modifier of the language is shown', () => {
  const shown = new Set([...page.matchAll(/^\| ((?:`[^`]*`(?:, )?)+) \| `/gm)].flatMap(([, names]) => [...names!.matchAll(/`([^`]*)`/g)].map(([, name]) => name!.replaceAll('\\|', '|'))));
  for (const modifier of modifierNames) assert.ok(shown.has(modifier) || shown.has(`re|${modifier}`), modifier);
});

test('docs/rules.md: every modifier shown there is read as shown', () => {
  const examples = [...page.matchAll(/^\| `[^|]*(?:\\\|[^|]*)*` \| `((?:[^`])+)` \|/gm)].map(([, example]) => example!.replaceAll('\\|', '|')).filter((example) => example.includes('|'));
  assert.ok(examples.length >= 21, `${examples.length} examples found`);
  for (const example of examples) {
    const text = `title: T\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { product: telltale }\ndetection:\n  s:\n    ${example}\n  condition: s\n`;
    assert.deepEqual(parseRules([{ name: example, text }], { ...vocabulary, placeholders: new Map([['Servers', ['web*']]]) }).problems.map(formatProblem), []);
  }
});
