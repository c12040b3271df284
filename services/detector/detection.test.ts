import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { before, test } from 'node:test';
import { createFlowRecord, flowId, recordId, type Finding, type FlowRecord, type Observable } from '#flow';
import { Detection } from './detection.ts';
import { loadDetection, type LoadedDetection } from './packs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let loaded: LoadedDetection;
before(async () => { loaded = await loadDetection({ root }); });

/** A detection that remembers nothing of earlier tests. */
function detector(): Detection {
  return new Detection({ geography: loaded.geography, catalogue: loaded.catalogue, policies: loaded.policies, rules: loaded.pack.plan, versions: loaded.versions });
}

function recordOf(fields: Partial<FlowRecord>, flow = 'flow-1', sequence = 0): FlowRecord {
  const id = flowId('probe', flow, 1);
  return Object.assign(createFlowRecord(), {
    'event.id': recordId(id, sequence), 'telltale.flow.id': id, 'telltale.flow.sequence': sequence, 'telltale.flow.state': 'first',
    '@timestamp': 1_780_000_000_000_000 + sequence, 'event.start': 1_780_000_000_000_000, 'event.created': 1_780_000_001_000_000, 'telltale.evidence.frame': 10 + sequence,
    'source.ip': '10.1.2.3', 'source.port': 50_000, 'telltale.subject.ip': '10.1.2.3', 'network.transport': 'udp', 'network.protocol': 'udp',
  }, { 'telltale.peer.ip': fields['destination.ip'] ?? '' }, fields);
}

const userId: Observable = { kind: 'user_id', path: 'udp.payload@12', encoding: '', visibility: 'cleartext', confidence: 90, mask: '47****8', token: 'tk1.k.user', sender: 'source', frame: 9 };
const roomId: Observable = { ...userId, kind: 'room_id', path: 'udp.payload@20', mask: 'M8***Kx', token: 'tk1.k.room', frame: 10 };
const agora = { 'destination.ip': '47.88.10.20', 'destination.port': 8000, 'destination.domain': 'qos-america.agoralab.co' };

const names = (findings: Finding[]): string[] => findings.map((finding) => finding['rule.name']).toSorted();
const named = (findings: Finding[], name: string): Finding => findings.find((finding) => finding['rule.name'] === name)!;

test('a join packet with user and room id: each of them, the pair, and the operator the policy denies', () => {
  const record = recordOf({ ...agora, 'telltale.observables': [userId, roomId], 'telltale.flow.observable_kinds': ['user_id', 'room_id'] });
  const findings = detector().detect([record]);
  assert.deepEqual(names(findings), ['Room or meeting id in clear', 'Service traffic to a country its policy denies', 'User and room linked in clear', 'User id in clear']);
  assert.equal(record['telltale.service'], 'Agora');
  assert.equal(record['destination.as.number'], 45102);

  const user = named(findings, 'User id in clear');
  assert.equal(user['message'],
    '10.1.2.3 sent user_id 47****8 in clear (udp.payload@12) to qos-america.agoralab.co (Agora, signalling) at 47.88.10.20:8000, located in US, operated from CN.');
  assert.equal(user['event.severity_name'], 'medium');
  assert.equal(user['telltale.verdict'], 'violation');
  assert.equal(user['telltale.observable.token'], 'tk1.k.user');
  assert.equal(user['telltale.evidence.frame'], 9);
  assert.match(user['telltale.versions'], /^rules [0-9a-f]{8}; policies conferencing@1; catalogue 20\S+; geo geo-whois-asn-country 20\S+, .*operators 20\S+, anycast 20\S+$/);

  const linked = named(findings, 'User and room linked in clear');
  assert.equal(linked['event.severity_name'], 'high');
  assert.deepEqual(linked['telltale.observables.related'], ['room_id=tk1.k.room']);
  assert.equal(linked['telltale.evidence.frame'], 10);
  assert.match(linked['message'], /sent user_id 47\*{4}8 in clear \(udp\.payload@12\) and room_id M8\*\*\*Kx in clear \(udp\.payload@20\) to qos/);

  const denied = named(findings, 'Service traffic to a country its policy denies');
  assert.equal(denied['event.severity_name'], 'high');
  assert.equal(denied['message'],
    '10.1.2.3 contacted qos-america.agoralab.co (Agora, signalling) at 47.88.10.20:8000, located in US, operated from CN; denied by policy conferencing (operated=CN).');
});

