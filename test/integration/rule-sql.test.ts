import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { formatProblem } from '#geo';
import { compileRules, parseRules, ruleSql, type Rule } from '#rules';
import { projectRoot } from '#runtime';
import type { Store } from '#store';
import { temporaryStore } from '../../libs/store/testing.ts';
import { readLogSources } from '../../services/detector/rule-folder.ts';

const logSources = await readLogSources(projectRoot);
let folder: Awaited<ReturnType<typeof temporaryStore>>;
let store: Store;
before(async () => {
  folder = await temporaryStore();
  store = folder.store;
});
after(async () => { await folder[Symbol.asyncDispose](); });

const texts = [
  '', 'Abcd', 'abcde', 'ab', 'b', 'cd ab', "it's", 'a\\b', 'a%b', 'a_b', '100%', 'a*b', 'a?b', 'x.y', 'zz.Example.com', 'é-abc', 'ÉAB',
  'ΑΣ', 'xΑΣΑ', '\u212a', '\u017f', 'ß',
  'a\nb', 'a\rb', 'ab\u2028', '\u00a0ab', '\tab ', '字', '443', '12', '-3.5', '1e3', '0x10', ' 7', '/a/b.php', '/a.b/c', '{user_id}',
  'x'.repeat(4095) + 'abc',
];
const addresses = [
  '', '10.1.2.3', '10.9.0.1', '192.0.2.7', '255.255.255.255', '2001:db8::7', 'fe80::1%eth0', '::ffff:10.1.2.3', '::', 'none', '010.1.1.1',
  '1.2.3', 'ab',
];
const times = [
  '1970-01-01T00:00:00.000001Z', '2020-12-31T23:59:59.999999Z', '2021-01-03T12:34:56Z', '2026-03-09T22:10:00Z', '2024-02-29T00:00:00Z',
].map((text) => Date.parse(text) * 1000).concat(0);
const kinds = ['user_id', 'imei', 'room_id', ''];
const observable = fc.record<Observable>({
  kind: fc.constantFrom(...kinds),
  path: fc.constantFrom('url.query.uid', 'udp.payload@12', 'ab'),
  encoding: fc.constantFrom('', 'url>base64'),
  visibility: fc.constantFrom('cleartext', 'inspected'),
  sender: fc.constantFrom('source', 'destination'),
  confidence: fc.integer({ min: 0, max: 3 }),
  watchlist: fc.constantFrom('', 'vip'),
  mask: fc.constant('*'),
  token: fc.constant('t'),
  frame: fc.constant(1),
});
const text = fc.constantFrom(...texts);
const record = fc.record({
  'network.protocol': fc.constantFrom('', 'http', 'dns', 'tls', 'AB'), 'destination.domain': text, 'user_agent.original': text,
  'url.path': text, 'url.query': text, 'url.domain': fc.constantFrom('', 'Ab.example'),
  'http.request.method': fc.constantFrom('', 'GET', 'POST'), 'source.ip': fc.constantFrom(...addresses),
  'destination.ip': fc.constantFrom(...addresses), 'telltale.peer.ip': fc.constantFrom(...addresses),
  'destination.port': fc.constantFrom(0, 1, 53, 443, 8801), 'source.bytes': fc.constantFrom(0, 2, 2 ** 53 - 1),
  '@timestamp': fc.constantFrom(...times), 'event.start': fc.constantFrom(...times),
  'dns.resolved_ip': fc.subarray(addresses.slice(1)), 'telltale.flow.observable_kinds': fc.subarray(kinds.slice(0, 3)),
  'telltale.observables': fc.array(observable, { maxLength: 3 }),
}).map((fields) => Object.assign(createFlowRecord(), fields) as FlowRecord);

