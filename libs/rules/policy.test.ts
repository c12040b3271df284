import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { formatProblem, LocatedError } from '#geo';
import { Jurisdictions } from './jurisdictions.ts';
import type { Hop, Policy } from './policy-judgement.ts';
import { parsePolicy } from './policy.ts';
import { checkPolicyCases } from './policy-fixtures.ts';
import { Inventory } from './policy-inventory.ts';
import { lintPolicies } from './policy-lint.ts';
import { PolicySet } from './policy-set.ts';

const jurisdictions = Jurisdictions.parse(readFileSync(new URL('../../../libs/rules/jurisdictions.yaml', import.meta.url), 'utf8'));
const services = [
  'Zoom', 'Agora', 'WeChat', 'Tencent Meeting', 'Clubhouse', 'Teams', 'Skype', 'Webex', 'Meet', 'WhatsApp', 'Viber', 'Signal', 'Telegram', 'Discord',
  'Jitsi', 'BigBlueButton', 'Slack', 'Chime', 'GoTo', 'RingCentral', 'Twilio', 'Vonage Video', 'LINE', 'KakaoTalk', 'Wire', 'ZEGOCLOUD',
];
const kinds = new Map([['user_id', 'account'], ['email', 'direct'], ['phone', 'direct'], ['room_id', 'room']]);
const context = { jurisdictions, services, kinds };
const laptop = 'tk1.0a1b2c3d.Qm9yZWRvbUJvcmVkb21Cbw';
const micros = (day: string): number => Date.parse(day) * 1_000;

function policy(lines: string, id = 'p'): Policy {
  return parsePolicy(`id: ${id}\nversion: '1'\ntitle: T\nlevel: high\n${lines}`, `${id}.yml`, context);
}

function decided(policies: Policy[], fields: Partial<FlowRecord>, hops: Hop[] = []): FlowRecord {
  const record = Object.assign(
    createFlowRecord(),
    { '@timestamp': micros('2026-03-01'), 'telltale.service': 'Zoom', 'telltale.role': 'media', 'telltale.subject.ip': '10.0.0.1' },
    fields,
  );
  const place = {
    located: record['telltale.peer.located'], registered: record['telltale.peer.registered'], operated: record['telltale.peer.operated'],
    disputed: record['telltale.peer.disputed'],
    registeredDisputed: [],
  };
  new PolicySet(policies).decide(record, place, hops);
  return record;
}

function decide(policies: Policy[], fields: Partial<FlowRecord>, hops: Hop[] = []): string {
  const record = decided(policies, fields, hops);
  return `${record['telltale.policy.id']} ${record['telltale.policy.verdict']} ${record['telltale.policy.reason']}`.trim();
}

const peer = (located: string, operated = '', registered = ''): Partial<FlowRecord> => ({
  'telltale.peer.located': located,
  'telltale.peer.operated': operated,
  'telltale.peer.registered': registered,
});

test('the policy that ships: countries of concern by place and by operator, unknown is not allowed', () => {
  const shipped = parsePolicy(
    readFileSync(new URL('../../../libs/rules/policies/conferencing.yml', import.meta.url), 'utf8'),
    'conferencing.yml',
    context,
  );
  assert.equal(decide([shipped], peer('CN', 'CN')), 'conferencing denied located=CN, operated=CN');
  assert.equal(decide([shipped], peer('US', 'CN', 'US')), 'conferencing denied operated=CN');
  assert.equal(decide([shipped], peer('HK', 'US')), 'conferencing denied located=HK');
  assert.equal(decide([shipped], peer('CN', '')), 'conferencing denied located=CN');
  assert.equal(decide([shipped], peer('', '')), 'conferencing unknown located=unknown, operated=unknown');
  assert.equal(decide([shipped], peer('US', '')), 'conferencing unknown operated=unknown');
  assert.equal(decide([shipped], peer('US', 'US')), 'conferencing allowed located=US, operated=US');
  assert.equal(decide([shipped], { ...peer('CN', 'CN'), '@timestamp': micros('2020-04-03') }), 'conferencing denied located=CN, operated=CN');
  assert.equal(decide([shipped], { ...peer('CN', 'CN'), 'telltale.service': 'WeChat' }), '');
  assert.equal(decide([shipped], { ...peer('CN', 'CN'), 'telltale.service': '' }), '');
});

