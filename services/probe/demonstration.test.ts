import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Finding } from '#flow';
import { fields, withFile, withoutTshark } from '../../libs/capture/testing/tshark.ts';
import { detect, probeCapture, type Probed } from '../../test/support/scan.ts';
import { demonstrationCapture } from './demonstration.ts';

const start = 1_775_217_600_000_000;
const capture = demonstrationCapture(start);
let probed: Probed;
let findings: Finding[];
before(async () => {
  probed = probeCapture(capture, 'demonstration.pcap');
  findings = await detect(probed.records);
});

/** Subject, rule, identifier, peer and countries of a finding. */
function told(finding: Finding): string {
  const value = probed.recognised.find(({ observable }) => observable.token === finding['telltale.observable.token'])?.value ?? '';
  const what = finding['telltale.observable.kind'] === '' ? finding['telltale.role'] : `${finding['telltale.observable.kind']} ${value}`;
  return `${finding['telltale.subject.ip']} ${finding['rule.name']}: ${what} → ${finding['destination.domain']} ${finding['telltale.peer.located']}`;
}

test('its findings are the stories, and nothing else', () => {
  assert.deepEqual(findings.map(told).toSorted(), [
    '10.20.0.11 User or room id in clear at a communication service: user_id 1840273651 → qos-america.agoralab.co CN',
    '10.20.0.11 User or room id in clear at a communication service: room_id M5kqPz7XvQ2d → qos-america.agoralab.co CN',
    '10.20.0.11 User and room linked in clear: user_id 1840273651 → qos-america.agoralab.co CN',
    '10.20.0.11 Service traffic to a country its policy denies: signalling → qos-america.agoralab.co CN',
    '10.20.0.12 User or room id in clear at a communication service: user_id 1840991207 → qos-america.agoralab.co CN',
    '10.20.0.12 User or room id in clear at a communication service: room_id M5kqPz7XvQ2d → qos-america.agoralab.co CN',
    '10.20.0.12 User and room linked in clear: user_id 1840991207 → qos-america.agoralab.co CN',
    '10.20.0.12 Service traffic to a country its policy denies: signalling → qos-america.agoralab.co CN',
    '10.20.0.13 Service traffic to a country its policy denies: key-management → us04kms1.zoom.us CN',
    '10.20.0.13 Service traffic to a country its policy denies: media → zoomtj12mmr.tj.zoom.us CN',
    '10.20.0.14 Third-party analytics endpoint contacted: third-party → graph.facebook.com US',
    '10.20.0.14 Device data in clear to an analytics endpoint: advertising_id 6D92078A-8246-4BA4-AE5B-76104861E7DC → graph.facebook.com US',
    '10.20.0.14 Device data in clear to an analytics endpoint: device_id XZ1c4fe6a2-9c3e-4a54-8a02-5b7c1a0d9e31 → graph.facebook.com US',
  ].toSorted());
});

test('both members of the room have one token for it, and each their own', () => {
  const tokens = (kind: string) =>
    findings
      .filter((finding) => finding['telltale.observable.kind'] === kind && finding['event.severity_name'] === 'medium')
      .map((finding) => finding['telltale.observable.token']);
  assert.equal(tokens('room_id').length, 2);
  assert.equal(new Set(tokens('room_id')).size, 1);
  assert.equal(new Set(tokens('user_id')).size, 2);
});

test('the clean part is seen, and gives no finding', () => {
  const clean = probed.records.filter((record) => record['@timestamp'] >= start + 130_000_000);
  assert.deepEqual(new Set(clean.map((record) => record['network.protocol'])), new Set(['dns', 'tls', 'stun', 'rtp']));
  assert.ok(clean.some((record) => record['destination.ip'] === '10.20.1.5' && record['destination.port'] === 10_000));
  assert.deepEqual(findings.filter((finding) => finding['@timestamp'] >= start + 130_000_000), []);
});

test('everything in it is understood: nothing is counted as damaged or passed over', () => {
  assert.deepEqual([...probed.pipeline.capture.reasons()], []);
  assert.deepEqual([...probed.pipeline.dissect.entries()].filter(({ reason }) => reason !== 'messages'), []);
});

test('building it twice gives the same bytes; another start moves the times alone', () => {
  assert.deepEqual(demonstrationCapture(start), capture);
  const later = demonstrationCapture(start + 1_000_000);
  assert.equal(later.length, capture.length);
  assert.notDeepEqual(later, capture);
});

test('tshark finds nothing malformed in it', { skip: withoutTshark() }, () => withFile(capture, (file) => {
  assert.deepEqual(fields(file, '_ws.malformed', ['frame.number', 'frame.protocols']), []);
  const names = fields(
    file, 'tls.handshake.type == 1', ['tls.handshake.extensions_server_name'],
  ).map((frame) => frame['tls.handshake.extensions_server_name']);
  assert.deepEqual(names, ['us04web.zoom.us', 'us04kms1.zoom.us', 'graph.facebook.com', 'meet.example.org', 'www.wikipedia.org']);
  assert.equal(fields(file, 'tls.handshake.type == 2', ['frame.number']).length, names.length);
}));
