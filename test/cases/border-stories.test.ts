import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CaptureBuilder, dnsAnswer, dnsQuery, httpRequest, stunMessage, type Endpoint } from '#capture';
import type { Finding, FlowRecord } from '#flow';
import { parsePolicy, PolicySet } from '#rules';
import { projectRoot } from '#runtime';
import { Detection } from '../../services/detector/detection.ts';
import { loadDetection, readPolicyContext, type LoadedDetection } from '../../services/detector/packs.ts';
import { opaque, resolve, srtp, tlsSession, zoomHello, zoomMediaPacket } from '../../services/probe/demonstration-traffic.ts';
import { probeCapture } from '../support/scan.ts';
import { alice, bela, second, start } from './case.ts';

/**
 * The stories behind cross-border findings, each as a capture built for it, with the expected answer on every dimension, written by hand
 * from what tables and names say. `service, role | located/registered/operated | policy verdict and reason`.
 */
let loaded: LoadedDetection;
before(async () => { loaded = await loadDetection({ root: projectRoot }); });

interface Judged { records: FlowRecord[]; findings: Finding[] }

function judge(builder: CaptureBuilder, policies = loaded.policies): Judged {
  const { records } = probeCapture(builder.pcap());
  const { geography, catalogue, pack, versions } = loaded;
  return { records, findings: new Detection({ geography, catalogue, policies, rules: pack.plan, hits: pack.hits, versions }).detect(records) };
}

/** The verdict on a peer, from its last record with a known service. */
function verdictOf({ records }: Judged, peer: string): string {
  const record = records.filter((one) => one['telltale.peer.ip'] === peer && one['network.protocol'] !== 'dns').at(-1)!;
  const or = (text: string): string => text || '-';
  return [
    record['telltale.service'] === '' ? '-' : `${record['telltale.service']}, ${record['telltale.role']}`,
    `${or(record['telltale.peer.located'])}/${or(record['telltale.peer.registered'])}/${or(record['telltale.peer.operated'])}`,
    or(`${record['telltale.policy.verdict']} ${record['telltale.policy.reason']}`.trim()),
  ].join(' | ');
}

function sentences({ findings }: Judged, rule: string): string[] {
  return findings.filter((finding) => finding['rule.name'] === rule).map(({ message }) => message);
}

const denied = 'Service traffic to a country its policy denies';

test('a key from Beijing', () => {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 51_001 }, server: { ip: '206.247.10.10', port: 443 }, serverName: 'us04web.zoom.us', at: start,
    roundTripMicros: 12_000,
  });
  tlsSession(builder, {
    client: { ip: alice, port: 51_002 }, server: { ip: '52.81.151.250', port: 443 }, serverName: 'us04kms1.zoom.us', at: start + 3 * second,
    roundTripMicros: 190_000,
  });
  const story = judge(builder);
  assert.equal(verdictOf(story, '206.247.10.10'), 'Zoom, signalling | US/US/US | allowed located=US, operated=US');
  assert.equal(verdictOf(story, '52.81.151.250'), 'Zoom, key-management | CN/CN/CN | denied located=CN, operated=CN');
  assert.deepEqual(sentences(story, denied), [
    '10.20.0.11 contacted us04kms1.zoom.us (Zoom, key-management by name, a guess) at 52.81.151.250:443, located in and operated from CN; '
    + 'denied by policy conferencing version 2 (located=CN by dbip-city 2026-06-05; operated=CN by operators 2026-11-22, inferred).',
  ]);
});

