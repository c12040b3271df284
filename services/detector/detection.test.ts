import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { before, test } from 'node:test';
import { createFlowRecord, flowId, recordId, type Finding, type FlowRecord, type Observable } from '#flow';
import { Geography } from '#geo';
import { ExceptionSet, Inventory, Jurisdictions, loadPack, parseExceptions, parsePolicy, PolicySet } from '#rules';
import { Detection, type DetectionParts } from './detection.ts';
import { readGeoTables } from './detection-tables.ts';
import { loadDetection, type LoadedDetection } from './packs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let loaded: LoadedDetection;
before(async () => { loaded = await loadDetection({ root }); });

/** A detection without memory of earlier tests. */
function detector(parts: Partial<DetectionParts> = {}): Detection {
  return new Detection({
    geography: loaded.geography,
    catalogue: loaded.catalogue,
    policies: loaded.policies,
    rules: loaded.pack.plan,
    hits: loaded.pack.hits,
    versions: loaded.versions,
    ...parts,
  });
}

function recordOf(fields: Partial<FlowRecord>, flow = 'flow-1', sequence = 0): FlowRecord {
  const id = flowId('probe', flow, 1);
  return Object.assign(createFlowRecord(), {
    'event.id': recordId(id, sequence), 'telltale.flow.id': id, 'telltale.flow.sequence': sequence, 'telltale.flow.state': 'first',
    '@timestamp': 1_780_000_000_000_000 + sequence, 'event.start': 1_780_000_000_000_000, 'event.created': 1_780_000_001_000_000,
    'telltale.evidence.frame': 10 + sequence,
    'source.ip': '10.1.2.3', 'source.port': 50_000, 'telltale.subject.ip': '10.1.2.3', 'network.transport': 'udp', 'network.protocol': 'udp',
  }, { 'telltale.peer.ip': fields['destination.ip'] ?? '' }, fields);
}

const userId: Observable = {
  kind: 'user_id',
  path: 'udp.payload@12',
  encoding: '',
  visibility: 'cleartext',
  confidence: 90,
  mask: '47****8',
  token: 'tk1.k.user',
  sender: 'source',
  frame: 9,
  watchlist: '',
};
const roomId: Observable = { ...userId, kind: 'room_id', path: 'udp.payload@20', mask: 'M8***Kx', token: 'tk1.k.room', frame: 10 };
const agora = { 'destination.ip': '47.88.10.20', 'destination.port': 8000, 'destination.domain': 'qos-america.agoralab.co' };

const names = (findings: Finding[]): string[] => findings.map((finding) => finding['rule.name']).toSorted();
const atPlatform = 'User or room id in clear at a communication service';
const named = (findings: Finding[], name: string): Finding => findings.find((finding) => finding['rule.name'] === name)!;

