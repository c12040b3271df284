import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { formatProblem } from '#geo';
import { compileRules } from './compile.ts';
import { parseRules, type ParsedRules } from './parse.ts';

const id = (n: number): string => `11111111-2222-4333-8444-${String(n).padStart(12, '0')}`;
const parse = (...documents: string[]): ParsedRules => parseRules([{ name: 't.yml', text: documents.join('\n---\n') }]);
const rule = (n: number, search: string, name = ''): string =>
  `title: R${n}\nid: ${id(n)}\n${name && `name: ${name}\n`}level: low\nlogsource: { product: telltale }\ndetection: { s: ${search}, condition: s }`;
const matching = ({ rules }: ParsedRules, fields: Partial<FlowRecord>): string[] => {
  const found: string[] = [];
  compileRules(rules).evaluate(Object.assign(createFlowRecord(), fields), ({ title }) => found.push(title));
  return found.sort();
};

test('a collection: global attributes go into what follows, until a reset', () => {
  const parsed = parse(
    `action: global\ntitle: Common\nid: ${id(1)}\nlevel: low\ntags: [a.b]\ndetection: { s: { url.path: /x } }`,
    'logsource: { product: telltale }\ntags: [c.d]\ndetection: { condition: s }',
    'title: Second\nlogsource: { product: telltale }\ndetection: { t: { destination.port: 80 }, condition: s and t }',
    'action: reset',
    rule(7, '{ url.path: /y }'),
  );
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  assert.deepEqual(parsed.rules.map(({ title, tags }) => [title, tags]), [['Common', ['a.b', 'c.d']], ['Second', ['a.b']], ['R7', []]]);
  assert.equal(new Set(parsed.rules.map((one) => one.id)).size, 3);
  assert.deepEqual(matching(parsed, { 'url.path': '/x' }), ['Common']);
  assert.deepEqual(matching(parsed, { 'url.path': '/x', 'destination.port': 80 }), ['Common', 'Second']);
});

test('a collection: repeat puts the document before under this one', () => {
  const parsed = parse(rule(1, '{ url.path: /x }'), `action: repeat\ntitle: Again\nid: ${id(2)}\ndetection: { s: { destination.port: 80 } }`);
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  assert.deepEqual(matching(parsed, { 'url.path': '/x' }), ['R1']);
  assert.deepEqual(matching(parsed, { 'url.path': '/x', 'destination.port': 80 }), ['Again', 'R1']);
});

test('a collection: what is wrong has its place', () => {
  assert.deepEqual(parse('action: repeat\ntitle: T').problems.map(formatProblem), [
    't.yml:1:1: error: there is no document before this one that could be repeated [action]',
  ]);
  assert.deepEqual(parse('action: often').problems.map(formatProblem), [
    't.yml:1:9: error: the action "often" is unknown: expected global, reset or repeat [action]',
  ]);
  const [problem] = parse(
    `action: global\nlevel: low\nlogsource: { product: telltale }`,
    `title: T\nid: ${id(1)}\ndetection:\n  s: { url.pth: x }\n  condition: s`,
  ).problems;
  assert.equal(formatProblem(problem!), 't.yml:8:8: error: the field "url.pth" is unknown (did you mean "url.path"?) [unknown-field]');
});

const correlation = (section: string): string => `title: C\nid: ${id(9)}\nlevel: high\ncorrelation:\n${section.replace(/^/gm, '  ')}`;
const rules = [rule(1, '{ url.path: /x }', 'first'), rule(2, '{ url.path: /y }', 'second')];

test('correlations: all types, with their conditions', () => {
  const sections = [
    'type: event_count\nrules: [first]\ngroup-by: [source.ip]\ntimespan: 1h\ncondition: { gt: 100, lte: 200 }',
    `type: value_count\nrules:\n  - ${id(1)}\ngroup-by:\n  - source.ip\ntimespan: 1d\ncondition: { field: destination.ip, gte: 100 }`,
    'type: value_count\nrules: [first]\ntimespan: 30s\ncondition: { field: [destination.ip, destination.port], eq: 3 }',
    'type: temporal\nrules: [first, second]\ngroup-by: [internal]\ntimespan: 5m\naliases:\n  internal:\n    first: source.ip\n'
      + '    second: destination.ip',
    'type: temporal_ordered\nrules: [first, second]\ngroup-by: [source.ip]\ntimespan: 90m\ncondition: first AND second',
    'type: temporal\nrules: [first, second]\ngroup-by: [source.ip]\ntimespan: 90m\ncondition: { gte: 2 }',
    'type: value_sum\nrules: [first]\ngroup-by: [source.ip]\ntimespan: 1h\ncondition: { field: source.bytes, neq: 0 }',
    'type: value_avg\nrules: [first]\ngroup-by: [source.ip]\ntimespan: 1h\ncondition: { field: source.bytes, lt: 10 }',
    'type: value_percentile\nrules: [first]\ngroup-by: [source.ip]\ntimespan: 24h\ncondition: { field: source.bytes, percentile: 95, lte: 1 }',
    'type: value_median\nrules: [first]\ngroup-by: [source.ip]\ntimespan: 7d\ncondition: { field: source.bytes, gt: 1 }',
  ];
  const parsed = sections.map((section) => parse(...rules, correlation(section)));
  assert.deepEqual(parsed.flatMap(({ problems }) => problems.map(formatProblem)), []);
  const read = parsed.map(({ correlations }) => correlations[0]!);
  assert.deepEqual(read[0]!.bounds, [{ comparison: 'gt', value: 100 }, { comparison: 'lte', value: 200 }]);
  assert.deepEqual(read[2]!.fields, ['destination.ip', 'destination.port']);
  assert.equal(read[3]!.aliases.get('internal')?.get('second'), 'destination.ip');
  assert.equal(read[4]!.condition?.type, 'and');
  assert.equal(read[8]!.percentile, 95);
  assert.deepEqual(read.map(({ timespanSeconds }) => timespanSeconds), [3_600, 86_400, 30, 300, 5_400, 5_400, 3_600, 3_600, 86_400, 604_800]);
});