test('a policy says for whom, for what and when it holds', () => {
  const bounded = policy(
    'services: [zoom]\nroles: [media]\nsubjects: { cidr: [10.0.0.0/8], not_cidr: [10.9.0.0/16] }\nvalid_from: 2026-01-01\n'
      + 'valid_to: 2026-06-30\ndeny: { located: [CN] }',
  );
  const cn = peer('CN');
  assert.equal(decide([bounded], cn), 'p denied located=CN');
  assert.equal(decide([bounded], { ...cn, 'telltale.role': 'telemetry' }), '');
  assert.equal(decide([bounded], { ...cn, 'telltale.service': 'Agora' }), '');
  assert.equal(decide([bounded], { ...cn, 'telltale.subject.ip': '192.168.0.1' }), '');
  assert.equal(decide([bounded], { ...cn, 'telltale.subject.ip': '10.9.1.1' }), '');
  assert.equal(decide([bounded], { ...cn, '@timestamp': micros('2025-12-31T23:59:59Z') }), '');
  assert.equal(decide([bounded], { ...cn, '@timestamp': micros('2026-06-30T23:59:59Z') }), 'p denied located=CN');
  assert.equal(decide([bounded], { ...cn, '@timestamp': micros('2026-07-01') }), '');
});

test('allow lists deny the rest; what unknown means is said per dimension', () => {
  const eea = policy('allow: { located: [eea, eu-adequacy] }');
  assert.equal(decide([eea], peer('NO')), 'p allowed located=NO');
  assert.equal(decide([eea], peer('IN')), 'p denied located=IN');
  assert.equal(decide([eea], peer('')), 'p unknown located=unknown');
  const strict = policy('deny: { located: [RU], operated: [RU] }\nunknown: { located: deny, operated: allow }');
  assert.equal(decide([strict], peer('', '')), 'p denied located=unknown');
  assert.equal(decide([strict], peer('DE', '')), 'p allowed located=DE, operated=unknown');
});

test('sets are dated: the time of the record counts', () => {
  const adequacy = policy('allow: { located: [eu-adequacy] }');
  assert.equal(decide([adequacy], { ...peer('BR'), '@timestamp': micros('2026-01-26') }), 'p denied located=BR');
  assert.equal(decide([adequacy], { ...peer('BR'), '@timestamp': micros('2026-01-27') }), 'p allowed located=BR');
  assert.equal(decide([adequacy], { ...peer('GB'), '@timestamp': micros('2031-12-28') }), 'p denied located=GB');
});

test('of several policies the strictest verdict decides', () => {
  const allows = policy('deny: { located: [RU] }', 'allows');
  const unsure = policy('deny: { operated: [RU] }', 'unsure');
  const denies = policy('deny: { located: [cn] }', 'denies');
  assert.match(decide([allows, unsure, denies], peer('HK')), /^denies denied/);
  assert.match(decide([allows, unsure], peer('HK')), /^unsure unknown/);
  assert.match(decide([allows], peer('HK')), /^allows allowed/);
});

test('mistakes in a policy are told with their places', () => {
  const fault = (lines: string): string[] => {
    try {
      policy(lines);
    } catch (error) {
      assert.ok(error instanceof LocatedError);
      return error.problems.map(formatProblem);
    }
    return [];
  };
  assert.deepEqual(fault('services: [Zoom, Zom]\ndeny: { located: [CN, nowhere] }'), [
    'p.yml:5:18: error: no service of the catalogue is named "Zom" [unknown-service]',
    'p.yml:6:23: error: "nowhere" is neither a country code nor a named set [unknown-set]',
  ]);
  assert.deepEqual(fault('deny: { located: [CN] }\nallow: { located: [CN, DE] }'), [
    'p.yml:6:19: error: CN is both allowed and denied as located [contradiction]',
  ]);
  assert.deepEqual(fault('deny: { located: [CN] }\nvalid_from: 2026-02-01\nvalid_to: 2026-01-01'), [
    'p.yml:7:11: error: valid_to is before valid_from [dates]',
  ]);
  assert.match(fault('deny: { located: [CN] }\ncolour: red')[0]!, /^p\.yml:\d+:\d+: error: .*colour/);
  assert.match(fault('services: [Zoom]')[0]!, /a policy needs "deny" or "allow"/);
  assert.match(fault('deny: { located: [CN] }\nsubjects: { cidr: [ten] }')[0]!, /^p\.yml:6:20: error: subjects\.cidr\.0: expected an address block/);
});