test('a join packet with user and room id: each of them, the pair, and the operator the policy denies', () => {
  const record = recordOf({ ...agora, 'telltale.observables': [userId, roomId], 'telltale.flow.observable_kinds': ['user_id', 'room_id'] });
  const findings = detector().detect([record]);
  assert.deepEqual(
    names(findings),
    ['Service traffic to a country its policy denies', 'User and room linked in clear', atPlatform, atPlatform],
    'the rules about ids anywhere are covered',
  );
  assert.equal(record['telltale.service'], 'Agora');
  assert.equal(record['destination.as.number'], 45102);

  const user = named(findings, atPlatform);
  assert.equal(
    user['message'],
    '10.1.2.3 sent user_id 47****8 in clear (udp.payload@12) to qos-america.agoralab.co (Agora, signalling) at 47.88.10.20:8000, located '
      + 'in US, operated from CN.',
  );
  assert.equal(user['event.severity_name'], 'medium');
  assert.equal(user['telltale.verdict'], 'violation');
  assert.equal(user['telltale.observable.token'], 'tk1.k.user');
  assert.equal(user['telltale.evidence.frame'], 9);
  assert.match(
    user['telltale.versions'],
    /^rules [0-9a-f]{8}; policies conferencing@2; sets 20\S+; catalogue 20\S+; geo dbip-city 20\S+, .*operators 20\S+, anycast 20\S+$/,
  );

  const linked = named(findings, 'User and room linked in clear');
  assert.equal(linked['event.severity_name'], 'high');
  assert.deepEqual(linked['telltale.observables.related'], ['room_id=tk1.k.room']);
  assert.equal(linked['telltale.evidence.frame'], 10);
  assert.match(linked['message'], /; user and room visible together to anyone on the path\.$/);
  assert.match(linked['message'], /sent user_id 47\*{4}8 in clear \(udp\.payload@12\) and room_id M8\*\*\*Kx in clear \(udp\.payload@20\) to qos/);

  const denied = named(findings, 'Service traffic to a country its policy denies');
  assert.equal(denied['event.severity_name'], 'high');
  assert.equal(
    denied['message'],
    '10.1.2.3 contacted qos-america.agoralab.co (Agora, signalling) at 47.88.10.20:8000, located in US by dbip-city 2026-06-05, operated '
      + 'from CN; denied by policy conferencing version 2 (operated=CN by operators 2026-11-22, inferred).',
  );
});

test('the pair is found when the room comes in a later record of the flow', () => {
  const detection = detector();
  const tls = { ...agora, 'destination.ip': '8.8.8.8', 'destination.domain': 'voice.example.org' };
  const first = detection.detect([recordOf({ ...tls, 'telltale.observables': [userId], 'telltale.flow.observable_kinds': ['user_id'] })]);
  assert.deepEqual(names(first), ['User id in clear']);
  const second = detection.detect([
    recordOf({ ...tls, 'telltale.observables': [roomId], 'telltale.flow.observable_kinds': ['user_id', 'room_id'] }, 'flow-1', 1),
  ]);
  assert.deepEqual(names(second), ['Room or meeting id in clear', 'User and room linked in clear']);
  const linked = named(second, 'User and room linked in clear');
  assert.equal(linked['telltale.observable.kind'], 'room_id');
  assert.deepEqual(linked['telltale.observables.related'], ['user_id=tk1.k.user']);
  assert.match(linked['message'], /; room and user visible together to anyone on the path\.$/);
});

