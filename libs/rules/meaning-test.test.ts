import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { formatProblem } from '#geo';
import { compileRules } from './compile.ts';
import { Jurisdictions } from './jurisdictions.ts';
import { parseRules } from './parse.ts';
import type { Vocabulary } from './vocabulary.ts';

const vocabulary: Partial<Vocabulary> = {
  kinds: new Map([['imei', 'device'], ['device_id', 'device'], ['user_id', 'account'], ['room_id', 'room']]),
  jurisdictions: Jurisdictions.parse(readFileSync(new URL('../../../libs/rules/jurisdictions.yaml', import.meta.url), 'utf8')),
  policies: ['eea-voice', 'conferencing'],
};

function parse(search: string): ReturnType<typeof parseRules> {
  const text = 'title: T\nid: 11111111-2222-4333-8444-555555555555\nlogsource: { product: telltale }\nlevel: low\ndetection:\n'
    + `  selection:\n    ${search.replaceAll('\n', '\n    ')}\n  condition: selection`;
  return parseRules([{ name: 't.yml', text }], vocabulary);
}

function selects(search: string, fields: Partial<FlowRecord>): boolean {
  const { rules, problems } = parse(search);
  assert.deepEqual(problems.map(formatProblem), []);
  let matched = false;
  compileRules(rules).evaluate(Object.assign(createFlowRecord(), fields), () => { matched = true; });
  return matched;
}

const observed = (kind: string, changes: Partial<Observable> = {}): Partial<FlowRecord> => ({
  'telltale.observables': [
    {
      kind, path: 'url.query.id', encoding: '', visibility: 'cleartext', confidence: 90, mask: '', token: '', sender: 'source', frame: 1,
      watchlist: '', ...changes,
    },
  ],
});
const day = (text: string): number => Date.parse(`${text}T12:00:00Z`) * 1000;
const peer = (fields: Partial<FlowRecord>): Partial<FlowRecord> => ({
  '@timestamp': day('2026-06-01'),
  'source.ip': '10.0.0.1',
  'destination.ip': '203.0.113.9',
  'telltale.peer.ip': '203.0.113.9',
  ...fields,
});

const cases: [name: string, search: string, selected: Partial<FlowRecord>[], left: Partial<FlowRecord>[]][] = [
  ['a kind', 'telltale.observable.kind|identifier: [imei, room_id]', [observed('imei'), observed('room_id')], [observed('user_id'), {}]],
  [
    'a data class is all its kinds',
    'telltale.observable.kind|dataclass: device',
    [observed('imei'), observed('device_id')],
    [observed('user_id'), {}],
  ],
  ['not of a class, said of one observable', 'telltale.observable.kind|dataclass|neq: device', [observed('user_id')], [observed('imei'), {}]],
  [
    'kinds of the flow, each of them',
    'telltale.flow.observable_kinds|identifier|all: [user_id, room_id]',
    [{ 'telltale.flow.observable_kinds': ['room_id', 'imei', 'user_id'] }],
    [{ 'telltale.flow.observable_kinds': ['room_id'] }],
  ],
  [
    'an identifier that stood in a text',
    'url.query|identifier: user_id',
    [{ 'url.query': 'a=1&uid={user_id}' }],
    [{ 'url.query': 'user_id=1' }, { 'url.query': '{imei}' }],
  ],
  ['a class in a text', 'url.path|dataclass: device', [{ 'url.path': '/d/{imei}' }], [{ 'url.path': '/d/{user_id}' }]],
  [
    'a dimension of the peer', 'telltale.peer.operated|jurisdiction: us-countries-of-concern',
    [peer({ 'telltale.peer.operated': 'CN' }), peer({ 'telltale.peer.operated': 'HK' })],
    [peer({ 'telltale.peer.located': 'CN' }), peer({})],
  ],
  [
    'the peer in any dimension', 'telltale.peer.ip|jurisdiction: us-countries-of-concern',
    [peer({ 'telltale.peer.located': 'CN' }), peer({ 'telltale.peer.operated': 'RU' })], [peer({ 'telltale.peer.operated': 'US' })],
  ],
  [
    'an address that is the peer', 'destination.ip|jurisdiction: us-countries-of-concern', [peer({ 'telltale.peer.registered': 'CN' })],
    [{ ...peer({ 'telltale.peer.registered': 'CN' }), 'telltale.peer.ip': '10.0.0.1' }],
  ],
  [
    'an address that is not: by its own location', 'source.ip|jurisdiction: CN', [peer({ 'source.geo.country_iso_code': 'CN' })],
    [peer({ 'telltale.peer.located': 'CN' })],
  ],
  ['a set at the time of the record', 'telltale.peer.located|jurisdiction: eu-adequacy',
    [{ 'telltale.peer.located': 'BR', '@timestamp': day('2026-02-01') }, { 'telltale.peer.located': 'CH', '@timestamp': day('2020-01-01') }],
    [{ 'telltale.peer.located': 'BR', '@timestamp': day('2026-01-01') }, { 'telltale.peer.located': 'IN', '@timestamp': day('2026-02-01') }]],
  [
    'outside of a set', 'telltale.peer.located|jurisdiction|neq: [eea, US]', [{ 'telltale.peer.located': 'CN' }, {}],
    [{ 'telltale.peer.located': 'DE' }, { 'telltale.peer.located': 'US' }],
  ],
  [
    'a verdict', 'destination.ip|policy: denied', [peer({ 'telltale.policy.verdict': 'denied' })],
    [
      peer({ 'telltale.policy.verdict': 'unknown' }),
      { 'telltale.policy.verdict': 'denied', 'destination.ip': '10.0.0.1', 'telltale.peer.ip': '203.0.113.9' },
    ],
  ],
  [
    'what one policy denies', 'telltale.peer.ip|policy: eea-voice',
    [{ 'telltale.policy.decisions': ['conferencing@1 allowed ', 'eea-voice@2 denied located=CN'] }],
    [{ 'telltale.policy.decisions': ['conferencing@1 denied located=CN', 'eea-voice@2 allowed '] }, {}],
  ],
  [
    'what one policy cannot decide', 'telltale.peer.ip|policy: [eea-voice unknown, conferencing allowed]',
    [
      { 'telltale.policy.decisions': ['eea-voice@2 unknown located=unknown'] },
      { 'telltale.policy.decisions': ['conferencing@1 allowed '] },
    ],
    [{ 'telltale.policy.decisions': ['eea-voice@2 denied located=CN'] }],
  ],
];
for (const [name, search, selected, left] of cases) {
  test(`${name}: ${search}`, () => {
    for (const fields of selected) assert.ok(selects(search, fields), `must select ${JSON.stringify(fields)}`);
    for (const fields of left) assert.ok(!selects(search, fields), `must not select ${JSON.stringify(fields)}`);
  });
}

