import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatProblem } from '#geo';
import { checkFixtures } from './fixtures.ts';
import { Jurisdictions } from './jurisdictions.ts';
import { parseRules } from './parse.ts';
import { parsePolicy } from './policy.ts';

const file = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const page = file('docs/rules.md');
const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!);
const rules = blocks.filter((text) => text.startsWith('title:'));
const fixtures = blocks.filter((text) => text.startsWith('match:'));
const policies = blocks.filter((text) => text.startsWith('id:'));

test('docs/rules.md: rules, fixtures and policies shown there work', () => {
  assert.deepEqual([rules.length, fixtures.length, policies.length], [2, 1, 1]);
  const parsed = parseRules(rules.map((text) => ({ name: 'docs/rules.md', text })));
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  assert.deepEqual(checkFixtures(parsed.rules[0]!, { name: 'docs/rules.md', text: fixtures[0]! }).map(formatProblem), []);
  parsePolicy(policies[0]!, 'docs/rules.md', { jurisdictions: Jurisdictions.parse(file('libs/rules/jurisdictions.yaml')), services: ['Zoom', 'Teams'] });
});

test('docs/rules.md: every modifier shown there is read as shown', () => {
  const examples = [...page.matchAll(/^\| `[^|]*(?:\\\|[^|]*)*` \| `((?:[^`])+)` \|/gm)].map(([, example]) => example!.replaceAll('\\|', '|')).filter((example) => example.includes('|'));
  assert.ok(examples.length >= 16, `${examples.length} examples found`);
  for (const example of examples) {
    const text = `title: T\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { product: telltale }\ndetection:\n  s:\n    ${example}\n  condition: s\n`;
    assert.deepEqual(parseRules([{ name: example, text }]).problems.map(formatProblem), []);
  }
});
