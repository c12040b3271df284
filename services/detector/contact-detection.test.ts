import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowRecord } from '#flow';
import { temporaryStore } from '../../libs/store/testing.ts';
import { contactDetection } from './contact-detection.ts';
import { day, hour, noon, runOnce, second, serviceFlow } from './scheduled-testing.ts';

const detection = contactDetection({ intervalMillis: 1_000, learningMicros: 7 * day, versions: 'rules 1' });
const usual = Array.from({ length: 10 }, (_, i) => serviceFlow(noon - (i + 1) * day));
const hongKong: Partial<FlowRecord> = {
  'destination.ip': '198.51.100.7',
  'telltale.peer.located': 'HK',
  'destination.as.number': 21859,
  'destination.as.organization.name': 'Zenlayer Inc',
};

async function told(...flows: FlowRecord[]) {
  await using temporary = await temporaryStore();
  await temporary.store.write(flows, []);
  return (await runOnce(temporary.store, detection)).map((finding) => `${finding['event.severity_name']}: ${finding.message}`);
}

test('a country, and its network, from which a service never answered before', async () => {
  assert.deepEqual(await told(...usual, serviceFlow(noon + 60 * second), serviceFlow(noon, hongKong)), [
    'medium: Zoom (media) answered 10.0.0.5 from HK (198.51.100.7:8801, AS21859 Zenlayer Inc), for the first time since 2026-02-20 at '
      + 'berlin; until then it came from US.',
    'informational: Zoom (media) answered 10.0.0.5 from AS21859 Zenlayer Inc (198.51.100.7:8801), for the first time since 2026-02-20 at berlin; '
      + 'until then it came from AS30103 Zoom Video Communications, Inc.',
  ]);
});

test('nothing is new while too little is known, and nothing twice', async () => {
  assert.deepEqual(await told(...usual.slice(0, 3), serviceFlow(noon, hongKong)), [], 'three days');
  assert.deepEqual(await told(usual[9]!, serviceFlow(noon, hongKong)), [], 'one day, long ago');
  assert.deepEqual(await told(...usual, serviceFlow(noon, { ...hongKong, 'destination.packets': 0 })), [], 'nobody answered');
  assert.deepEqual(await told(...usual, serviceFlow(noon - 3 * hour), serviceFlow(noon)), [], 'as always');
  const [first] = await told(...usual, serviceFlow(noon - 2 * hour, hongKong), serviceFlow(noon, hongKong));
  assert.match(first!, /for the first time/);
});

test('another probe has a baseline of its own', async () => {
  assert.deepEqual(await told(...usual, serviceFlow(noon, { ...hongKong, 'observer.name': 'paris' })), []);
});