test('a member on condition is neither allowed nor denied, unless the policy names the country itself', () => {
  const adequate = policy('allow: { located: [eea, eu-adequacy] }');
  assert.equal(decide([adequate], peer('US')), 'p unknown located=US if the recipient is certified under the Data Privacy Framework');
  assert.equal(decide([adequate], peer('CA')), 'p unknown located=CA if the recipient is a commercial organisation');
  assert.equal(decide([adequate], { ...peer('US'), '@timestamp': micros('2021-01-01') }), 'p denied located=US');
  assert.equal(decide([policy('allow: { located: [eea, eu-adequacy, CA] }')], peer('CA')), 'p allowed located=CA');
  assert.equal(decide([policy('deny: { located: [eu-adequacy] }')], peer('US')), 'p denied located=US');
});

test('an allowed country that another source disputes with one that is not is undecided', () => {
  const denies = policy('deny: { located: [CN] }');
  assert.equal(decide([denies], { ...peer('JP'), 'telltale.peer.disputed': ['US', 'CN'] }), 'p unknown located=JP disputed by CN');
  assert.equal(decide([denies], { ...peer('JP'), 'telltale.peer.disputed': ['US'] }), 'p allowed located=JP');
  assert.equal(decide([denies], { ...peer('CN'), 'telltale.peer.disputed': ['JP'] }), 'p denied located=CN');
  assert.equal(
    decide([policy('deny: { located: [CN] }\nunknown: deny')], { ...peer('JP'), 'telltale.peer.disputed': ['CN'] }),
    'p denied located=JP disputed by CN',
  );
});

test('subjects are told by the token of their hardware address too, and never by the address itself', () => {
  const byMac = policy(`subjects: { mac: [${laptop}] }\ndeny: { located: [CN] }`);
  assert.equal(decide([byMac], { ...peer('CN'), 'telltale.subject.mac': laptop }), 'p denied located=CN');
  assert.equal(decide([byMac], { ...peer('CN'), 'telltale.subject.mac': 'tk1.0a1b2c3d.AAAAAAAAAAAAAAAAAAAAAA' }), '');
  assert.equal(
    decide([policy(`subjects: { cidr: [10.0.0.0/24], mac: [${laptop}] }\ndeny: { located: [CN] }`)], peer('CN')),
    'p denied located=CN',
    'one of both is enough',
  );
  assert.throws(() => policy('subjects: { mac: ["3c:15:c2:9a:01:fe"] }\ndeny: { located: [CN] }'), /expected the token of a hardware address/);
});

test('registration that sources dispute is undecided, like a place', () => {
  const denies = policy('deny: { registered: [CN] }');
  const place = { located: 'JP', registered: 'US', operated: 'CN', disputed: [], registeredDisputed: ['CN'] };
  assert.deepEqual([denies.verdict(place, 0), denies.reason(place, 'unknown', 0)], ['unknown', 'registered=US disputed by CN']);
});

test('hops behind the peer are judged like the peer', () => {
  const denies = policy('deny: { located: [CN], operated: [CN] }\nunknown: { operated: allow }');
  const relay: Hop = { kind: 'turn-relay', ip: '192.0.2.9', located: 'CN', registered: '', operated: '', disputed: [], registeredDisputed: [] };
  assert.equal(decide([denies], peer('US'), [relay]), 'p denied turn-relay 192.0.2.9: located=CN');
  assert.equal(decide([denies], peer('CN'), [relay]), 'p denied located=CN; turn-relay 192.0.2.9: located=CN');
  assert.equal(decide([denies], peer('US'), [{ ...relay, located: '' }]), 'p unknown turn-relay 192.0.2.9: located=unknown');
  assert.equal(
    decide([denies], peer('US', 'US'), [{ ...relay, located: 'DE' }]),
    'p allowed located=US, operated=US; turn-relay 192.0.2.9: located=DE, operated=unknown',
  );
});

