import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { ServiceCatalogue } from './catalogue.ts';
import { LocatedError } from './located-yaml.ts';

const catalogue = ServiceCatalogue.parse(readFileSync(new URL('../../../libs/geo/services.yaml', import.meta.url), 'utf8'));

function recordOf(fields: Partial<FlowRecord>): FlowRecord {
  return Object.assign(createFlowRecord(), { 'network.transport': 'udp', 'network.protocol': 'udp' }, fields);
}

function matched(fields: Partial<FlowRecord>): string {
  const match = catalogue.match(recordOf(fields));
  return match === undefined ? '' : `${match.service.name}, ${match.role}`;
}

test('a host name tells service and role', () => {
  const expected = {
    'zoomfrn99mmr.zoom.us': 'Zoom, media',
    'zoomsjccv154mmr.sjc.zoom.us': 'Zoom, media',
    'zoomam104zc.zoom.us': 'Zoom, signalling',
    'us01kms.zoom.us': 'Zoom, key-management',
    'ssrweb.zoom.us': 'Zoom, recording',
    'cdn.zoom.us': 'Zoom, update',
    'updates2.signal.org': 'Signal, update',
    'chat.signal.org': 'Signal, signalling',
    'log.zoom.us': 'Zoom, telemetry',
    'log-gateway.zoom.us': 'Zoom, telemetry',
    'zoom.us': 'Zoom, signalling',
    'US04WEB.Zoom.US.': 'Zoom, signalling',
    'qos-america.agoralab.co': 'Agora, signalling',
    '23-248-186-179.edge.agora.io': 'Agora, media',
    'graph.facebook.com': 'Facebook Graph, third-party',
    'alog.umeng.com': 'Umeng, third-party',
    'res.wx.qq.com': 'WeChat, signalling',
    'android.bugly.qq.com': 'Bugly, third-party',
    'report.appmetrica.yandex.net': 'AppMetrica, third-party',
    'analytics.rayjump.com': 'Mintegral, third-party',
    'o42.ingest.de.sentry.io': 'Sentry, third-party',
    'wss-primary.slack.com': 'Slack, signalling',
    'turn.goto-rtc.com': 'GoTo, media',
    'meeting.tencent.com': 'Tencent Meeting, signalling',
    // Names that only look similar.
    'facebook.com': '', 'notzoom.us': '', 'zoom.us.example.org': '', 'us': '', 'jitsi.example.org': '', 'yandex.net': '', 'tencent.com': '',
    'unity3d.com': '',
  };
  for (const [domain, service] of Object.entries(expected)) assert.equal(matched({ 'destination.domain': domain }), service, domain);
});

test('a peer without a name is told by protocol and port, on whichever side it stands', () => {
  assert.equal(matched({ 'destination.port': 8801 }), 'Zoom, media');
  assert.equal(matched({ 'destination.port': 8811 }), '');
  assert.equal(matched({ 'network.transport': 'tcp', 'destination.port': 8801 }), '');
  assert.equal(matched({ 'destination.port': 8130, 'network.protocol': 'sd-rtn' }), 'Agora, media');
  assert.equal(matched({ 'destination.port': 8130 }), '');
  assert.equal(
    matched({
      'source.ip': '109.94.160.99',
      'source.port': 8801,
      'destination.ip': '10.0.0.1',
      'destination.port': 50_000,
      'telltale.peer.ip': '109.94.160.99',
    }),
    'Zoom, media',
  );
});

test('a name that no entry knows is not overruled by a port', () => {
  assert.equal(matched({ 'destination.port': 8801, 'destination.domain': 'game.example.org' }), '');
});

test('DNS traffic about a service is not service traffic', () => {
  assert.equal(matched({ 'network.protocol': 'dns', 'destination.domain': 'zoom.us', 'dns.question.name': 'zoom.us', 'destination.port': 53 }), '');
});

function evidence(fields: Partial<FlowRecord>): string {
  return catalogue.match(recordOf(fields))?.evidence ?? '';
}

test('what an attribution rests on is told, the strongest first', () => {
  const certificate = { 'telltale.tls.certificate_names': ['*.zoom.us'] };
  const range = { 'telltale.peer.ip': '144.195.10.10', 'destination.ip': '144.195.10.10' };
  const port = { 'destination.port': 8801 };
  assert.equal(evidence({ ...port, ...range, ...certificate, 'destination.domain': 'zoom.us' }), 'name');
  assert.equal(evidence({ ...port, ...range, ...certificate }), 'certificate');
  assert.equal(evidence({ ...port, ...range, 'network.protocol': 'zoom' }), 'range 144.195.0.0/16 of 2026-06-18');
  assert.equal(evidence({ ...range, 'network.transport': 'tcp' }), 'range 144.195.0.0/16 of 2026-06-18, a guess', 'the list tells no roles');
  assert.equal(evidence({ ...port, 'network.protocol': 'zoom' }), 'fingerprint protocol=zoom');
  assert.equal(evidence(port), 'port udp/8801-8810');
  assert.equal(evidence({ 'destination.domain': 'us01kms.zoom.us' }), 'name, a guess');
  assert.equal(evidence({ 'telltale.tls.certificate_names': ['us01kms.zoom.us'] }), 'certificate, a guess');
});