test('congestion: media fail over to a mainland range of the vendor, and return', () => {
  const builder = new CaptureBuilder();
  const stream = (server: Endpoint, port: number, at: number, packets: number, answers: number): void => {
    const media = builder.udp({ client: { ip: alice, port }, server, at }).send(zoomHello(1)).receive(zoomHello(2));
    for (let packet = 0; packet < packets; packet++) {
      media.send(zoomMediaPacket('toZoom', packet));
      if (packet < answers) media.receive(zoomMediaPacket('fromZoom', packet));
    }
  };
  const [primary, secondary] = [{ ip: '144.195.10.10', port: 8801 }, { ip: '221.122.63.10', port: 8801 }];
  stream(primary, 51_003, start, 7, 4);
  stream(secondary, 51_004, start + 5 * second, 4, 4);
  stream(primary, 51_005, start + 60 * second, 4, 4);
  const story = judge(builder);
  assert.equal(verdictOf(story, primary.ip), 'Zoom, media | US/US/US | allowed located=US, operated=US');
  assert.equal(
    verdictOf(story, secondary.ip),
    'Zoom, media | CN/CN/CN | denied located=CN, operated=CN',
    "in Zoom's own published ranges, and in China all the same",
  );
  assert.equal(sentences(story, denied).length, 1);
  assert.match(sentences(story, denied)[0]!, /; where the session goes behind the media server cannot be seen from here\.$/);
});

test('government policy: the stricter policy decides, and both are shown', async () => {
  const context = await readPolicyContext(projectRoot, loaded.catalogue);
  const policies = new PolicySet([
    parsePolicy(
      "id: zoom\nversion: '1'\ntitle: Zoom\nlevel: medium\nservices: [Zoom]\nallow: { located: [US, CA, eea] }\nunknown: allow",
      'zoom.yml',
      context,
    ),
    parsePolicy(
      "id: zoom-for-government\nversion: '3'\ntitle: Zoom for Government\nlevel: critical\nservices: [Zoom]\n"
        + "subjects: { cidr: [10.20.0.11/32] }\nallow: { located: [US] }",
      'gov.yml',
      context,
    ),
  ]);
  const builder = new CaptureBuilder();
  for (const [ip, port] of [[alice, 51_006], [bela, 51_007]] as const) {
    tlsSession(builder, {
      client: { ip, port }, server: { ip: '213.19.144.104', port: 443 }, serverName: 'zoomam104zc.zoom.us', at: start, roundTripMicros: 20_000,
    });
  }
  const story = judge(builder, policies);
  const decisions = (subject: string): readonly string[] =>
    story.records.findLast((record) => record['telltale.subject.ip'] === subject && record['telltale.service'] !== '')!['telltale.policy.decisions'];
  assert.deepEqual(decisions(alice), ['zoom-for-government@3 denied located=NL', 'zoom@1 allowed located=NL']);
  assert.deepEqual(decisions(bela), ['zoom@1 allowed located=NL']);
  assert.deepEqual(
    story.findings.map((finding) => [finding['telltale.subject.ip'], finding['event.severity_name'], finding['telltale.policy.id']]),
    [[alice, 'critical', 'zoom-for-government']],
  );
});

test('Agora edges: unicast hosts in several countries, one of them denied', () => {
  const builder = new CaptureBuilder();
  const edges = { '128.1.233.218': 'DE', '199.190.44.135': 'HK', '202.226.25.166': 'JP' };
  for (const [i, ip] of Object.keys(edges).entries()) {
    tlsSession(builder, {
      client: { ip: alice, port: 51_010 + i }, server: { ip, port: 443 }, serverName: `${ip.replaceAll('.', '-')}.edge.agora.io`,
      at: start + i * second, roundTripMicros: 30_000,
    });
  }
  const story = judge(builder);
  assert.equal(verdictOf(story, '128.1.233.218'), 'Agora, media | DE/US/US | allowed located=DE, operated=US');
  assert.equal(verdictOf(story, '199.190.44.135'), 'Agora, media | HK/US/US | denied located=HK');
  assert.equal(verdictOf(story, '202.226.25.166'), 'Agora, media | JP/JP/- | unknown operated=unknown', 'unknown is not clean');
  assert.ok(
    story.records.every((record) => record['telltale.peer.anycast'] === '' || record['network.protocol'] === 'dns'),
    'Agora is not taken for anycast',
  );
});

