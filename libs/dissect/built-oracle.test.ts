import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from '#capture';
import { fields, withFile, withoutTshark } from '../capture/testing/tshark.ts';
import { bytes, hex, prefixed, u16, u8 } from './testing/bytes.ts';
import { dissectCapture } from './testing/dissect-capture.ts';

const at = 1_700_000_000_000_000;
const [client, server] = [{ ip: '198.51.100.7', port: 40_000 }, '192.0.2.9'];
const ppp = (protocol: string, code: number, body: Buffer): Buffer => bytes(hex(protocol), u8(code), u8(7), u16(body.length + 4), body);
const l2tp = (frame: Buffer): CaptureBuilder => {
  const builder = new CaptureBuilder();
  builder.udp({ client, server: { ip: server, port: 1701 }, at }).send(bytes(hex('0002 0011 0022 ff03'), frame));
  return builder;
};

/** Captures of which no real ones are at hand: a name, the capture, the fields of tshark and their values, which are ours too. */
const cases: [string, CaptureBuilder, Record<string, string>][] = [
  ['PAP', l2tp(ppp('c023', 1, bytes(prefixed(u8, 'jane@example.net'), prefixed(u8, 's3same')))), { 'pap.peer_id': 'jane@example.net', 'pap.password': 's3same' }],
  ['CHAP', l2tp(ppp('c223', 2, bytes(prefixed(u8, hex('7d1c0e523a9b4f7e8c215b0d9a6e4f13')), 'jane'))), { 'chap.name': 'jane', 'chap.value': '7d1c0e523a9b4f7e8c215b0d9a6e4f13' }],
  ['EAP', l2tp(ppp('c227', 2, bytes(u8(1), 'jane@example.net'))), { 'eap.identity': 'jane@example.net' }],
  ['PPTP', pptp(ppp('c023', 1, bytes(prefixed(u8, 'jane'), prefixed(u8, 's3same')))), { 'pap.peer_id': 'jane', 'pap.password': 's3same' }],
  ['rexec', stream(512, '0\0jane\0s3same\0uptime\0'), { 'exec.username': 'jane', 'exec.password': 's3same' }],
  ['OSPF', new CaptureBuilder().ip({ at, sourceIp: client.ip, destinationIp: server, transport: 89, payload: ospf() }), { 'ospf.auth.simple': 's3same' }],
];

function stream(port: number, ...packets: (string | Buffer)[]): CaptureBuilder {
  const builder = new CaptureBuilder();
  const conversation = builder.tcp({ client, server: { ip: server, port }, at }).handshake();
  for (const packet of packets) conversation.send(packet);
  conversation.close();
  return builder;
}

function pptp(frame: Buffer): CaptureBuilder {
  return new CaptureBuilder().ip({ at, sourceIp: client.ip, destinationIp: server, transport: 47, payload: bytes(hex('3001 880b'), u16(frame.length), hex('0001 00000001'), frame) });
}

function ospf(): Buffer {
  return bytes(hex('0201 002c c0000201 00000000 0000 0001'), 's3same\0\0', hex('ffffff00 000a 02 01 00000028 c0000201 00000000'));
}

for (const [name, capture, theirs] of cases) {
  test(`tshark reads the same in ${name}`, { skip: withoutTshark() }, () => {
    const names = Object.keys(theirs);
    const [told] = withFile(capture.pcap(), (path) => fields(path, names[0]!, names));
    assert.deepEqual(told, theirs);
    assert.deepEqual(dissectCapture(capture.pcap()).messages.flatMap((message) => message.fields.map(({ value }) => value)), Object.values(theirs));
  });
}