test('a certificate tells the service that most of its names belong to', () => {
  const expected: [string[], string][] = [
    [['*.zoom.us', 'zoom.us'], 'Zoom, signalling'],
    [['Zoom Video Communications, Inc.', '*.zoom.us'], 'Zoom, signalling'],
    [['zoomfrn7mmr.zoom.us', '*.zoom.us'], 'Zoom, media'],
    // An edge that serves many services: which one it is here cannot be told.
    [['*.edge.example', '*.google-analytics.com', '*.meet.google.com'], ''],
    [['www.example.org', 'images.example.net', '*.google-analytics.com'], ''],
    [['cdn.example.net', '*.zoom.us'], 'Zoom, signalling'],
    [['Meeting Server'], ''],
  ];
  for (const [names, service] of expected) assert.equal(matched({ 'telltale.tls.certificate_names': names }), service, names.join(' '));
});

test('a peer is known by what its software shows of itself', () => {
  const expected: [Partial<FlowRecord>, string][] = [
    [{ 'network.protocol': 'sd-rtn', 'destination.port': 8130 }, 'Agora, media'],
    [{ 'network.protocol': 'oicq', 'destination.port': 8000 }, 'QQ, signalling'],
    [{ 'network.protocol': 'mmtls' }, 'WeChat, signalling'],
    [{ 'network.protocol': 'mipush' }, 'Xiaomi Push, third-party'],
    [{ 'network.protocol': 'stun', 'telltale.stun.realm': 'viber.com' }, 'Viber, media'],
    [{ 'network.protocol': 'stun', 'telltale.stun.realm': 'Turn.Signal.Org' }, 'Signal, media'],
    [{ 'network.protocol': 'stun', 'telltale.stun.realm': 'notviber.com' }, ''],
    [{ 'network.protocol': 'stun', 'telltale.stun.software': "Coturn-4.5.0.3 'dan Eider'" }, ''],
  ];
  for (const [fields, service] of expected) assert.equal(matched(fields), service, JSON.stringify(fields));
});

const ja4 = 't13d1516h2_8daaf6152771_e5627efa2ab1';

/** A catalogue of one service with one fingerprint. */
function fingerprinted(entry: string): ServiceCatalogue {
  return ServiceCatalogue.parse(
    `version: x\nservices:\n  - { name: A, vendor: V, controlled_from: US, fingerprints: [{ ${entry}, role: media, source: s }] }`,
    'c.yaml',
  );
}

test('fingerprints of every kind', () => {
  const records: Record<string, Partial<FlowRecord>> = {
    'protocol: x': { 'network.protocol': 'x' },
    'alpn: x': { 'telltale.tls.alpn': ['h2', 'x'] },
    [`ja4: ${ja4}`]: { 'telltale.tls.ja4': ja4 },
    'stun_realm: example.com': { 'telltale.stun.realm': 'a.example.com' },
    "stun_software: 'Relay (beta) *'": { 'telltale.stun.software': 'Relay (beta) 2.1' },
    'user_agent: Own/1': { 'user_agent.original': 'Own/1' },
  };
  for (const [entry, fields] of Object.entries(records)) {
    const own = fingerprinted(entry);
    assert.equal(own.match(recordOf(fields))?.service.name, 'A', entry);
    assert.equal(own.match(recordOf({})), undefined, entry);
    assert.deepEqual([...own.rolesOf('A')], ['media']);
  }
});

test('a fingerprint that tells nothing is refused', () => {
  for (const [entry, message] of [
    ['protocol: x, alpn: y', /expected exactly one of protocol, alpn/],
    ['experimental: e', /expected exactly one of/],
    ["user_agent: '*'", /three characters/],
    ['ja4: t13d', /expected a JA4 fingerprint/],
    ['protocol: x, role: media, source: s }, { protocol: x', /c\.yaml:3:\d+: error: the catalogue lists the fingerprint protocol=x twice/],
  ] as const)
    assert.throws(() => fingerprinted(entry), message);
});

