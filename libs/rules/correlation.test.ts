import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from '#geo';
import { checkFixtures } from './fixtures.ts';
import { parseRules } from './parse.ts';

const login = `title: Failed login
name: failed
id: 11111111-2222-4333-8444-000000000001
level: low
logsource: { product: telltale }
detection: { a: { http.response.status_code: 401 }, condition: a }
`;
const success = login.replace('Failed', 'Good').replace('failed', 'good').replace('0001', '0002').replace('401', '200');
const correlation = (text: string): string => `title: Guessed
id: 11111111-2222-4333-8444-00000000000a
level: high
correlation:
  ${text.trim().replaceAll('\n', '\n  ')}
`;
const guessing = correlation(`
type: temporal_ordered
rules: [failed, good]
group-by: [client]
timespan: 10m
aliases:
  client: { failed: source.ip, good: telltale.subject.ip }`);

function parse(...documents: string[]): ReturnType<typeof parseRules> {
  return parseRules([{ name: 't.yml', text: documents.join('---\n') }]);
}
const problems = (...documents: string[]): string[] => parse(...documents).problems.map(formatProblem);

test('a rule that a correlation looks at is silent, unless the correlation says generate', () => {
  assert.deepEqual([...parse(login, success, guessing).silent], ['11111111-2222-4333-8444-000000000001', '11111111-2222-4333-8444-000000000002']);
  assert.deepEqual([...parse(login, success, `${guessing}  generate: true\n`).silent], []);
  assert.deepEqual(
    [
      ...parse(
        login,
        success,
        guessing,
        guessing.replace('00000a', '00000b').replace('[failed, good]', '[failed]').replace(', good: telltale.subject.ip', '').replace(
          'timespan', 'generate: true\n  timespan',
        ),
      ).silent,
    ],
    ['11111111-2222-4333-8444-000000000002'],
  );
});

test('a rule stays loud while the correlation over it cannot run', () => {
  const windows = login.replace('product: telltale', 'product: windows').replace('http.response.status_code', 'EventID');
  const { silent, correlations, problems: [, problem] } = parse(windows, success, guessing);
  assert.deepEqual([silent.size, correlations[0]!.evaluable], [0, 'no']);
  assert.match(formatProblem(problem!), /has no mapping|not evaluable/);
});

test('what a correlation refers to is checked, with its place', () => {
  assert.deepEqual(problems(login, success, guessing), []);
  assert.deepEqual(problems(login, guessing), [
    't.yml:13:19: error: no rule has the id or name "good" [unknown-rule]',
  ]);
  assert.deepEqual(problems(login, success, guessing.replace('source.ip', 'source.pi')), [
    't.yml:21:13: error: the field "client" of rule "Failed login" is unknown [unknown-field]',
  ]);
  assert.deepEqual(
    problems(login, correlation('type: event_count\nrules: [failed]\ntimespan: 40d\ncondition: { gte: 2 }')),
    [
      't.yml:13:10: warning: it cannot be evaluated here: its timespan is longer than 31 days, and the events of rules are kept only for '
        + '35 [not-evaluable]',
    ],
  );
  assert.deepEqual(
    problems(login, correlation('type: value_sum\nrules: [failed]\ntimespan: 1h\ncondition: { field: url.path, gte: 2 }')),
    ['t.yml:15:14: error: the field "url.path" does not hold numbers [unknown-field]'],
  );
  assert.deepEqual(
    problems(login, correlation('type: event_count\nrules: [failed, failed]\ntimespan: 1h\ncondition: { gte: 2 }')),
    ['t.yml:13:10: error: the correlation names a rule twice [correlation]'],
  );
  assert.deepEqual(
    problems(login, success, correlation('type: temporal\nrules: [failed, good]\ntimespan: 1h\ncondition: failed and not godo')),
    ['t.yml:22:14: error: the correlation names no rule "godo" [condition]'],
  );
  const self = correlation('type: event_count\nrules: [11111111-2222-4333-8444-00000000000a]\ntimespan: 1h\ncondition: { gte: 2 }');
  assert.match(problems(self)[0]!, /^t\.yml:6:11: error: through "11111111-2222-4333-8444-00000000000a" the correlation would count its own events/);
});

const fixtures = `
match:
  - name: a good login after a failed one
    records:
      - { time: 2026-08-01T12:00:00Z, record: { source.ip: 10.0.0.1, http.response.status_code: 401 } }
      - { time: 2026-08-01T12:09:59Z, record: { telltale.subject.ip: 10.0.0.1, http.response.status_code: 200 } }
no_match:
  - name: ten minutes later
    records:
      - { time: 2026-08-01T12:00:00Z, record: { source.ip: 10.0.0.1, http.response.status_code: 401 } }
      - { time: 2026-08-01T12:10:00Z, record: { telltale.subject.ip: 10.0.0.1, http.response.status_code: 200 } }
  - name: of somebody else
    records:
      - { time: 2026-08-01T12:00:00Z, record: { source.ip: 10.0.0.1, http.response.status_code: 401 } }
      - { time: 2026-08-01T12:00:01Z, record: { telltale.subject.ip: 10.0.0.2, http.response.status_code: 200 } }
  - name: the other way round
    records:
      - { time: 2026-08-01T12:00:01Z, record: { source.ip: 10.0.0.1, http.response.status_code: 401 } }
      - { time: 2026-08-01T12:00:00Z, record: { telltale.subject.ip: 10.0.0.1, http.response.status_code: 200 } }
`;

test('fixtures of a correlation: several records with their times', () => {
  const { rules, correlations } = parse(login, success, guessing);
  const check = (text: string): string[] => checkFixtures({ rules, correlations }, { name: 'f.yml', text }).map(formatProblem);
  assert.deepEqual(check(fixtures), []);
  assert.deepEqual(check(fixtures.replace('12:09:59', '12:11:00')), [
    'f.yml:3:11: error: a good login after a failed one: the correlation must match, but does not [fixture]',
  ]);
  assert.deepEqual(check(fixtures.replace('12:10:00', '12:05:00')), [
    'f.yml:8:11: error: ten minutes later: the correlation must not match, but does [fixture]',
  ]);
  assert.deepEqual(check(fixtures.replace('source.ip: 10.0.0.1', 'source.pi: 10.0.0.1')).slice(0, 1), [
    'f.yml:5:60: error: a good login after a failed one: records have no field "source.pi" [fixture]',
  ]);
});