test('an anycast resolver: no table locates it, its operator is known', () => {
  const builder = new CaptureBuilder();
  builder
    .udp({ client: { ip: alice, port: 51_020 }, server: { ip: '223.5.5.5', port: 53 }, at: start })
    .send(dnsQuery(7, 'www.example.org'))
    .receive(dnsAnswer(7, 'www.example.org', 'A', [{ name: 'www.example.org', type: 'A', ttl: 300, data: '93.184.215.14' }]));
  const [record] = judge(builder).records;
  assert.deepEqual(
    [
      record!['telltale.peer.located'],
      record!['telltale.peer.unlocated'],
      record!['telltale.peer.anycast'],
      record!['telltale.peer.operated'],
      record!['telltale.peer.city'],
    ],
    ['', 'anycast', '223.5.5.0/24', 'CN', ''],
  );
  assert.deepEqual(record!['telltale.path'].at(-1), 'unobservable|?|?|?|?|behind the anycast edge');
});

test("a third party's graph call: contacted, and located apart from its registration", () => {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 52_000 }, server: { ip: '206.247.10.10', port: 443 }, serverName: 'us04web.zoom.us', at: start - 20 * second,
    roundTripMicros: 12_000,
  });
  tlsSession(builder, {
    client: { ip: alice, port: 52_001 }, server: { ip: '157.240.20.35', port: 443 }, serverName: 'graph.facebook.com', at: start,
    roundTripMicros: 9_000,
  });
  const story = judge(builder);
  assert.equal(verdictOf(story, '157.240.20.35'), 'Facebook Graph, third-party | AU/US/US | -');
  assert.match(
    sentences(story, 'Third-party analytics endpoint contacted')[0]!,
    /; which app did so is uncertain \(candidates: Zoom, used within a minute\)\.$/,
  );
});

test('a self-hosted Jitsi stays clean, with its bridge inside the network', () => {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 53_001 }, server: { ip: '10.20.1.5', port: 443 }, serverName: 'meet.example.org', at: start, roundTripMicros: 800,
  });
  const bridge = builder.udp({ client: { ip: alice, port: 53_002 }, server: { ip: '10.20.1.5', port: 10_000 }, at: start + 2 * second });
  for (let packet = 0; packet < 10; packet++) bridge.send(srtp(packet)).receive(srtp(packet + 1000));
  const story = judge(builder);
  assert.deepEqual(story.findings, []);
  assert.equal(verdictOf(story, '10.20.1.5'), '- | -/-/- | -');
});

test('a relay that is allowed passes on to one that is not: the hop is denied', () => {
  const builder = new CaptureBuilder();
  const transaction = opaque('allocate', 12);
  resolve(builder, alice, 'turn.zoom.us', '170.114.10.5', start);
  builder.udp({ client: { ip: alice, port: 53_010 }, server: { ip: '170.114.10.5', port: 3478 }, at: start + second })
    .send(stunMessage('allocateRequest', transaction, [{ type: 'requestedTransport', value: Buffer.from([17, 0, 0, 0]) }]))
    .receive(stunMessage('allocateSuccess', transaction, [{ type: 'xorRelayedAddress', value: { ip: '221.122.63.20', port: 49_170 } }]));
  const story = judge(builder);
  const record = story.records.findLast((one) => one['telltale.flow.hops'].length > 0)!;
  assert.deepEqual(record['telltale.path'], [
    'subject|10.20.0.11|local|?|?|flow',
    'signalling|170.114.10.5|US|US|US|flow',
    'relay|221.122.63.20|CN|CN|CN|turn-relay',
    'unobservable|?|?|?|?|behind the relay',
  ]);
  assert.match(
    sentences(story, denied)[0]!,
    /denied by policy conferencing version 2 \(turn-relay 221\.122\.63\.20: located=CN by dbip-city 2026-06-05; operated=CN by operators 2026-11-22, inferred\); where/,
  );
});

