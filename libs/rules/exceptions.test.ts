import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowRecord, type Observable } from '#flow';
import { formatProblem } from '#geo';
import { ExceptionSet, parseExceptions } from './exceptions.ts';
import type { Rule } from './rule.ts';

const text =
  'title: Lab\nmatch:\n  source.ip|cidr: 10.9.0.0/16\n  telltale.observable.kind: user_id\nrules: [R]\nowner: netops\n'
    + 'reason: test accounts\nexpires: 2026-06-30\n';
const id = '11111111-aaaa-4333-8444-555555555555';
const parse = (given: string, check = {}): string[] =>
  parseExceptions([{ name: 'e.yml', text: given }], undefined, check).problems.map(formatProblem);

test('an exception is about records, the identifier of the hit, its rules, and ends', () => {
  const { exceptions, problems } = parseExceptions([{ name: 'e.yml', text }]);
  assert.deepEqual(problems, []);
  const set = new ExceptionSet(exceptions);
  const found = (rule: string, ip: string, kind: string, day: string): boolean =>
    set.find({ id: 'x', title: rule } as Rule, Object.assign(createFlowRecord(), { 'source.ip': ip, '@timestamp': Date.parse(day) * 1_000 }), {
      kind,
    } as Observable) !== undefined;
  assert.ok(found('R', '10.9.1.1', 'user_id', '2026-06-30T23:59:59Z'));
  assert.ok(!found('R', '10.9.1.1', 'user_id', '2026-07-01T00:00:00Z'));
  assert.ok(!found('S', '10.9.1.1', 'user_id', '2026-06-30T00:00:00Z'));
  assert.ok(!found('R', '10.8.1.1', 'user_id', '2026-06-30T00:00:00Z'));
  assert.ok(!found('R', '10.9.1.1', 'room_id', '2026-06-30T00:00:00Z'));
});

test('an exception that has expired is warned about, and what is missing or wrong is an error with its place', () => {
  assert.deepEqual(parse(text, { now: Date.UTC(2026, 5, 30) * 1_000 }), []);
  assert.deepEqual(parse(text, { now: Date.UTC(2026, 6, 1) * 1_000 }), [
    'e.yml:8:10: warning: the exception expired on 2026-06-30: what it matched is reported again [expired]',
  ]);
  assert.deepEqual(parse('match: { source.ip: x }\nexpires: soon\nuntil: 1'), [
    'e.yml:3:1: error: the key "until" is unknown: expected one of title, match, rules, owner, reason, expires [exception]',
    'e.yml:1:1: error: an exception needs an owner [exception]',
    'e.yml:1:1: error: an exception needs a reason [exception]',
    'e.yml:2:10: error: an exception needs the day on which it expires, such as 2026-12-31 [exception]',
  ]);
  assert.deepEqual(parse(text.replace('source.ip', 'source.pi')), [
    'e.yml:3:3: error: the field "source.pi" is unknown (did you mean "source.ip"?) [unknown-field]',
  ]);
  assert.deepEqual(parse(text.replace(/match:[^]*user_id/, 'match: {}')), [
    'e.yml:2:8: error: an exception needs "match", a search as in a rule [exception]',
  ]);
});

test('an exception for rules that are not there is warned about; ids may be written in capitals', () => {
  const named = text.replace('[R]', `[R, ${id.toUpperCase()}, Gone]`);
  assert.deepEqual(parse(named, { known: new Set(['R', id]) }), [
    'e.yml:5:50: warning: no rule has the id or title "Gone", so that the exception has no effect on it [unknown-rule]',
  ]);
  const { exceptions } = parseExceptions([{ name: 'e.yml', text: named }]);
  const record = Object.assign(createFlowRecord(), { 'source.ip': '10.9.1.1' });
  assert.ok(new ExceptionSet(exceptions).find({ id, title: '' } as Rule, record, { kind: 'user_id' } as Observable));
});
