import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { formatProblem, LocatedError } from '#geo';
import { Jurisdictions } from './jurisdictions.ts';
import { parsePolicy, PolicySet, type Policy } from './policy.ts';

const jurisdictions = Jurisdictions.parse(readFileSync(new URL('../../../libs/rules/jurisdictions.yaml', import.meta.url), 'utf8'));
const services = ['Zoom', 'Agora', 'WeChat', 'Clubhouse', 'Teams', 'Skype', 'Webex', 'Meet', 'WhatsApp', 'Viber', 'Signal', 'Telegram', 'Discord', 'Jitsi', 'BigBlueButton'];
const micros = (day: string): number => Date.parse(day) * 1_000;

function policy(lines: string, id = 'p'): Policy {
  return parsePolicy(`id: ${id}\nversion: '1'\ntitle: T\nlevel: high\n${lines}`, `${id}.yml`, { jurisdictions, services });
}

function decide(policies: Policy[], fields: Partial<FlowRecord>): string {
  const record = Object.assign(createFlowRecord(), { '@timestamp': micros('2026-03-01'), 'telltale.service': 'Zoom', 'telltale.role': 'media', 'telltale.subject.ip': '10.0.0.1' }, fields);
  new PolicySet(policies).decide(record);
  return `${record['telltale.policy.id']} ${record['telltale.policy.verdict']} ${record['telltale.policy.reason']}`.trim();
}

const peer = (located: string, operated = '', registered = ''): Partial<FlowRecord> => ({ 'telltale.peer.located': located, 'telltale.peer.operated': operated, 'telltale.peer.registered': registered });

test('the policy that ships: countries of concern by place and by operator, unknown is not allowed', () => {
  const shipped = parsePolicy(readFileSync(new URL('../../../libs/rules/policies/conferencing.yml', import.meta.url), 'utf8'), 'conferencing.yml', { jurisdictions, services });
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
  const bounded = policy('services: [zoom]\nroles: [media]\nsubjects: { cidr: [10.0.0.0/8], not_cidr: [10.9.0.0/16] }\nvalid_from: 2026-01-01\nvalid_to: 2026-06-30\ndeny: { located: [CN] }');
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
  assert.equal(decide([eea], peer('US')), 'p denied located=US');
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
  assert.deepEqual(fault('deny: { located: [CN] }\nallow: { located: [CN, DE] }'), ['p.yml:6:19: error: CN is both allowed and denied as located [contradiction]']);
  assert.deepEqual(fault('deny: { located: [CN] }\nvalid_from: 2026-02-01\nvalid_to: 2026-01-01'), ['p.yml:7:11: error: valid_to lies before valid_from [dates]']);
  assert.match(fault('deny: { located: [CN] }\ncolour: red')[0]!, /^p\.yml:\d+:\d+: error: .*colour/);
  assert.match(fault('services: [Zoom]')[0]!, /a policy needs "deny" or "allow"/);
  assert.match(fault('deny: { located: [CN] }\nsubjects: { cidr: [ten] }')[0]!, /^p\.yml:6:20: error: subjects\.cidr\.0: expected an address block/);
});