const faults: [search: string, problem: string][] = [
  ['telltale.observable.kind|identifier: [imei, imie]', 't.yml:7:49: error: no kind of identifier is named "imie" (did you mean "imei"?)'],
  ['telltale.observable.kind: [imei, imie, "im*"]', 't.yml:7:38: warning: no kind of identifier is named "imie" (did you mean "imei"?)'],
  ['telltale.observable.kind|identifier: device', 't.yml:7:42: error: "device" is a data class: use |dataclass for it'],
  ['telltale.observable.kind|dataclass: imei', 't.yml:7:41: error: "imei" is a kind of identifier: use |identifier for it'],
  ['telltale.observable.kind|dataclass: devices', 't.yml:7:41: error: no data class is named "devices" (did you mean "device"?)'],
  ['destination.port|identifier: imei', 't.yml:7:5: error: the field "destination.port" does not hold identifiers'],
  [
    'destination.ip|jurisdiction: us-countries-of-consern',
    't.yml:7:34: error: no set of countries is named "us-countries-of-consern" (did you mean "us-countries-of-concern"?), and it is not a '
      + 'country code in capitals',
  ],
  [
    'destination.domain|jurisdiction: CN',
    't.yml:7:5: error: |jurisdiction judges addresses, and applies only to telltale.peer.ip, source.ip, destination.ip, '
      + 'telltale.peer.located, telltale.peer.registered, ' +
      'telltale.peer.operated, source.geo.country_iso_code, destination.geo.country_iso_code, telltale.peer.disputed, telltale.peer.disproved',
  ],
  ['telltale.peer.ip|policy: eea-vioce', 't.yml:7:30: error: no policy has the id "eea-vioce" (did you mean "eea-voice"?)'],
  [
    'telltale.peer.ip|policy: eea-voice refused',
    't.yml:7:30: error: "eea-voice refused" cannot be used: a policy\'s id may be followed only by one of allowed, unknown, denied',
  ],
  ['telltale.peer.ip|policy|contains: eea-voice', 't.yml:7:5: error: |contains and |policy exclude each other'],
  ['telltale.peer.ip|jurisdicton: CN', 't.yml:7:5: error: the modifier "|jurisdicton" is unknown (did you mean "jurisdiction"?)'],
  ['destination.ipp: 10.0.0.1', 't.yml:7:5: error: the field "destination.ipp" is unknown (did you mean "destination.ip"?)'],
];
for (const [search, problem] of faults) {
  test(`refused, with its place: ${search}`, () => {
    const [text] = parse(search).problems.map(formatProblem);
    assert.ok(text?.startsWith(problem), text);
  });
}
