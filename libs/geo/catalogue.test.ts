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
    // Names that only look like it.
    'facebook.com': '', 'notzoom.us': '', 'zoom.us.example.org': '', 'us': '', 'jitsi.example.org': '',
  };
  for (const [domain, service] of Object.entries(expected)) assert.equal(matched({ 'destination.domain': domain }), service, domain);
});

test('a peer without a name is told by protocol and port, on whichever side it stands', () => {
  assert.equal(matched({ 'destination.port': 8801 }), 'Zoom, media');
  assert.equal(matched({ 'destination.port': 8811 }), '');
  assert.equal(matched({ 'network.transport': 'tcp', 'destination.port': 8801 }), '');
  assert.equal(matched({ 'destination.port': 8130, 'network.protocol': 'sd-rtn' }), 'Agora, media');
  assert.equal(matched({ 'destination.port': 8130 }), '');
  assert.equal(matched({ 'source.ip': '109.94.160.99', 'source.port': 8801, 'destination.ip': '10.0.0.1', 'destination.port': 50_000, 'telltale.peer.ip': '109.94.160.99' }), 'Zoom, media');
});

test('a name that no entry knows is not overruled by a port', () => {
  assert.equal(matched({ 'destination.port': 8801, 'destination.domain': 'game.example.org' }), '');
});

test('DNS traffic about a service is not service traffic', () => {
  assert.equal(matched({ 'network.protocol': 'dns', 'destination.domain': 'zoom.us', 'dns.question.name': 'zoom.us', 'destination.port': 53 }), '');
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
  assert.equal(matched({ 'telltale.peer.ip': '221.122.64.9', 'destination.ip': '221.122.64.9', 'destination.port': 443 }), '');
  assert.equal(matched({ 'telltale.peer.ip': '221.122.63.9', 'destination.domain': 'game.example.org' }), '', 'a name that no entry knows goes before it');
});

test('site codes in names: a claim, where the catalogue knows the code', () => {
  const expected = {
    'zoomfrn99mmr.zoom.us': 'DE Frankfurt', 'zoomam104zc.zoom.us': 'NL Amsterdam', 'ZoomSJCcv154mmr.sjc.zoom.us': 'US San José', 'zoomfr84zc.zoom.us': 'DE Frankfurt',
    'northeurope.notifications.teams.microsoft.com': 'IE North Europe (Dublin)', 'trouter2-asse-a.trouter.teams.microsoft.com': 'SG Southeast Asia',
    'zoomxyz1mmr.zoom.us': '', 'zoom.us': '', 'zoomfrn99mmr.example.org': '', 'presence.teams.microsoft.com': '', '': '',
  };
  for (const [name, site] of Object.entries(expected)) {
    const found = catalogue.siteOf(name);
    assert.equal(found === undefined ? '' : `${found.country} ${found.place}`, site, name);
  }
});

test('roles of a service', () => {
  assert.deepEqual([...catalogue.rolesOf('zoom')].toSorted(), ['key-management', 'media', 'signalling', 'telemetry']);
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