test('the stricter policy decides, and what both say is shown', () => {
  const government = policy("services: [Zoom]\nallow: { located: [US] }", 'zoom-for-government');
  const general = policy('services: [Zoom]\ndeny: { located: [countries-of-concern] }', 'zoom');
  const record = decided([general, government], peer('DE'));
  assert.equal(record['telltale.policy.id'], 'zoom-for-government');
  assert.deepEqual(record['telltale.policy.decisions'], ['zoom@1 allowed located=DE', 'zoom-for-government@1 denied located=DE']);
});

test('a policy may hold for subjects by tag, and for data by class and kind', () => {
  const tagged = policy('subjects: { tags: { department: [legal, board], residency: [eea] } }\ndeny: { located: [US] }');
  assert.match(decide([tagged], { ...peer('US'), 'telltale.subject.tags': ['department=legal', 'residency=DE'] }), /^p denied/);
  assert.equal(decide([tagged], { ...peer('US'), 'telltale.subject.tags': ['department=legal', 'residency=US'] }), '');
  assert.equal(decide([tagged], { ...peer('US'), 'telltale.subject.tags': ['residency=DE'] }), '');
  const data = policy('data_classes: [direct]\nidentifier_kinds: [room_id]\ndeny: { located: [US] }');
  for (const [kind, expected] of [['email', 'p denied located=US'], ['room_id', 'p denied located=US'], ['user_id', '']] as const) {
    assert.equal(decide([data], { ...peer('US'), 'telltale.flow.observable_kinds': [kind] }), expected, kind);
  }
  assert.throws(
    () => policy('data_classes: [secrets]\nidentifier_kinds: [shoe_size]\ndeny: { located: [US] }'),
    /p\.yml:6:20: error: the identifier catalogue has no kind "shoe_size".*\n.*p\.yml:5:16: error: no data class is named "secrets"; the data classes are account, direct, room/,
  );
});

test('the inventory tags addresses; a later entry goes before an earlier one', () => {
  const inventory = Inventory.parse([
    "version: '1'", 'subjects:',
    '  - { cidr: [10.20.0.0/16], tags: { department: legal, residency: DE } }',
    '  - { cidr: [10.20.7.0/24, "2001:db8:7::/48"], tags: { residency: FR, clearance: secret } }',
    `  - { mac: [${laptop}], tags: { department: board } }`,
  ].join('\n'), 'inventory.yaml');
  assert.deepEqual(inventory.tagsOf('10.20.1.1'), ['department=legal', 'residency=DE']);
  assert.deepEqual(inventory.tagsOf('10.20.7.1'), ['clearance=secret', 'department=legal', 'residency=FR']);
  assert.deepEqual(inventory.tagsOf('2001:db8:7::1'), ['clearance=secret', 'residency=FR']);
  assert.deepEqual(inventory.tagsOf('10.21.0.1'), []);
  assert.deepEqual(inventory.tagsOf('10.21.0.1', laptop), ['department=board']);
  assert.deepEqual(inventory.tagsOf('10.20.1.1', laptop), ['department=board', 'residency=DE'], 'the later entry goes before');
  assert.throws(() => Inventory.parse("version: '1'\nsubjects: [{ cidr: [ten], tags: {} }]", 'i.yaml'), /i\.yaml:2:21: error: /);
});

function lint(...bodies: string[]): string[] {
  const texts = bodies.map((body, i) => ({
    name: `${'abc'[i]}.yml`,
    text: `id: ${'abc'[i]}\nversion: '1'\ntitle: T\nlevel: high\nowner: O\n${body}`,
  }));
  const rolesOf = (service: string): Set<string> => new Set(service === 'WhatsApp' ? ['signalling'] : ['signalling', 'media']);
  return lintPolicies(texts, { ...context, day: '2026-08-01', rolesOf, tags: new Set(['department=legal']) }).map(formatProblem);
}