test('correlations: one may count another', () => {
  const chained = `title: D\nid: ${id(8)}\nlevel: high\ncorrelation: { type: temporal_ordered, rules: [many, second], group-by: `
    + '[source.ip], timespan: 1h }';
  const parsed = parse(
    ...rules,
    correlation('type: event_count\nrules: [first]\ngroup-by: [source.ip]\ntimespan: 1h\ncondition: { gte: 10 }').replace(
      'title: C',
      'title: C\nname: many',
    ),
    chained,
  );
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  assert.equal(parsed.correlations.length, 2);
});

test('correlations: what is wrong has its place', () => {
  const problems = (section: string): string[] =>
    parseRules([
      { name: 'r.yml', text: rules.join('\n---\n') },
      { name: 't.yml', text: correlation(section) },
    ]).problems.map(formatProblem);
  const rest = 'rules: [first]\ngroup-by: [source.ip]\n';
  assert.deepEqual(problems(`type: event_cuont\n${rest}timespan: 1h\ncondition: { gte: 1 }`), [
    't.yml:5:9: error: the type "event_cuont" is unknown: expected one of event_count, value_count, temporal, temporal_ordered, value_sum, '
      + 'value_avg, value_percentile, value_median [correlation]',
  ]);
  assert.deepEqual(problems(`type: event_count\n${rest}timespan: 1 hour\ncondition: { gte: 1 }`), [
    't.yml:8:13: error: "1 hour" is not a timespan: expected a number followed by s, m, h or d, such as 90m [timespan]',
  ]);
  assert.deepEqual(problems(`type: event_count\n${rest}timespan: 1h`), [
    't.yml:5:3: error: event_count needs a condition, such as gte: 10 [condition]',
  ]);
  assert.deepEqual(problems(`type: value_count\n${rest}timespan: 1h\ncondition: { gte: 1 }`), [
    't.yml:9:14: error: a condition of type value_count must name the field whose values count [condition]',
  ]);
  assert.deepEqual(
    problems(`type: event_count\n${rest}timespan: 1h\ncondition: { min: 1 }`).map((text) => text.split(':').slice(0, 3).join(':')),
    ['t.yml:9:16', 't.yml:9:14'],
  );
  assert.deepEqual(problems('type: temporal\nrules: [first, third]\ngroup-by: [source.ip]\ntimespan: 1h'), [
    't.yml:6:18: error: no rule has the id or name "third" [unknown-rule]',
  ]);
  assert.deepEqual(problems(`type: temporal\n${rest}timespan: 1h\naliases: { a: { second: source.ip } }`), [
    't.yml:9:19: error: the correlation does not name a rule "second" [aliases]',
  ]);
  assert.deepEqual(problems(`type: temporal\n${rest}timespan: 1h\ncondition: first and`), [
    't.yml:9:23: error: the condition ends where a search name, "not" or "(" is expected [condition]',
  ]);
});

const filter = (about: string): string =>
  `title: F\nid: ${id(5)}\nlogsource: { product: telltale }\nfilter:\n  rules: ${about}\n  selection: { source.ip: 10.0.0.1 }\n`
    + '  condition: not selection';

test('filters: rules that they name must meet their condition too', () => {
  for (const about of ['[first]', `[${id(1)}]`]) {
    const parsed = parse(...rules, filter(about));
    assert.deepEqual(parsed.problems.map(formatProblem), []);
    assert.deepEqual(matching(parsed, { 'url.path': '/x' }), ['R1']);
    assert.deepEqual(matching(parsed, { 'url.path': '/x', 'source.ip': '10.0.0.1' }), []);
    assert.deepEqual(matching(parsed, { 'url.path': '/y', 'source.ip': '10.0.0.1' }), ['R2']);
  }
  assert.deepEqual(matching(parse(...rules, filter('any')), { 'url.path': '/y', 'source.ip': '10.0.0.1' }), []);
  assert.deepEqual(
    matching(parse(...rules, filter('any').replace('product: telltale', 'category: proxy')), { 'url.path': '/y', 'source.ip': '10.0.0.1' }),
    ['R2'],
  );
  assert.match(
    formatProblem(parse(...rules, filter('[third]')).problems[0]!),
    /warning: no rule has the id or name "third", so that there is nothing to filter/,
  );
});