const list = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength: 3 });
const textField = fc.constantFrom(
  'network.protocol', 'destination.domain', 'user_agent.original', 'url.path', 'url.query', 'url.original', 'url.extension',
  'dns.resolved_ip', 'telltale.flow.observable_kinds',
  'telltale.observable.kind', 'telltale.observable.path', 'telltale.observable.encoding', 'destination.port',
  'telltale.observable.confidence', '@timestamp',
);
const part = text.map((one) => one.slice(0, 6));
const value = fc.oneof(part, fc.tuple(part, fc.constantFrom('*', '?', '\\*', '\\?', '\\\\', '**'), part).map((parts) => parts.join('')));
const patterns = [
  'b', '^ab', 'ab$', '(ab|cd)+', '(Ab|b)c?', '[a-c]{2,}', 'x?', '\\s', '^\\S+$', '\\d', '\\w+\\b', '\\W', 'a.b', '^.$', '(?i)É', '(?i)k',
  '(?i)s', '(?i)[k-s]', '[^a]$', '^[^/]+$', '\\.php', '\\Bb', 'x+abc$', "'", '\\\\', '%', 'ß',
  '[\\d.]+', '(a|)b', '(ab){1,3}', '\\u00e9', '\\x41', '(?:)', '{', 'a{', '[]', '[^]', '\\/', '(?<name>a)b', '字',
];
/** Key of a search, and its values. */
const entry: fc.Arbitrary<[string, unknown]> = fc.oneof(
  fc.tuple(
    textField,
    fc.constantFrom('', '|contains', '|startswith', '|endswith'),
    fc.constantFrom('', '|cased'),
    fc.constantFrom('', '|neq', '|all'),
    list(value),
  ).map(([field, anchor, cased, more, values]) => [`${field}${anchor}${cased}${more}`, values] as [string, unknown]),
  fc.tuple(
    textField, fc.constantFrom('', '|i', '|s', '|m'), list(fc.constantFrom(...patterns)),
  ).map(([field, flags, values]) => [`${field}|re${flags}`, values] as [string, unknown]),
  fc.tuple(
    fc.constantFrom('source.ip', 'destination.ip', 'dns.resolved_ip', 'destination.domain', 'destination.port'),
    list(fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '192.0.2.7', '2001:db8::/32', '::/0', 'fe80::/10', '::ffff:0:0/96')),
  ).map(([field, values]) => [`${field}|cidr`, values] as [string, unknown]),
  fc.tuple(
    fc.constantFrom(
      'destination.port',
      'source.bytes',
      'telltale.observable.confidence',
      'destination.domain',
      'url.path',
      'dns.resolved_ip',
      '@timestamp',
    ),
    fc.constantFrom('lt', 'lte', 'gt', 'gte'),
    fc.constantFrom(0, 1, 2, 443, 12.5, -1, 2 ** 53 - 1),
  ).map(([field, how, number]) => [`${field}|${how}`, number] as [string, unknown]),
  fc.tuple(
    fc.constantFrom('destination.port', 'source.bytes', 'telltale.observable.confidence'),
    list(fc.constantFrom<string | number | null>(0, 1, 443, '443', '4*', null)),
  ).map(([field, values]) => [field, values] as [string, unknown]),
  fc.tuple(
    fc.constantFrom('@timestamp', 'event.start'),
    fc.constantFrom('minute', 'hour', 'day', 'week', 'month', 'year'),
    fc.constantFrom('', '|lt', '|gte'),
    fc.constantFrom(0, 1, 3, 10, 22, 29, 53, 59, 1970, 2020),
  ).map(([field, unit, how, number]) => [`${field}|${unit}${how}`, number] as [string, unknown]),
  fc.tuple(
    textField,
    fc.constantFrom('', '|contains', '|startswith', '|endswith'),
    fc.constantFrom(
      'user_agent.original', 'dns.resolved_ip', 'url.query', 'destination.port', 'telltale.observable.path', 'url.original', 'source.bytes',
    ),
  ).map(([field, anchor, other]) => [`${field}|fieldref${anchor}`, other] as [string, unknown]),
  fc.tuple(
    fc.oneof(textField, fc.constantFrom('telltale.observables', 'telltale.peer.ip')), fc.boolean(),
  ).map(([field, expected]) => [`${field}|exists`, expected] as [string, unknown]),
  fc.tuple(
    fc.constantFrom('destination.domain', 'dns.resolved_ip', 'url.original', 'telltale.observable.kind'), fc.constantFrom(null, ''),
  ).map(([field, nothing]) => [field, nothing] as [string, unknown]),
);
const keywords = list(part.filter((one) => one !== ''));
const search = fc.oneof({ arbitrary: list(entry).map((entries) => Object.fromEntries(entries)), weight: 6 }, { arbitrary: keywords, weight: 1 });
const condition = fc.constantFrom('a', 'not a', 'a and b', 'a or b', 'a and not b', 'not (a or b)', '1 of them', 'all of them and not b');
const logsource = fc.constantFrom({ product: 'telltale' }, { product: 'telltale' }, { category: 'proxy' }, { category: 'dns' });
const written = fc.tuple(search, search, condition, logsource).map(([a, b, both, source]) =>
  JSON.stringify({ title: 'T', id: '11111111-2222-4333-8444-555555555555', level: 'low', logsource: source, detection: { a, b, condition: both } }));

