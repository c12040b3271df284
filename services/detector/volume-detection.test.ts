import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowRecord, Observable } from '#flow';
import type { Threshold } from '#rules';
import { temporaryStore } from '../../libs/store/testing.ts';
import { day, noon, runOnce, serviceFlow } from './scheduled-testing.ts';
import { volumeDetection } from './volume-detection.ts';

const threshold: Threshold = {
  id: '4f1a6c0e-9a55-4a0c-8a0e-5d1b7c3f2e60',
  title: 'Many',
  level: 'critical',
  jurisdictions: ['us-countries-of-concern'],
  members: [{ country: 'CN', from: 0, to: Infinity, condition: '' }],
  dimensions: ['operated', 'located'],
  kinds: ['imei'],
  linked: false,
  count: 'identifiers',
  moreThan: 3,
  days: 30,
};

/** One flow that discloses a number of devices, from number `from` on, to a peer operated from China. */
function disclosure(from: number, amount: number, start = noon, fields: Partial<FlowRecord> = {}): FlowRecord {
  const observables = Array.from({ length: amount }, (_, i): Observable => ({
    kind: 'imei',
    path: 'url.query.imei',
    encoding: '',
    visibility: 'cleartext',
    confidence: 90,
    mask: '35******9',
    token: `tk1.0.${from + i}`,
    sender: 'source',
    frame: 1,
    watchlist: '',
  }));
  return serviceFlow(start, {
    'source.port': from,
    'telltale.peer.operated': 'CN',
    'telltale.peer.operator': 'Alibaba',
    'telltale.observables': observables,
    'telltale.flow.observable_kinds': ['imei'],
    ...fields,
  });
}

async function told(with_: Partial<Threshold>, ...flows: FlowRecord[]): Promise<string[]> {
  await using temporary = await temporaryStore();
  await temporary.store.write(flows, []);
  await temporary.store.write(flows, []); // a replay
  const findings = await runOnce(temporary.store, volumeDetection({ ...threshold, ...with_ }, { intervalMillis: 1_000, version: '1', versions: '' }));
  assert.equal(new Set(findings.map((finding) => finding['event.id'])).size, findings.length);
  return findings.map(({ message }) => message);
}

test('more distinct identifiers than the threshold, over days, and not one more for a replay', async () => {
  assert.deepEqual(await told({}, disclosure(1, 2, noon - 20 * day), disclosure(2, 3)), [
    '4 distinct identifiers (imei) were told to Alibaba (CN) in the 30 days up to 2026-03-02: more than 3, for us-countries-of-concern. '
      + 'Counted are identifiers, of which a person can have several; whose they are is not known here.',
  ]);
  assert.deepEqual(await told({}, disclosure(1, 2, noon - 20 * day), disclosure(2, 2)), [], 'three');
  assert.deepEqual(await told({}, disclosure(1, 2, noon - 40 * day), disclosure(3, 2)), [], 'too long ago');
});

test('by operator, by jurisdiction in any of the dimensions, by kind', async () => {
  assert.deepEqual(await told({}, disclosure(1, 2), disclosure(3, 2, noon, { 'telltale.peer.operator': 'Tencent' })), []);
  assert.deepEqual(await told({}, disclosure(1, 9, noon, { 'telltale.peer.operated': 'US' })), []);
  assert.equal((await told({}, disclosure(1, 9, noon, { 'telltale.peer.operated': 'US', 'telltale.peer.located': 'CN' }))).length, 1);
  assert.deepEqual(await told({ kinds: ['email'] }, disclosure(1, 9)), []);
});

test('endpoints instead of identifiers; only what is linked', async () => {
  assert.deepEqual(await told({ count: 'subjects' }, disclosure(1, 9)), []);
  const subjects = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((ip, i) => disclosure(i, 1, noon, { 'telltale.subject.ip': ip }));
  assert.match((await told({ count: 'subjects' }, ...subjects))[0]!, /^4 distinct endpoints/);
  assert.deepEqual(await told({ linked: true }, disclosure(1, 9)), []);
  assert.equal((await told({ linked: true }, disclosure(1, 9, noon, { 'telltale.flow.observable_kinds': ['imei', 'user_id'] }))).length, 1);
});

test('told once a month while it lasts', async () => {
  const months = await told({}, disclosure(1, 4, noon - 10 * day), disclosure(5, 1, noon - 9 * day), disclosure(6, 1));
  assert.deepEqual(months.map((message) => /up to (\S+):/.exec(message)?.[1]), ['2026-02-20', '2026-03-02']);
});