test('a key server in Beijing is denied, once per flow', () => {
  const detection = detector();
  const key = {
    'destination.ip': '52.81.151.250',
    'destination.port': 443,
    'destination.domain': 'us01kms.zoom.us',
    'network.transport': 'tcp',
    'network.protocol': 'tls',
  };
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

test('each denied place of a flow is told once, also a hop that comes after the peer was denied', () => {
  const key = { 'destination.ip': '52.81.151.250', 'destination.domain': 'us01kms.zoom.us', 'network.protocol': 'tls' };
  const [relay, proxy] = ['turn-relay=47.74.1.1', 'forwarded-proxy=111.33.115.9'];
  const batch = (): FlowRecord[] => [
    recordOf(key),
    recordOf({ ...key, 'telltale.flow.hops': [relay!, 'turn-peer=109.94.160.99'] }, 'flow-1', 1),
    recordOf({ ...key, 'telltale.flow.hops': [relay!, proxy!] }, 'flow-1', 2),
  ];
  const detection = detector();
  const findings = detection.detect(batch());
  assert.deepEqual(
    findings.map((finding) => finding['telltale.policy.reason']),
    ['located=CN, operated=CN', 'turn-relay 47.74.1.1: operated=CN', 'forwarded-proxy 111.33.115.9: located=CN'],
  );
  assert.match(
    findings[1]!['message'],
    /; denied by policy conferencing version 2 \(turn-relay 47\.74\.1\.1: operated=CN by operators \S+, inferred\); where the session goes behind the relay/,
  );
  assert.equal(new Set(findings.map((finding) => finding['event.id'])).size, 3);
  assert.deepEqual(detection.detect(batch()), findings, 'a replay gives the same');
  const late = detector().detect(batch().slice(2));
  assert.deepEqual(
    late.map((finding) => finding['event.id']),
    findings.map((finding) => finding['event.id']),
    'so does a process that sees only the last record',
  );
});

test('a hop is told with the policy that denies it, and its level', () => {
  const context = { jurisdictions: Jurisdictions.parseAll([]), services: ['Zoom'] };
  const cn = parsePolicy('id: cn\nversion: "1"\ntitle: Not to China\nlevel: critical\ndeny: { located: [CN] }', 'cn.yml', context);
  const nl = parsePolicy('id: nl\nversion: "2"\ntitle: Not to the Netherlands\nlevel: low\ndeny: { located: [NL] }', 'nl.yml', context);
  const hops = { 'telltale.flow.hops': ['turn-peer=109.94.160.99'] };
  const findings = detector({ policies: new PolicySet([nl, cn]) }).detect([
    recordOf({ 'destination.ip': '52.81.151.250', 'destination.domain': 'us01kms.zoom.us', ...hops }),
  ]);
  assert.deepEqual(
    findings.map((finding) => [finding['telltale.policy.id'], finding['event.severity_name'], finding['telltale.policy.reason']]),
    [
      ['cn', 'critical', 'located=CN'],
      ['nl', 'low', 'turn-peer 109.94.160.99: located=NL'],
    ],
  );
  assert.match(findings[1]!['message'], /denied by policy nl version 2 /);
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
  assert.equal(
    finding!['message'],
    '10.1.2.3 contacted 203.0.113.9:8801 (Zoom, media by port udp/8801-8810); policy conferencing version 2 cannot be decided, ' +
      'because it is unknown where the peer is located (a special range) and from where the network of the peer is operated (no answer in '
        + 'operators 2026-11-22).',
  );
});

test('a third party contacted is one low finding per flow; asking DNS for its name is none', () => {
  const graph = {
    'destination.ip': '157.240.203.62',
    'destination.port': 443,
    'destination.domain': 'graph.facebook.com',
    'network.transport': 'tcp',
    'network.protocol': 'tls',
  };
  const findings = detector().detect([
    recordOf({ 'destination.ip': '8.8.8.8', 'destination.port': 53, 'network.protocol': 'dns', 'dns.question.name': 'graph.facebook.com' }, 'dns'),
    recordOf(graph), recordOf(graph, 'flow-1', 1),
  ]);
  assert.deepEqual(findings.map((finding) => [finding['rule.name'], finding['event.severity_name']]), [
    ['Third-party analytics endpoint contacted', 'low'],
  ]);
  assert.equal(findings[0]!['message'],
    '10.1.2.3 contacted graph.facebook.com (Facebook Graph, third-party) at 157.240.203.62:443, located in IT by dbip-city 2026-06-05, '
    + 'operated from US by operators 2026-11-22, inferred; which app did so is uncertain.');
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
  assert.equal(
    named(findings, atPlatform)['message'],
    '52.81.151.250:8801 (Zoom, media by port udp/8801-8810), located in and operated from CN, sent user_id 47****8 in clear '
      + '(udp.payload@12, url>base64) to 10.1.2.3.',
  );
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

const zoom = { 'destination.port': 443, 'network.transport': 'tcp', 'network.protocol': 'tls' };

test('a site code in the name is compared with the tables, and the difference shown', () => {
  const record = recordOf({ ...zoom, 'destination.ip': '109.94.160.99', 'destination.domain': 'zoomfrn99mmr.zoom.us' });
  detector().detect([record]);
  assert.deepEqual(
    [record['telltale.peer.located'], record['telltale.peer.site'], record['telltale.peer.agreement'], record['telltale.peer.disputed']],
    ['NL', 'DE Frankfurt', 'disputed', ['DE']],
  );
  assert.match(record['telltale.peer.sources'].join('; '), /^located=NL by dbip-city \S+; .*; located=DE by name \(frn, Frankfurt\)$/);
  assert.equal(record['telltale.policy.reason'], 'operated=unknown', 'NL and DE are both allowed: their dispute decides nothing');
  const agreed = recordOf({ ...zoom, 'destination.ip': '109.94.160.99', 'destination.domain': 'zoomam104zc.zoom.us' }, 'flow-2');
  detector().detect([agreed]);
  assert.deepEqual([agreed['telltale.peer.agreement'], agreed['telltale.peer.site']], ['agreed', 'NL Amsterdam']);
});

test('anycast: located is indeterminate, operated is not', () => {
  const record = recordOf({ ...zoom, 'destination.ip': '223.5.5.5', 'destination.domain': 'relay.zoom.us' });
  const [denied] = detector().detect([record]);
  assert.deepEqual(
    [record['telltale.peer.located'], record['telltale.peer.unlocated'], record['telltale.peer.anycast']],
    ['', 'anycast', '223.5.5.0/24'],
  );
  assert.equal(
    denied!['message'],
    '10.1.2.3 contacted relay.zoom.us (Zoom, signalling) at 223.5.5.5:443, anycast (223.5.5.0/24) and so at no single place, operated from CN; ' +
      'denied by policy conferencing version 2 (operated=CN by operators 2026-11-22, inferred); where the peer is located remains unknown '
        + '(anycast); where the session goes behind the anycast edge cannot be seen from here.',
  );
  const [unknown] = detector().detect([recordOf({ ...zoom, 'destination.ip': '8.8.8.8', 'destination.domain': 'relay.zoom.us' })]);
  assert.deepEqual([unknown!['telltale.verdict'], unknown!['telltale.policy.reason']], ['indeterminate', 'located=unknown']);
});

test('a round trip too short for the claimed country disproves it; nothing takes its place', () => {
  const positions = new Map([['frankfurt', { latitude: 50.11, longitude: 8.68 }]]);
  const beijing = { ...zoom, 'destination.ip': '52.81.151.250', 'destination.domain': 'us01kms.zoom.us', 'observer.name': 'frankfurt' };
  const near = recordOf({ ...beijing, 'telltale.handshake.rtt': 8_000 });
  const [finding] = detector({ positions }).detect([near]);
  assert.deepEqual(
    [near['telltale.peer.located'], near['telltale.peer.unlocated'], near['telltale.peer.disproved'], near['telltale.peer.distance_limit']],
    ['', 'disproved', ['CN'], 800],
  );
  assert.match(
    finding!['message'],
    /, not in CN as tables say, since it answered from within 800 km of the probe, operated from CN; denied by policy conferencing version 2 \(operated=CN /,
  );
  const located = (fields: Partial<FlowRecord>): string => {
    const record = recordOf({ ...beijing, ...fields });
    detector({ positions }).detect([record]);
    return record['telltale.peer.located'];
  };
  assert.equal(located({ 'telltale.handshake.rtt': 160_000 }), 'CN', 'far enough');
  assert.equal(located({}), 'CN', 'no round trip');
  assert.equal(located({ 'telltale.handshake.rtt': 8_000, 'observer.name': 'elsewhere' }), 'CN', 'a probe whose position is not known');
  assert.equal(
    located({
      'telltale.handshake.rtt': 1,
      'source.ip': '52.81.151.250',
      'destination.ip': '10.1.2.3',
      'telltale.peer.ip': '52.81.151.250',
      'telltale.subject.ip': '10.1.2.3',
    }),
    'CN',
    'the round trip to the monitored side says nothing of a peer that called',
  );
});

test('the city of the answer is told, unless the round trip rules it out', () => {
  const positions = new Map([['new-york', { latitude: 40.71, longitude: -74.01 }]]);
  const cupertino = { ...zoom, 'destination.ip': '17.0.0.1', 'destination.domain': 'a.example', 'observer.name': 'new-york' };
  const cityAt = (rtt: number): string[] => {
    const record = recordOf({ ...cupertino, 'telltale.handshake.rtt': rtt });
    detector({ positions }).detect([record]);
    return [record['telltale.peer.located'], record['telltale.peer.city'], record['telltale.peer.position']];
  };
  assert.deepEqual(cityAt(80_000), ['US', 'Cupertino', '37.33,-122.01']);
  assert.deepEqual(cityAt(5_000), ['US', '', ''], 'from within 500 km: in the United States, but not in California');
});

test('an address that answers two probes from two places is anycast, by own observation', () => {
  const positions = new Map([['fra', { latitude: 50.11, longitude: 8.68 }], ['sin', { latitude: 1.35, longitude: 103.82 }]]);
  const edge = { ...zoom, 'destination.ip': '170.114.10.5', 'destination.domain': 'us04web.zoom.us', 'telltale.handshake.rtt': 3_000 };
  const detection = detector({ positions });
  const [first, second, third] = [
    recordOf({ ...edge, 'observer.name': 'fra' }),
    recordOf({ ...edge, 'observer.name': 'sin' }, 'flow-2'),
    recordOf({ ...edge, 'observer.name': 'fra', 'telltale.handshake.rtt': 0 }, 'flow-3'),
  ];
  const findings = detection.detect([first, second, third]);
  assert.equal(first['telltale.peer.anycast'], '');
  for (const record of [second, third]) {
    assert.deepEqual(
      [
        record['telltale.peer.located'],
        record['telltale.peer.unlocated'],
        record['telltale.peer.anycast'],
        record['telltale.peer.city'],
        record['telltale.policy.verdict'],
      ],
      ['', 'anycast', 'observed by fra and sin', '', 'unknown'],
    );
    assert.notEqual(record['telltale.peer.operated'], '', 'anycast says nothing against the operator');
  }
  assert.match(findings.at(-1)!['message'], /anycast \(observed by fra and sin\) and so at no single place/);
});

test('hops of every kind: role, answers, path; a client is looked up and not judged, a name tells no country, what nobody sees is said', () => {
  const record = recordOf({
    ...zoom, 'destination.ip': '170.114.10.5', 'destination.domain': 'us04web.zoom.us', 'telltale.tunnel.source_ip': '10.9.0.1',
    'telltale.tunnel.destination_ip': '80.81.192.10',
    'telltale.flow.hops': [
      'dns-cname=us04web.cdn.example.net', 'forwarded-client=52.81.151.0/24', 'sip-via=192.168.7.7', 'ice-srflx=9.9.9.0/24',
      'socks-target=meet.example.org', 'sip-record-route=47.74.1.1',
    ],
  });
  detector().detect([record]);
  assert.deepEqual(record['telltale.path'], [
    'subject|10.1.2.3|local|?|?|flow',
    'tunnel|10.9.0.1|local|?|?|tunnel-source',
    'tunnel|80.81.192.10|DE|DE|?|tunnel-destination',
    'signalling|170.114.10.5|US|US|US|flow',
    'alias|us04web.cdn.example.net|?|?|?|dns-cname',
    'client|52.81.151.0/24|CN|CN|CN|forwarded-client',
    'proxy|192.168.7.7|local|?|?|sip-via',
    'participant|9.9.9.0/24|anycast|US|?|ice-srflx',
    'target|meet.example.org|?|?|?|socks-target',
    'proxy|47.74.1.1|JP|US|CN|sip-record-route',
    'unobservable|?|?|?|?|behind the proxy',
  ]);
  assert.equal(record['telltale.policy.verdict'], 'denied');
  assert.equal(
    record['telltale.policy.reason'],
    'sip-record-route 47.74.1.1: operated=CN',
    'the user may be in China; the service may not take him there',
  );
});

test('hops inside a session are looked up and judged', () => {
  const turn = { 'destination.ip': '170.114.10.5', 'destination.port': 3478, 'destination.domain': 'turn.zoom.us', 'network.protocol': 'stun' };
  const record = recordOf({
    ...turn,
    'telltale.stun.relayed_ip': '52.81.151.250',
    'telltale.stun.peer_ip': ['192.168.1.4', '170.114.10.5', '198.51.100.9', '52.81.151.250'],
  });
  const findings = detector().detect([record]);
  assert.deepEqual(names(findings), ['Private address disclosed in STUN, SIP or SDP', 'Service traffic to a country its policy denies']);
  const finding = named(findings, 'Service traffic to a country its policy denies');
  assert.deepEqual(record['telltale.hops'], ['turn-relay=52.81.151.250/CN/CN', 'turn-peer=192.168.1.4/local', 'turn-peer=198.51.100.9/?/?']);
  assert.deepEqual(record['telltale.policy.decisions'], ['conferencing@2 denied turn-relay 52.81.151.250: located=CN, operated=CN']);
  assert.match(
    finding['message'],
    /; denied by policy conferencing version 2 \(turn-relay 52\.81\.151\.250: located=CN by dbip-city 20\S+; operated=CN by operators 20\S+, inferred\); where the session goes behind the relay cannot be seen from here\.$/,
  );
  const behindLocal = recordOf({ ...turn, 'destination.ip': '192.168.0.9', 'telltale.stun.relayed_ip': '52.81.151.250' }, 'flow-2');
  detector().detect([behindLocal]);
  assert.equal(behindLocal['telltale.policy.verdict'], 'denied', 'a relay inside the network does not hide what is behind it');
  const unknown = recordOf({ ...turn, 'telltale.stun.peer_ip': ['198.51.100.9'] }, 'flow-3');
  const indeterminate = named(detector().detect([unknown]), 'Service traffic to an undetermined place');
  assert.match(
    indeterminate['message'],
    /because it is unknown where turn-peer 198\.51\.100\.9 is located \(a special range\) and from where the network of turn-peer 198\.51\.100\.9 is operated \(no answer in operators 2026-11-22\)\.$/,
  );
});

test('reversed endpoints, mapped, tunnelled, private and documentation addresses: none has a country', () => {
  const addresses = [
    '::ffff:52.81.151.250', '64:ff9b::3451:97fa', '2002:3451:97fa::1', '2001:0:3451:97fa::1', '100.64.3.4', '10.9.9.9', '192.0.2.7',
    '198.51.100.7', '203.0.113.7', '2001:db8::7', 'fd00::7',
  ];
  for (const ip of addresses) {
    for (const reversed of [false, true]) {
      const ends = reversed ? { 'source.ip': ip, 'destination.ip': '10.1.2.3', 'telltale.peer.ip': ip } : { 'destination.ip': ip };
      const record = recordOf({ ...ends, 'destination.domain': 'zoomfrn99mmr.zoom.us', 'telltale.handshake.rtt': 1, 'telltale.stun.relayed_ip': ip });
      detector().detect([record]);
      for (const field of [
        'telltale.peer.located',
        'telltale.peer.registered',
        'telltale.peer.operated',
        'source.geo.country_iso_code',
        'destination.geo.country_iso_code',
        'telltale.peer.site',
      ] as const) {
        assert.equal(record[field], '', `${ip} ${field}`);
      }
      assert.notEqual(record['telltale.policy.verdict'], 'allowed', ip);
    }
  }
});

test('tags of the inventory stand on the record', () => {
  const inventory = Inventory.parse("version: '1'\nsubjects: [{ cidr: [10.1.0.0/16], tags: { department: legal, residency: DE } }]", 'i.yaml');
  const record = recordOf(zoom);
  detector({ inventory }).detect([record]);
  assert.deepEqual(record['telltale.subject.tags'], ['department=legal', 'residency=DE']);
});

test('a subject is where the inventory or its probe says, or its public address; residency is not a place', () => {
  const inventory = Inventory.parse(
    "version: '1'\nsubjects:\n  - { cidr: [10.1.0.0/16], tags: { residency: FR } }\n"
      + "  - { cidr: [10.9.0.0/16], tags: { country: CH, residency: FR } }",
    'i.yaml',
  );
  const locatedOf = (fields: Partial<FlowRecord>): string => {
    const record = recordOf({ ...zoom, ...fields });
    detector({ inventory, sites: new Map([['berlin', 'DE']]) }).detect([record]);
    return record['telltale.subject.located'];
  };
  assert.equal(locatedOf({ 'observer.name': 'elsewhere' }), '', 'residency is not a place');
  assert.equal(locatedOf({ 'observer.name': 'berlin' }), 'DE');
  const branch = { 'source.ip': '10.9.0.1', 'telltale.subject.ip': '10.9.0.1', 'observer.name': 'berlin' };
  assert.equal(locatedOf(branch), 'CH', 'a network of another site, seen by that probe');
  assert.equal(
    locatedOf({ 'source.ip': '52.81.151.250', 'telltale.subject.ip': '52.81.151.250', 'observer.name': 'berlin' }),
    'CN',
    'a public address has its own place',
  );
});

test('new tables take over between two batches', async () => {
  const tables = await readGeoTables(root);
  const detection = detector();
  const beijing = { ...zoom, 'destination.ip': '52.81.151.250', 'destination.domain': 'us01kms.zoom.us' };
  const before = recordOf(beijing);
  detection.detect([before]);
  detection.replaceGeography(new Geography({ ...tables, anycast: { name: 'new.csv', text: '52.81.0.0/16' } }), 'new');
  const after = recordOf(beijing, 'flow-2');
  const [finding] = detection.detect([after]);
  assert.deepEqual([before['telltale.peer.anycast'], after['telltale.peer.anycast'], finding!['telltale.versions']], ['', '52.81.0.0/16', 'new']);
});

test('a match that a correlation counts leaves a hit; the rule itself is silent, and exceptions are none', () => {
  const rule = (id: number, port: number, more = ''): string =>
    `title: R${id}\nid: 00000000-0000-4000-8000-00000000000${id}\nlevel: low\nlogsource: { product: telltale }\n`
      + `detection: { a: { destination.port: ${port} }, condition: a }\n${more}`;
  const correlation =
    'title: C\nid: 00000000-0000-4000-8000-00000000000a\nlevel: high\n'
      + 'correlation: { type: event_count, rules: [00000000-0000-4000-8000-000000000001], group-by: [source.ip], timespan: 1h, '
      + 'condition: { gte: 2 } }\n';
  const pack = loadPack([{ name: 'r.yml', text: [rule(1, 8000), rule(2, 8000), correlation].join('---\n') }]);
  const { exceptions } = parseExceptions([
    { name: 'e.yml', text: 'match: { source.ip: 10.9.9.9 }\nowner: me\nreason: because\nexpires: 2099-12-31\n' },
  ]);
  const detection = detector({ rules: pack.plan, hits: pack.hits, exceptions: new ExceptionSet(exceptions) });
  const findings = detection.detect([
    recordOf(agora),
    recordOf({ 'destination.port': 1 }, 'flow-2'),
    recordOf({ ...agora, 'source.ip': '10.9.9.9' }, 'flow-3'),
  ]);
  assert.deepEqual(names(findings), ['R2']);
  assert.deepEqual(
    detection.hits.map((hit) => [hit['rule.id'], hit.fields['source.ip'], hit.fields['destination.port'], hit['@timestamp']]),
    [['00000000-0000-4000-8000-000000000001', '10.1.2.3', '8000', 1_780_000_000_000_000]],
  );
  detection.detect([recordOf({ 'destination.port': 1 })]);
  assert.equal(detection.hits.length, 0, 'hits are those of the last call');
});