/** The rule of a YAML text; undefined when it is refused, or does not run. */
function ruleOf(source: string): Rule | undefined {
  const { rules: [rule], problems } = parseRules([{ name: 't.yml', text: source }], { logSources });
  // What is generated may be without meaning (an encoding of a number, say), but its syntax is right.
  assert.deepEqual(problems.filter(({ code }) => code === 'yaml').map(formatProblem), []);
  return rule?.evaluable === 'no' ? undefined : rule;
}

test('a rule selects in SQL, over stored flows, what it matches in the stream, and the same observables', async (context) => {
  const records = fc
    .sample(record, { numRuns: 300, seed: 20_260_801 })
    .map((one, i) => Object.assign(one, { 'event.id': `r${i}`, 'telltale.flow.id': `f${i}` }));
  await store.write(records, []);
  assert.equal(store.counters.flows, records.length, 'every record is stored, or the comparison says nothing');
  let compared = 0;
  let matched = 0;
  await fc.assert(fc.asyncProperty(written, async (source) => {
    const rule = ruleOf(source);
    const sql = rule && ruleSql(rule);
    if (!rule || sql?.convertible !== 'whole') return;
    const expected: string[] = [];
    const plan = compileRules([rule]);
    for (const one of records) {
      plan.evaluate(one, (_, observables) => {
        expected.push(`${one['event.id']} ${observables.map((each) => one['telltale.observables'].indexOf(each) + 1).join(',')}`);
      });
    }
    const rows = await store.query<{ id: string; observables: number[] }>(
      `SELECT event_id AS id, ${sql.observables ?? '[]'} AS observables FROM flows FINAL WHERE ${sql.condition}`
    );
    assert.deepEqual(rows.map(({ id, observables }) => `${id} ${observables.join(',')}`).toSorted(), expected.toSorted(), sql.condition);
    compared += 1;
    matched += expected.length;
  }), { numRuns: 400 });
  context.diagnostic(`${compared} rules compared, ${matched} matches`);
  assert.ok(compared > 150 && matched > 2_000, 'too few rules ran to say anything');
});

test('what ClickHouse cannot do is named with its place, and the rest is converted', () => {
  const converted = (detection: string): ReturnType<typeof ruleSql> => {
    const {
      rules: [rule],
      problems,
    } = parseRules([
      {
        name: 't.yml',
        text: `title: T\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { product: telltale }\ndetection: ${detection}`,
      },
    ]);
    assert.deepEqual(problems.map(formatProblem), []);
    return ruleSql(rule!);
  };
  assert.deepEqual(converted("{ a: { url.path|re: 'ab(?=c)' }, condition: a }"), {
    convertible: 'no', condition: '0', observables: undefined,
    gaps: ['url.path: the regular expression cannot be written in SQL at character 3: ClickHouse does not support look-around'],
  });
  assert.deepEqual(converted("{ a: { url.path|re|m: '^x' }, condition: a }").gaps, [
    'url.path: the regular expression cannot be written in SQL at character 1: ClickHouse does not support "^" at lines (|m)',
  ]);
  assert.deepEqual(converted(String.raw`{ a: { url.path|re: '(a)\1' }, condition: a }`).gaps, [
    'url.path: the regular expression cannot be written in SQL at character 4: ClickHouse does not support back references',
  ]);
  assert.deepEqual(converted(String.raw`{ a: { url.path|re: '^/x/(?>y)/(\w)\1' }, condition: a }`).gaps, [
    'url.path: the regular expression cannot be written in SQL at character 5: ClickHouse does not support atomic groups',
  ]);
  assert.deepEqual(converted("{ a: { url.path|re: 'a{1001}' }, condition: a }").gaps, [
    'url.path: the regular expression cannot be written in SQL at character 1: ClickHouse does not support counts over 1000',
  ]);
  const rest = converted("{ a: { url.path|re: ['(?=x)', '^/v'] }, condition: a }");
  assert.equal(rest.convertible, 'part');
  assert.equal(rest.condition, "match(leftUTF8(url_path, 4096), '^/v')");
  assert.equal(converted("{ a: { url.path|re: '(?=x)' }, b: { network.protocol: http }, condition: b and not a }").convertible, 'no');
});
