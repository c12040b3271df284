import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatProblem, LocatedError } from '#geo';
import { checkFixtures } from './fixtures.ts';
import { loadPack } from './pack.ts';
import type { RuleFile } from './rule.ts';

const folder = new URL('../../../libs/rules/pack/', import.meta.url);
const read = (name: string): RuleFile => ({ name, text: readFileSync(new URL(name, folder), 'utf8') });
const names = readdirSync(folder).filter((name) => name.endsWith('.yml') && !name.endsWith('.fixtures.yml'));
const pack = loadPack(names.map(read));

test('the pack that ships is complete and without a warning', () => {
  assert.ok(pack.plan.rules.length >= 10);
  assert.deepEqual(pack.warnings.map(formatProblem), []);
  for (const rule of pack.plan.rules) {
    const attributes = [rule.description, rule.author, rule.date, rule.status, ...rule.references, ...rule.falsepositives, ...rule.tags];
    assert.ok(
      attributes.every((text) => text !== '') && rule.references.length > 0 && rule.falsepositives.length > 0 && rule.tags.length > 0,
      rule.file,
    );
  }
});

/** Tactics of the techniques that the pack names, https://attack.mitre.org/techniques/enterprise/. */
const tacticsOf: Readonly<Record<string, readonly string[]>> = {
  't1040': ['credential-access', 'discovery'], 't1048.003': ['exfiltration'], 't1110.002': ['credential-access'], 't1539': ['credential-access'],
  't1550.004': ['defense-evasion', 'lateral-movement'], 't1557': ['credential-access', 'collection'],
  't1589': ['reconnaissance'], 't1590': ['reconnaissance'], 't1590.005': ['reconnaissance'], 't1592': ['reconnaissance'],
};

test('a rule that names a tactic of ATT&CK names a technique of it, and the other way round', () => {
  for (const { file, tags } of pack.rules) {
    const attack = tags.filter((tag) => tag.startsWith('attack.')).map((tag) => tag.slice('attack.'.length));
    const techniques = attack.filter((name) => /^t\d/.test(name));
    const tactics = attack.filter((name) => !techniques.includes(name));
    for (const technique of techniques) assert.ok(tacticsOf[technique]?.some((tactic) => tactics.includes(tactic)), `${file}: ${technique}`);
    for (const tactic of tactics) assert.ok(techniques.some((technique) => tacticsOf[technique]?.includes(tactic)), `${file}: ${tactic}`);
  }
});

test('every rule that ships is found by a value it requires, none is evaluated for each record', () => {
  assert.equal(pack.plan.unindexed, 0);
});

for (const name of names) {
  test(`${name} does as its fixtures say`, () => {
    const ofFile = ({ file }: { file: string }): boolean => file === name;
    const subject = { rules: pack.rules.filter(ofFile), correlations: pack.correlations.filter(ofFile), allRules: pack.rules };
    assert.deepEqual(checkFixtures(subject, read(name.replace(/\.yml$/, '.fixtures.yml'))).map(formatProblem), []);
  });
}

test('fixtures notice a rule that matches too much or too little, and mistakes of their own', () => {
  const rule = pack.plan.rules.find(({ file }) => file === 'third-party-analytics-contacted.yml')!;
  const text = [
    'match:',
    '  - { name: too little, record: { telltale.role: media } }',
    'no_match:',
    '  - { name: too much, record: { telltale.role: third-party } }',
    '  - { name: typo, record: { telltale.rolle: media, source.port: high } }',
  ].join('\n');
  assert.deepEqual(checkFixtures({ rules: [rule] }, { name: 'f.yml', text }).map(formatProblem), [
    'f.yml:2:13: error: too little: the rule must match, but does not [fixture]',
    'f.yml:4:13: error: too much: the rule must not match, but does [fixture]',
    'f.yml:5:45: error: typo: records have no field "telltale.rolle" [fixture]',
    'f.yml:5:65: error: typo: "source.port" must be a number [fixture]',
  ]);
});

test('a pack loads as a whole or not at all, and its version follows its texts', () => {
  const good = read(names[0]!);
  const bad = { name: 'bad.yml', text: good.text.replace('detection:', 'detektion:') };
  assert.throws(() => loadPack([good, bad]), (error) => error instanceof LocatedError && error.problems.every(({ file }) => file === 'bad.yml'));
  const version = loadPack([good]).version;
  assert.equal(loadPack([good]).version, version);
  assert.notEqual(loadPack([{ ...good, text: `${good.text}# more\n` }]).version, version);
});

test('a pack passes YAML of another kind over, and says so once', () => {
  const files = [read(names[0]!), { name: 'ci/a.yml', text: 'name: Tests\njobs: {}\n' }, { name: 'ci/b.yml', text: '- one\n' }];
  const { rules, warnings } = loadPack(files);
  assert.equal(rules.length, 1);
  assert.deepEqual(warnings.map(formatProblem), [
    'ci/a.yml:1:1: warning: the file has none of the keys of a rule and is skipped, as are 1 more [other-yaml]',
  ]);
});