test('a published range tells its day', () => {
  const range = (rest: string): ServiceCatalogue =>
    ServiceCatalogue.parse(
      `version: x\nservices:\n  - { name: A, vendor: V, controlled_from: US, ranges: [{ prefixes: [192.0.2.0/24], role: media, source: s${rest} }] }`,
      'c.yaml',
    );
  assert.throws(() => range(''), /ranges\.0\.snapshot/);
  assert.throws(() => range(', snapshot: 2026-13'), /expected a day or month/);
  assert.equal(range(', snapshot: 2026-06').match(recordOf({ 'telltale.peer.ip': '192.0.2.9' }))?.evidence, 'range 192.0.2.0/24 of 2026-06');
});

test('a catalogue with mistakes is refused, each with its place', () => {
  const yaml = [
    'version: x',
    'services:',
    '  - { name: A, vendor: V, controlled_from: US, hosts: [{ match: "*.com", role: media, source: s }] }',
    '  - { name: A, vendor: V, controlled_from: US, ports: [{ transport: udp, ports: "9-8", role: media, source: s }] }',
  ].join('\n');
  assert.throws(() => ServiceCatalogue.parse(yaml, 'c.yaml'), (error) => {
    assert.ok(error instanceof LocatedError);
    assert.deepEqual(error.problems.map(({ line, code }) => [line, code]), [[3, 'host'], [4, 'duplicate'], [4, 'port']]);
    return true;
  });
  assert.throws(() => ServiceCatalogue.parse('version: x\nservices:\n  - name: A\n    colour: red\n', 'c.yaml'), /c\.yaml:3:5: error: services\.0/);
});

test('a peer without a name is told by a published range, before its port', () => {
  assert.equal(matched({ 'telltale.peer.ip': '221.122.63.9', 'destination.ip': '221.122.63.9', 'destination.port': 443 }), 'Zoom, media');
  assert.equal(matched({ 'telltale.peer.ip': '221.122.65.9', 'destination.ip': '221.122.65.9', 'destination.port': 443 }), '');
  assert.equal(matched({ 'telltale.peer.ip': '2603:1027::7', 'destination.port': 443 }), 'Teams, signalling');
  assert.equal(matched({ 'telltale.peer.ip': '170.114.45.9' }), 'Zoom, update', 'the longest prefix decides');
  assert.equal(matched({ 'telltale.peer.ip': '31.13.65.50' }), 'WhatsApp, signalling');
  assert.equal(matched({ 'telltale.peer.ip': '31.13.65.51' }), '', 'its neighbours in that network serve all of Meta');
  assert.equal(
    matched({ 'telltale.peer.ip': '221.122.63.9', 'destination.domain': 'game.example.org' }),
    '',
    'a name that no entry knows goes before it',
  );
});

test('site codes in names: a claim, where the catalogue knows the code', () => {
  const expected = {
    'zoomfrn99mmr.zoom.us': 'DE Frankfurt',
    'zoomam104zc.zoom.us': 'NL Amsterdam',
    'ZoomSJCcv154mmr.sjc.zoom.us': 'US San José',
    'zoomfr84zc.zoom.us': 'DE Frankfurt',
    'northeurope.notifications.teams.microsoft.com': 'IE North Europe (Dublin)',
    'trouter2-asse-a.trouter.teams.microsoft.com': 'SG Southeast Asia',
    'zoomxyz1mmr.zoom.us': '',
    'zoom.us': '',
    'zoomfrn99mmr.example.org': '',
    'presence.teams.microsoft.com': '',
    '': '',
  };
  for (const [name, site] of Object.entries(expected)) {
    const found = catalogue.siteOf(name);
    assert.equal(found === undefined ? '' : `${found.country} ${found.place}`, site, name);
  }
});

test('roles of a service', () => {
  assert.deepEqual([...catalogue.rolesOf('zoom')].toSorted(), ['key-management', 'media', 'recording', 'signalling', 'telemetry', 'update']);
  assert.deepEqual([...catalogue.rolesOf('nothing')], []);
});

test('a peer without a name is known by its certificate; with a name, by that alone', () => {
  const certificate = { 'network.transport': 'tcp', 'network.protocol': 'tls', 'telltale.tls.certificate_names': ['cdn.example.net', '*.zoom.us'] };
  assert.equal(matched(certificate), 'Zoom, signalling');
  assert.equal(matched({ ...certificate, 'destination.domain': 'www.example.org' }), '');
});

test('ports of Meet need the bytes of a call', () => {
  assert.equal(matched({ 'destination.port': 19305, 'network.protocol': 'stun' }), 'Meet, media');
  assert.equal(matched({ 'destination.port': 19305 }), '');
});
