import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatProblem } from '#geo';
import { loadPack } from './pack.ts';
import { parseRules } from './parse.ts';

function outcomeOf(telltale: string, field = 'destination.port: 443'): { problems: string[]; outcome: unknown } {
  const text = [
    'title: t', 'id: 4f5d2f0e-8a5e-4c61-9a0b-6f8f6b3d2b11', 'level: low', 'logsource: { product: telltale }',
    `detection: { s: { ${field} }, condition: s }`, `telltale: ${telltale}`,
  ].join('\n');
  const { rules, problems } = parseRules([{ name: 't.yml', text }]);
  return { problems: problems.map(formatProblem), outcome: rules[0]?.outcome };
}

test('what becomes of a match', () => {
  assert.deepEqual(outcomeOf('{ finding: link, level: linkability }', 'telltale.linked.kinds: user_id'), {
    problems: [], outcome: { finding: 'link', verdict: 'violation', level: 'linkability', covers: [] },
  });
  assert.deepEqual(outcomeOf('{ covers: [8D30CFD3-a6c8-4ad8-bef6-61ce6b5cf83a] }'), {
    problems: [], outcome: { finding: 'record', verdict: 'violation', level: 'rule', covers: ['8d30cfd3-a6c8-4ad8-bef6-61ce6b5cf83a'] },
  });
});

test('faults are located', () => {
  assert.match(
    outcomeOf('{ finding: link }', 'telltale.observable.kind: user_id').problems[0]!,
    /^t\.yml:6:22: error: "link" cannot be the finding of this rule: expected one of observable, record, flow/,
  );
  assert.match(outcomeOf('{ covers: [] }').problems[0]!, /^t\.yml:6:21: error: "covers" must be a list of rule ids/);
  assert.match(
    outcomeOf('{ cover: [x] }').problems[0]!,
    /^t\.yml:6:13: error: the key "cover" is unknown: expected one of finding, verdict, level, covers/,
  );
});

test('what rules that ship cover are rules that ship, of another title', () => {
  const folder = new URL('../../../libs/rules/pack/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.yml') && !name.endsWith('.fixtures.yml'));
  const { rules } = loadPack(names.map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') })));
  const ids = new Set(rules.map(({ id }) => id));
  for (const { id, title, outcome } of rules) for (const covered of outcome.covers) assert.ok(ids.has(covered) && covered !== id, title);
  assert.ok(rules.some(({ outcome }) => outcome.covers.length > 0));
});