/** A message of the call between Alice and the media server that the PBX names. */
function sip(startLine: string, callId: string, mediaIp: string, mediaPort: number): Buffer {
  const sdp = ['v=0', `o=- 1 1 IN IP4 ${mediaIp}`, 's=-', `c=IN IP4 ${mediaIp}`, 't=0 0', `m=audio ${mediaPort} RTP/AVP 0`, ''].join('\r\n');
  return Buffer.from([
    startLine, `Via: SIP/2.0/UDP ${alice}:5060;branch=z9hG4bK1`, 'Record-Route: <sip:93.184.215.20;lr>',
    'From: <sip:7001@pbx.example.net>;tag=1', 'To: <sip:7002@pbx.example.net>',
    `Call-ID: ${callId}`, 'CSeq: 1 INVITE', 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp,
  ].join('\r\n'));
}

test('the media of a call go another way than its signalling, and are one path with it', () => {
  const builder = new CaptureBuilder();
  const callId = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
  builder.udp({ client: { ip: alice, port: 5060 }, server: { ip: '93.184.215.14', port: 5060 }, at: start })
    .send(sip('INVITE sip:7002@pbx.example.net SIP/2.0', callId, alice, 41_000)).receive(sip('SIP/2.0 200 OK', callId, '221.122.63.20', 52_000));
  const media = builder.udp({ client: { ip: alice, port: 41_000 }, server: { ip: '221.122.63.20', port: 52_000 }, at: start + second });
  for (let packet = 0; packet < 12; packet++) media.send(srtp(packet)).receive(srtp(packet + 1000));
  const other = builder.udp({ client: { ip: alice, port: 41_500 }, server: { ip: '221.122.63.21', port: 52_000 }, at: start + second });
  for (let packet = 0; packet < 12; packet++) other.send(srtp(packet)).receive(srtp(packet + 1000));
  const { records } = judge(builder);
  const last = (peer: string): FlowRecord => records.findLast((record) => record['telltale.peer.ip'] === peer)!;
  assert.deepEqual(last('221.122.63.20')['telltale.path'], [
    'subject|10.20.0.11|local|?|?|flow',
    'signalling|93.184.215.14|US|US|?|flow',
    'proxy|93.184.215.20|US|US|?|sip-record-route',
    'participant|10.20.0.0/24|local|?|?|sip-contact',
    'media|221.122.63.20|CN|CN|CN|flow',
    'unobservable|?|?|?|?|behind the media server',
  ]);
  const call = records.find((record) => record['telltale.sip.method'] === 'INVITE')!['telltale.session.id'];
  assert.match(call, /^tk1\./, 'a token, not the Call-ID');
  assert.equal(last('221.122.63.20')['telltale.session.id'], call);
  assert.equal(last('221.122.63.21')['telltale.session.id'], '', 'no signalling named it');
  assert.ok(!JSON.stringify(records).includes(callId));
});

test('a proxy in between is told by its header, and the client behind it by its network alone', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 53_020 }, server: { ip: '93.184.215.14', port: 80 }, at: start }).handshake()
    .send(httpRequest('GET', '/', { Host: 'www.example.org', 'X-Forwarded-For': '198.51.100.77, 52.81.151.250' })).close();
  const { records } = judge(builder);
  const record = records.findLast((one) => one['telltale.flow.hops'].length > 0)!;
  assert.deepEqual(record['telltale.flow.hops'], ['forwarded-client=198.51.100.0/24', 'forwarded-proxy=52.81.151.250']);
  assert.ok(!JSON.stringify(records).includes('198.51.100.77'), "a person's address is nowhere on a record");
});

test('the same medium seen at two subjects has one stream', () => {
  const builder = new CaptureBuilder();
  const relay = { ip: '221.122.63.10', port: 50_000 };
  for (const [i, ip] of [alice, bela].entries()) {
    const media = builder.udp({ client: { ip, port: 53_030 + i }, server: relay, at: start + i * second });
    for (let packet = 0; packet < 12; packet++) media.send(srtp(packet)).receive(srtp(packet));
  }
  const streams = judge(builder).records.filter((record) => record['telltale.rtp.ssrc'] !== 0);
  assert.deepEqual(new Set(streams.map((record) => record['telltale.subject.ip'])), new Set([alice, bela]));
  assert.equal(new Set(streams.map((record) => record['telltale.rtp.ssrc'])).size, 1);
});
