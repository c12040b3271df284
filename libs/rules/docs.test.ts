import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { formatProblem } from '#geo';
import { compileRules } from './compile.ts';
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
  kinds: new Map([
    ['imei', 'device'],
    ['user_id', 'account'],
    ['room_id', 'room'],
    ['join_link', 'room'],
  ]),
  jurisdictions: Jurisdictions.parse(file('libs/rules/jurisdictions.yaml')),
  policies: ['conferencing', 'eea-voice'],
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
    'title: Echo\nid: 4f5d2f0e-8a5e-4c61-9a0b-6f8f6b3d2b11\nlevel: low\nlogsource: { product: telltale }\n'
      + 'detection: { a: { destination.port: 7 }, condition: a }',
    rules.find((text) => text.includes('correlation:'))!.replace('gt: 10', 'gt: 1'),
  ].join('\n---\n') }]);
  assert.deepEqual(checkFixtures(counted, { name: 'docs/rules.md', text: fixtures[1]! }).map(formatProblem), []);
  parsePolicy(policies[0]!, 'docs/rules.md', {
    jurisdictions: Jurisdictions.parse(file('libs/rules/jurisdictions.yaml')),
    services: ['Zoom', 'Teams'],
  });
});

test('docs/rules.md: every modifier of the language is shown', () => {
  const shown = new Set(
    [...page.matchAll(/^\| ((?:`[^`]*`(?:, )?)+) \| `/gm)].flatMap(([, names]) =>
      [...names!.matchAll(/`([^`]*)`/g)].map(([, name]) => name!.replaceAll('\\|', '|')),
    ),
  );
  for (const modifier of modifierNames) assert.ok(shown.has(modifier) || shown.has(`re|${modifier}`), modifier);
});

const observable = (kind: string): Partial<FlowRecord> => ({ 'telltale.observables': [{
  kind, path: 'url.query.uid', encoding: '', visibility: 'cleartext', confidence: 90, mask: '', token: 't', sender: 'source', frame: 1, watchlist: '',
}] });
const utf16 = (text: string): string => Buffer.from(text, 'utf16le').toString('base64');
const at = (time: string): number => Date.parse(time) * 1_000;
const peer = { 'telltale.peer.ip': '192.0.2.7', 'destination.ip': '192.0.2.7' };

/** For each example of the page what it matches, and what it does not. */
const meaning: Record<string, [match: Partial<FlowRecord>[], other: Partial<FlowRecord>[]]> = {
  'url.path|contains: /admin/': [[{ 'url.path': '/x/ADMIN/y' }], [{ 'url.path': '/admin' }]],
  'url.path|startswith: /api/': [[{ 'url.path': '/API/x' }], [{ 'url.path': '/x/api/' }]],
  'destination.domain|endswith: .zoom.us': [[{ 'destination.domain': 'a.Zoom.us' }], [{ 'destination.domain': 'zoom.us' }]],
  'url.query|contains|all: [uid=, room=]': [[{ 'url.query': 'room=1&uid=2' }], [{ 'url.query': 'uid=2' }]],
  'http.request.method|cased: POST': [[{ 'http.request.method': 'POST' }], [{ 'http.request.method': 'post' }]],
  "url.path|re: '^/v\\d+/'": [[{ 'url.path': '/v2/x' }], [{ 'url.path': '/V2/x' }, { 'url.path': '/a/v2/' }]],
  "url.path|re|i: '^/login'": [[{ 'url.path': '/LOGIN/x' }], [{ 'url.path': '/a/login' }]],
  "url.query|re|m: '^uid=\\d+$'": [[{ 'url.query': 'a\nuid=1\nb' }], [{ 'url.query': 'a uid=1' }]],
  "url.query|re|s: 'uid=.*room='": [[{ 'url.query': 'uid=1\nroom=2' }], [{ 'url.query': 'room=1\nuid=2' }]],
  'destination.ip|cidr: [192.0.2.0/24, 2001:db8::/32]': [
    [{ 'destination.ip': '192.0.2.255' }, { 'destination.ip': '2001:db8::1' }],
    [{ 'destination.ip': '192.0.3.1' }, {}],
  ],
  'destination.domain|exists: false': [[{}], [{ 'destination.domain': 'a' }]],
  'source.bytes|lt: 100': [[{ 'source.bytes': 99 }], [{ 'source.bytes': 100 }]],
  'source.port|lte: 1023': [[{ 'source.port': 1_023 }], [{ 'source.port': 1_024 }]],
  'telltale.sampling.rate|gt: 1': [[{ 'telltale.sampling.rate': 2 }], [{ 'telltale.sampling.rate': 1 }]],
  'destination.port|gte: 8801': [[{ 'destination.port': 8_801 }], [{ 'destination.port': 8_800 }]],
  'network.protocol|neq: [tls, quic]': [[{ 'network.protocol': 'http' }], [{ 'network.protocol': 'quic' }]],
  'url.domain|fieldref: destination.domain': [
    [{ 'url.domain': 'a.example', 'destination.domain': 'A.example' }],
    [{ 'url.domain': 'a.example', 'destination.domain': 'b.example' }],
  ],
  'url.query|base64|contains: secret': [[{ 'url.query': 'q=c2VjcmV0' }], [{ 'url.query': 'q=C2VjcmV0' }, { 'url.query': 'secret' }]],
  'url.query|base64offset|contains: secret': [
    ['', 'x', 'xx'].map((before) => ({ 'url.query': Buffer.from(`${before}secret!`).toString('base64') })),
    [{ 'url.query': Buffer.from('secrex').toString('base64') }],
  ],
  'url.query|wide|base64offset|contains: http': [[{ 'url.query': utf16('a http') }], [{ 'url.query': Buffer.from('http').toString('base64') }]],
  'url.query|utf16le|base64offset|contains: http': [
    [{ 'url.query': utf16('ab http') }],
    [{ 'url.query': Buffer.from('http', 'utf16le').swap16().toString('base64') }],
  ],
  'url.query|utf16be|base64offset|contains: http': [
    [{ 'url.query': Buffer.from('a http', 'utf16le').swap16().toString('base64') }],
    [{ 'url.query': utf16('http') }],
  ],
  'url.query|utf16|base64|startswith: https': [[{ 'url.query': utf16('\ufeffhttps://x') }], [{ 'url.query': utf16('https://x') }]],
  "user_agent.original|windash|contains: ' -o'": [
    [{ 'user_agent.original': 'curl /o' }, { 'user_agent.original': 'curl –o' }],
    [{ 'user_agent.original': 'curl o' }],
  ],
  "destination.domain|expand: '%Servers%.example'": [[{ 'destination.domain': 'web7.example' }], [{ 'destination.domain': '%Servers%.example' }]],
  "'@timestamp|minute|lt': 5": [[{ '@timestamp': at('2026-08-01T22:04:59Z') }], [{ '@timestamp': at('2026-08-01T22:05:00Z') }]],
  "'@timestamp|day': 1": [[{ '@timestamp': at('2026-08-01T22:04:59Z') }], [{ '@timestamp': at('2026-08-02T00:00:00Z') }]],
  'event.start|month: [7, 8]': [[{ 'event.start': at('2026-08-31T23:59:59Z') }], [{ 'event.start': at('2026-09-01T00:00:00Z') }]],
  'event.start|year|lt: 2026': [[{ 'event.start': at('2025-12-31T23:59:59Z') }], [{ 'event.start': at('2026-01-01T00:00:00Z') }]],
  "'@timestamp|hour|gte': 22": [[{ '@timestamp': at('2026-08-01T22:00:00Z') }], [{ '@timestamp': at('2026-08-01T21:59:59Z') }]],
  'event.start|week: 53': [[{ 'event.start': at('2026-12-31T00:00:00Z') }], [{ 'event.start': at('2025-12-31T00:00:00Z') }]],
  'telltale.observable.kind|identifier: [imei, room_id]': [[observable('imei'), observable('room_id')], [observable('user_id')]],
  'telltale.observable.kind|dataclass: device': [[observable('imei')], [observable('room_id')]],
  'destination.ip|jurisdiction: us-countries-of-concern': [
    [{ ...peer, 'telltale.peer.operated': 'CN', '@timestamp': at('2026-08-01T00:00:00Z') }],
    [{ ...peer, 'telltale.peer.operated': 'DE', '@timestamp': at('2026-08-01T00:00:00Z') }, peer],
  ],
  'telltale.peer.ip|policy: conferencing': [
    [{ ...peer, 'telltale.policy.decisions': ['conferencing@2 denied located=CN'] }],
    [{ ...peer, 'telltale.policy.decisions': ['conferencing@2 allowed located=DE', 'eea-voice@1 denied located=US'] }],
  ],
};

test('docs/rules.md: every modifier shown there matches what it says', () => {
  const examples = [...page.matchAll(/^\| `[^|]*(?:\\\|[^|]*)*` \| `((?:[^`])+)` \|/gm)]
    .map(([, example]) => example!.replaceAll('\\|', '|'))
    .filter((example) => example.includes('|'));
  assert.deepEqual(examples.toSorted(), Object.keys(meaning).toSorted());
  for (const example of examples) {
    const text = 'title: T\nid: 11111111-2222-4333-8444-555555555555\nlevel: low\nlogsource: { product: telltale }\ndetection:\n  s:\n'
      + `    ${example}\n  condition: s\n`;
    const { rules: read, problems } = parseRules([{ name: example, text }], { ...vocabulary, placeholders: new Map([['Servers', ['web*']]]) });
    assert.deepEqual(problems.map(formatProblem), []);
    const matches = (fields: Partial<FlowRecord>): boolean => {
      let matched = false;
      compileRules(read).evaluate(Object.assign(createFlowRecord(), fields), () => { matched = true; });
      return matched;
    };
    const [match, other] = meaning[example]!;
    for (const fields of match) assert.ok(matches(fields), `${example} must match ${JSON.stringify(fields)}`);
    for (const fields of other) assert.ok(!matches(fields), `${example} must not match ${JSON.stringify(fields)}`);
  }
});