test('the pair is found when the room comes in a later record of the flow', () => {
  const detection = detector();
  const tls = { ...agora, 'destination.ip': '8.8.8.8', 'destination.domain': 'voice.example.org' };
  const first = detection.detect([recordOf({ ...tls, 'telltale.observables': [userId], 'telltale.flow.observable_kinds': ['user_id'] })]);
  assert.deepEqual(names(first), ['User id in clear']);
  const second = detection.detect([recordOf({ ...tls, 'telltale.observables': [roomId], 'telltale.flow.observable_kinds': ['user_id', 'room_id'] }, 'flow-1', 1)]);
  assert.deepEqual(names(second), ['Room or meeting id in clear', 'User and room linked in clear']);
  assert.match(named(second, 'User and room linked in clear')['message'], /; the same flow also showed user_id\.$/);
});

test('a key server in Beijing is denied, once per flow', () => {
  const detection = detector();
  const key = { 'destination.ip': '52.81.151.250', 'destination.port': 443, 'destination.domain': 'us01kms.zoom.us', 'network.transport': 'tcp', 'network.protocol': 'tls' };
  const findings = detection.detect([recordOf(key), recordOf(key, 'flow-1', 1), recordOf(key, 'flow-1', 2), recordOf(key, 'flow-2')]);
  assert.deepEqual(names(findings), ['Service traffic to a country its policy denies', 'Service traffic to a country its policy denies']);
  const [first, second] = findings;
  assert.equal(first!['telltale.role'], 'key-management');
  assert.equal(first!['telltale.policy.reason'], 'located=CN, operated=CN');
  assert.notEqual(first!['event.id'], second!['event.id']);
});

test('what a flow is reported for keeps its id and time when another process sees only a later record', () => {
  const key = { 'destination.ip': '52.81.151.250', 'destination.domain': 'us01kms.zoom.us', 'network.protocol': 'tls' };
  const [here] = detector().detect([recordOf(key)]);
  const [there] = detector().detect([recordOf(key, 'flow-1', 5)]);
  assert.equal(here!['event.id'], there!['event.id']);
  assert.equal(here!['@timestamp'], there!['@timestamp']);
});

test('handing in a batch again gives the same findings: a failed write loses nothing and doubles nothing', () => {
  const batch = (): FlowRecord[] => [
    recordOf({ ...agora, 'telltale.observables': [userId, roomId, { ...userId }], 'telltale.flow.observable_kinds': ['user_id', 'room_id'] }),
    recordOf(agora, 'flow-1', 1),
    recordOf({ 'destination.ip': '157.240.203.62', 'destination.domain': 'graph.facebook.com', 'network.protocol': 'tls' }, 'flow-2'),
  ];
  const detection = detector();
  const first = detection.detect(batch());
  assert.equal(first.length, 5);
  assert.equal(new Set(first.map((finding) => finding['event.id'])).size, first.length);
  assert.deepEqual(detection.detect(batch()), first);
  assert.deepEqual(detector().detect(batch()), first);
});

test('a later record of a flow whose name became known late is judged then', () => {
  const findings = detector().detect([
    recordOf({ 'destination.ip': '52.81.151.250' }),
    recordOf({ 'destination.ip': '52.81.151.250', 'destination.domain': 'zoom.us' }, 'flow-1', 1),
    recordOf({ 'destination.ip': '52.81.151.250', 'destination.domain': 'zoom.us' }, 'flow-1', 2),
  ]);
  assert.deepEqual(findings.map((finding) => finding['telltale.evidence.frame']), [11]);
});

test('an unknown place is indeterminate and low, and says what is unknown', () => {
  const [finding, ...others] = detector().detect([recordOf({ 'destination.ip': '203.0.113.9', 'destination.port': 8801 })]);
  assert.equal(others.length, 0);
  assert.equal(finding!['telltale.verdict'], 'indeterminate');
  assert.equal(finding!['event.severity_name'], 'low');
  assert.equal(finding!['message'],
    '10.1.2.3 contacted 203.0.113.9:8801 (Zoom, media); policy conferencing cannot be decided, because it is unknown where the peer is located and from where its network is operated.');
});