test('lint: expired, unreachable and redundant entries', () => {
  assert.deepEqual(lint('services: [Zoom]\nroles: [media]\ndeny: { located: [cn] }'), []);
  assert.deepEqual(lint('valid_to: 2026-07-31\ndeny: { located: [US] }'), ['a.yml:6:11: warning: the policy ended on 2026-07-31 [expired]']);
  assert.deepEqual(lint('valid_from: 2027-01-01\ndeny: { located: [US] }'), ['a.yml:6:13: warning: the policy begins on 2027-01-01 [not-yet-valid]']);
  assert.deepEqual(lint('valid_from: 2020-01-01\nvalid_to: 2021-01-01\ndeny: { located: [us-countries-of-concern] }'), [
    'a.yml:7:11: warning: the policy ended on 2021-01-01 [expired]',
    'a.yml:8:19: warning: us-countries-of-concern has no members while the policy is valid [expired]',
  ]);
  assert.deepEqual(lint('services: [Zoom, WhatsApp]\nroles: [media, update]\ndeny: { located: [CN, cn] }'), [
    'a.yml:6:18: warning: the catalogue knows no endpoint of WhatsApp with one of these roles [unreachable]',
    'a.yml:7:16: warning: the catalogue knows no endpoint of these services with the role update [unreachable]',
    'a.yml:8:19: warning: CN is part of cn [redundant]',
  ]);
  assert.deepEqual(lint('allow: { operated: [US] }\ndeny: { operated: [CN] }'), [
    'a.yml:7:19: warning: the entry has no effect: "allow" already names the only countries that are allowed as operated [unreachable]',
  ]);
  assert.deepEqual(
    lint(
      'subjects: { cidr: [10.1.0.0/16, 10.1.2.0/24], not_cidr: [10.0.0.0/8, 192.168.0.0/16], tags: { department: [sales] } }\n'
        + 'deny: { located: [US] }',
    ).map((line) => line.slice(0, line.indexOf(' warning'))),
    ['a.yml:6:20:', 'a.yml:6:33:', 'a.yml:6:33:', 'a.yml:6:70:', 'a.yml:6:108:'],
  );
});

test('lint: contradictions within a policy and between policies', () => {
  assert.deepEqual(lint('deny: { located: [cn] }\nallow: { located: [HK] }'), [
    'a.yml:7:19: error: HK is both allowed and denied as located [contradiction]',
  ]);
  assert.deepEqual(lint('services: [Zoom]\nallow: { located: [eea, IN] }', 'services: [zoom, Teams]\ndeny: { located: [IN, FR] }'), [
    'a.yml:7:20: warning: FR: allowed as located here, denied by policy b for the same traffic; the stricter one wins [contradiction]',
    'a.yml:7:25: warning: IN: allowed as located here, denied by policy b for the same traffic; the stricter one wins [contradiction]',
  ]);
  assert.deepEqual(lint('services: [Zoom]\nallow: { located: [eea] }', 'services: [Teams]\ndeny: { located: [FR] }'), []);
  assert.deepEqual(lint('deny: { located: [CN] }', 'deny: { located: [CN] }'.concat('\nid: a')).length, 1, 'a key that stands twice is no YAML');
});

test('cases: what a policy must say, and what it said instead', () => {
  const policies = new PolicySet([policy('deny: { located: [CN] }')]);
  const text = [
    'cases:',
    '  - { name: China, service: Zoom, role: media, peer: { located: CN }, expect: denied, policy: p, reason: located=CN }',
    '  - { name: wrong, service: Zoom, role: media, peer: { located: CN }, expect: allowed }',
    '  - { name: nobody, service: Zoom, role: media, expect: unknown }',
  ].join('\n');
  assert.deepEqual(checkPolicyCases(policies, { name: 'p.fixtures.yml', text }).problems.map(formatProblem), [
    'p.fixtures.yml:3:79: error: wrong: expected allowed, but the policies say denied (p@1 denied located=CN) [case]',
  ]);
});

test('the policy that ships does as its cases say', () => {
  const read = (name: string): string => readFileSync(new URL(`../../../libs/rules/policies/${name}`, import.meta.url), 'utf8');
  const policies = new PolicySet([parsePolicy(read('conferencing.yml'), 'conferencing.yml', context)]);
  const { cases, problems } = checkPolicyCases(policies, { name: 'conferencing.fixtures.yml', text: read('conferencing.fixtures.yml') });
  assert.deepEqual(problems.map(formatProblem), []);
  assert.ok(cases > 8);
});
