import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord } from '#flow';
import { Sessions } from './detection-sessions.ts';

const phone = '10.0.0.5';
const second = 1_000_000;
const noon = 1_772_452_800 * second;

function recordOf(flow: string, fields: Partial<FlowRecord>): FlowRecord {
  return Object.assign(createFlowRecord(), {
    '@timestamp': noon, 'event.start': noon, 'telltale.flow.id': flow, 'telltale.subject.ip': phone, 'source.ip': phone, 'source.port': 5060,
    'destination.ip': '192.0.2.1', 'destination.port': 5060, 'network.transport': 'udp', 'network.protocol': 'rtp',
  }, fields);
}

const invite = (call: string, ...endpoints: string[]): FlowRecord =>
  recordOf('sip', { 'network.protocol': 'sip', 'telltale.session.id': call, 'telltale.session.endpoints': endpoints });
const media = (fields: Partial<FlowRecord> = {}): FlowRecord =>
  recordOf('rtp', { 'source.port': 40_000, 'destination.ip': '192.0.2.20', 'destination.port': 50_000, ...fields });

test('media belong to the call whose signalling named one of their ends', () => {
  for (const endpoint of ['10.0.0.5:40000', '192.0.2.20:50000']) {
    const sessions = new Sessions(100);
    sessions.join(invite('call-1', endpoint));
    const record = media();
    assert.equal(sessions.join(record)?.id, 'call-1', endpoint);
    assert.equal(record['telltale.session.id'], 'call-1');
    assert.equal(sessions.join(media({ 'telltale.flow.id': 'rtp 2', 'telltale.subject.ip': '10.0.0.6' })), undefined, "another subject's");
  }
});

test('media over IPv6, and of a call that came in', () => {
  const sessions = new Sessions(100);
  sessions.join(invite('call-1', '[2001:db8::7]:50000'));
  assert.equal(
    sessions.join(media({ 'source.ip': '2001:db8::7', 'source.port': 50_000, 'telltale.peer.ip': '2001:db8::7', 'destination.ip': phone }))?.id,
    'call-1',
  );
});

test('a flow that begins before its signalling joins with its next record; a later call may use the port again', () => {
  const sessions = new Sessions(100);
  assert.equal(sessions.join(media()), undefined);
  sessions.join(invite('call-1', '10.0.0.5:40000'));
  assert.equal(sessions.join(media({ '@timestamp': noon + 60 * second }))?.id, 'call-1');
  sessions.join(invite('call-2', '10.0.0.5:40000'));
  assert.equal(sessions.join(media({ '@timestamp': noon + 3600 * second }))?.id, 'call-1', 'once joined, a flow stays');
  assert.equal(sessions.join(media({ 'telltale.flow.id': 'rtp 2' }))?.id, 'call-2');
});

test('a flow that began long after the endpoint was named is none of the call', () => {
  const sessions = new Sessions(100);
  sessions.join(invite('call-1', '10.0.0.5:40000'));
  assert.equal(sessions.join(media({ 'event.start': noon + 601 * second })), undefined);
});

test('an allocation and what goes to its peer are a session; signalling that names the relay takes it over', () => {
  const sessions = new Sessions(100);
  const allocation = recordOf('turn', { 'network.protocol': 'stun', 'destination.port': 3478, 'telltale.session.endpoints': ['192.0.2.9:49170'] });
  assert.equal(sessions.join(allocation)?.id, 'turn');
  const permission = recordOf('turn', { 'network.protocol': 'stun', 'destination.port': 3478, 'telltale.session.endpoints': ['203.0.113.7:6000'] });
  assert.equal(sessions.join(permission)?.id, 'turn');
  const straight = media({ 'destination.ip': '203.0.113.7', 'destination.port': 6000 });
  assert.equal(sessions.join(straight)?.id, 'turn', 'the peer of the relay, asked directly');
  const session = sessions.join(invite('call-1', '192.0.2.9:49170'))!;
  assert.equal(sessions.join(recordOf('turn', { 'destination.port': 3478 })), session);
  assert.equal(sessions.join(media({ 'destination.ip': '203.0.113.7', 'destination.port': 6000 })), session);
});

test('a batch that is handed in again gives the same sessions', () => {
  const sessions = new Sessions(100);
  const records = [
    invite('call-1', '10.0.0.5:40000'),
    media(),
    recordOf('turn', { 'destination.port': 3478, 'telltale.session.endpoints': ['192.0.2.9:49170'] }),
  ];
  const ids = records.map((record) => sessions.join(record)?.id);
  assert.deepEqual(records.map((record) => sessions.join(record)?.id), ids);
});

test('one path: signalling first, each place once, as it was seen rather than named', () => {
  const sessions = new Sessions(100);
  const session = sessions.join(invite('call-1'))!;
  session.path('rtp', ['media|192.0.2.20|DE|?|?|flow'], false);
  assert.deepEqual(
    session.path('sip', ['signalling|192.0.2.1|DE|?|?|flow', 'proxy|192.0.2.2|DE|?|?|sip-via', 'media|192.0.2.20|DE|?|?|sdp-media'], true),
    ['signalling|192.0.2.1|DE|?|?|flow', 'proxy|192.0.2.2|DE|?|?|sip-via', 'media|192.0.2.20|DE|?|?|flow'],
  );
});

test('a session that became part of another, and that of a third, points at the last', () => {
  const sessions = new Sessions(100);
  const allocation = (flow: string, minutes: number): FlowRecord => {
    const time = noon + minutes * 60 * second;
    return recordOf(flow, { '@timestamp': time, 'event.start': time, 'network.protocol': 'stun', 'telltale.session.endpoints': ['192.0.2.9:49170'] });
  };
  const [first, , third] = ['turn 1', 'turn 2', 'turn 3'].map((flow, i) => sessions.join(allocation(flow, i * 20)));
  assert.equal(sessions.join(recordOf('turn 1', {})), third);
  assert.equal(first!.successor, third);
});

test('flows per session and endpoints per subject are bounded', () => {
  const sessions = new Sessions(100);
  const session = sessions.join(invite('call-1', ...Array.from({ length: 300 }, (_, i) => `192.0.2.1:${i + 1}`)))!;
  assert.equal(sessions.join(media({ 'destination.ip': '192.0.2.1', 'destination.port': 1 })), undefined);
  assert.equal(sessions.join(media({ 'destination.ip': '192.0.2.1', 'destination.port': 300 })), session);
  for (let i = 0; i < 40; i += 1) session.path(`flow ${i}`, [`media|192.0.2.${i}|?|?|?|flow`], false);
  assert.equal(session.path('flow 39', ['media|192.0.2.39|?|?|?|flow'], false).length, 16);
});