test('a third party contacted is one low finding per flow; asking DNS for its name is none', () => {
  const graph = { 'destination.ip': '157.240.203.62', 'destination.port': 443, 'destination.domain': 'graph.facebook.com', 'network.transport': 'tcp', 'network.protocol': 'tls' };
  const findings = detector().detect([
    recordOf({ 'destination.ip': '8.8.8.8', 'destination.port': 53, 'network.protocol': 'dns', 'dns.question.name': 'graph.facebook.com' }, 'dns'),
    recordOf(graph), recordOf(graph, 'flow-1', 1),
  ]);
  assert.deepEqual(findings.map((finding) => [finding['rule.name'], finding['event.severity_name']]), [['Third-party analytics endpoint contacted', 'low']]);
  assert.equal(findings[0]!['message'],
    '10.1.2.3 contacted graph.facebook.com (Facebook Graph, third-party) at 157.240.203.62:443, located in US, operated from US: Third-party analytics endpoint contacted.');
});

test('the peer is enriched on whichever side it stands, and a value it sends is said to come from it', () => {
  const record = recordOf({
    'source.ip': '52.81.151.250', 'source.port': 8801, 'destination.ip': '10.1.2.3', 'destination.port': 50_000, 'telltale.peer.ip': '52.81.151.250',
    'telltale.observables': [{ ...userId, encoding: 'url>base64' }],
  });
  const findings = detector().detect([record]);
  assert.equal(record['telltale.peer.located'], 'CN');
  assert.equal(record['source.geo.country_iso_code'], 'CN');
  assert.equal(record['destination.geo.country_iso_code'], '');
  assert.equal(named(findings, 'User id in clear')['message'],
    '52.81.151.250:8801 (Zoom, media), located in CN, operated from CN, sent user_id 47****8 in clear (udp.payload@12, in url>base64) to 10.1.2.3.');
  assert.match(named(findings, 'Service traffic to a country its policy denies')['message'], /^10\.1\.2\.3 was contacted by 52\.81\.151\.250:8801/);
});

test('clean traffic gives no finding', () => {
  const clean: Partial<FlowRecord>[] = [
    { 'destination.ip': '10.1.2.9', 'destination.port': 10_000, 'destination.domain': 'jitsi.example.org' },
    { 'destination.ip': '192.168.1.5', 'destination.port': 8801 },
    { 'destination.ip': '104.16.132.229', 'destination.port': 443, 'destination.domain': 'www.example.com', 'network.protocol': 'tls' },
    { 'destination.ip': '223.5.5.5', 'destination.port': 53, 'network.protocol': 'dns', 'dns.question.name': 'zoom.us' },
    { 'destination.ip': '170.114.10.5', 'destination.port': 443, 'destination.domain': 'us04web.zoom.us', 'network.protocol': 'tls' },
    { 'destination.ip': '203.205.151.162', 'destination.port': 443, 'destination.domain': 'web.wechat.com', 'network.protocol': 'tls' },
  ];
  assert.deepEqual(detector().detect(clean.map((fields, i) => recordOf(fields, `flow-${i}`))).map((finding) => finding['message']), []);
});

test('an anonymous FTP login and an SNMP community are low, never high', () => {
  const ftp = { 'destination.ip': '8.8.8.8', 'destination.port': 21, 'network.protocol': 'ftp' };
  const findings = detector().detect([
    recordOf({ ...ftp, 'telltale.observables': [{ ...userId, kind: 'password', path: 'ftp.request.pass', confidence: 10 }] }),
    recordOf({ ...ftp, 'network.protocol': 'snmp', 'telltale.observables': [{ ...userId, kind: 'password', path: 'snmp.community' }] }, 'flow-2'),
    recordOf({ ...ftp, 'telltale.observables': [{ ...userId, kind: 'password', path: 'ftp.request.pass' }] }, 'flow-3'),
  ]);
  assert.deepEqual(findings.map((finding) => finding['event.severity_name']), ['low', 'low', 'high']);
});
