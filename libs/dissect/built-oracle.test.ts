import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from '#capture';
import { fields, withFile, withoutTshark } from '../capture/testing/tshark.ts';
import { bytes, hex, prefixed, u16, u32, u8 } from './testing/bytes.ts';
import { dissectCapture } from './testing/dissect-capture.ts';

const at = 1_700_000_000_000_000;
const [client, server] = [{ ip: '198.51.100.7', port: 40_000 }, '192.0.2.9'];
// RFC 7677, section 3.
const scram = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const u32le = (value: number): Buffer => Buffer.from(u32(value)).reverse();
const ppp = (protocol: string, code: number, body: Buffer): Buffer => bytes(hex(protocol), u8(code), u8(7), u16(body.length + 4), body);
const l2tp = (frame: Buffer): CaptureBuilder => {
  const builder = new CaptureBuilder();
  builder.udp({ client, server: { ip: server, port: 1701 }, at }).send(bytes(hex('0002 0011 0022 ff03'), frame));
  return builder;
};

/** Captures of protocols for which no real ones are at hand: name, capture, tshark's fields and values, and our values if they differ. */
const cases: [string, CaptureBuilder, Record<string, string>, string[]?][] = [
  [
    'PAP',
    l2tp(ppp('c023', 1, bytes(prefixed(u8, 'jane@example.net'), prefixed(u8, 's3same')))),
    { 'pap.peer_id': 'jane@example.net', 'pap.password': 's3same' },
  ],
  [
    'CHAP',
    l2tp(ppp('c223', 2, bytes(prefixed(u8, hex('7d1c0e523a9b4f7e8c215b0d9a6e4f13')), 'jane'))),
    { 'chap.name': 'jane', 'chap.value': '7d1c0e523a9b4f7e8c215b0d9a6e4f13' },
  ],
  ['EAP', l2tp(ppp('c227', 2, bytes(u8(1), 'jane@example.net'))), { 'eap.identity': 'jane@example.net' }],
  ['PPTP', pptp(ppp('c023', 1, bytes(prefixed(u8, 'jane'), prefixed(u8, 's3same')))), { 'pap.peer_id': 'jane', 'pap.password': 's3same' }],
  ['rexec', stream(512, '0\0jane\0s3same\0uptime\0'), { 'exec.username': 'jane', 'exec.password': 's3same' }],
  [
    'RIP',
    datagram(520, bytes(hex('02020000 ffff 0002'), 's3same', Buffer.alloc(10), hex('00020000 0a000000 ff000000 00000000 00000001'))),
    { 'rip.auth.passwd': 's3same' },
  ],
  ['IKE', datagram(500, ike(bytes(u8(3), hex('11 01f4'), 'jane@example.org'))), { 'isakmp.id.data.user_fqdn': 'jane@example.org' }],
  ['Skinny', stream(2000, bytes(skinny(1, bytes('SEP3C15C29A01FE\0', Buffer.alloc(40))))), { 'skinny.DeviceName': 'SEP3C15C29A01FE' }],
  [
    'a call of Skinny',
    stream(
      2000,
      bytes(
        skinny(0, Buffer.alloc(0), 0x0b),
        skinny(
          0x8f,
          bytes(text(40, 'Jane Doe'), text(24, '4930111222333'), text(40, 'Joe Miller'), text(24, '4930111222444'), Buffer.alloc(200)),
        ),
      ),
    ),
    {
      'skinny.callingPartyName': 'Jane Doe', 'skinny.callingParty': '4930111222333', 'skinny.calledPartyName': 'Joe Miller',
      'skinny.calledParty': '4930111222444',
    },
  ],
  [
    'a call of a later Skinny',
    stream(
      2000,
      bytes(
        skinny(0, Buffer.alloc(0), 0x0b),
        skinny(
          0x14a,
          bytes(
            Buffer.alloc(32, 1),
            ['4930111222333', '', '4930111222444', '', '', '', '', '', '', 'Jane Doe', 'Joe Miller', '', ''].join('\0'),
            '\0',
          ),
          0x14,
        ),
      ),
    ),
    {
      'skinny.callingPartyName': 'Jane Doe', 'skinny.callingParty': '4930111222333', 'skinny.calledPartyName': 'Joe Miller',
      'skinny.calledParty': '4930111222444',
    },
  ],
  [
    'a line of Skinny',
    stream(
      2000, bytes(skinny(0, Buffer.alloc(0), 0x0b), skinny(0x92, bytes(hex('01000000'), text(24, '4930111222333'), text(40, 'Jane Doe')))),
    ),
    { 'skinny.lineDirNumber': '4930111222333', 'skinny.lineFullyQualifiedDisplayName': 'Jane Doe' },
  ],
  [
    'a line of a later Skinny',
    stream(
      2000, bytes(skinny(0, Buffer.alloc(0), 0x0b), skinny(0x147, bytes(hex('01000000 00000000'), '4930111222333\0Jane Doe\0\0'), 0x14)),
    ),
    { 'skinny.lineDirNumber': '4930111222333', 'skinny.lineFullyQualifiedDisplayName': 'Jane Doe' },
  ],
  [
    'Kafka', stream(9092, kafka(17, bytes(prefixed(u16, 'SCRAM-SHA-256'))), kafka(36, bytes(prefixed(u32, scram)))),
    { 'kafka.sasl_mechanism': 'SCRAM-SHA-256', 'kafka.client_id': 'orders-7' }, ['user'],
  ],
  [
    'FIX', stream(9898, '8=FIX.4.4\x019=31\x0135=A\x0149=H\x01553=jane\x01554=s3same1\x0110=042\x01'),
    { 'fix.Username': 'jane', 'fix.Password': 's3same1' },
  ],
  [
    'DRDA',
    stream(
      50000,
      bytes(
        drda('1041', drdaObject('115e', hex('848282'))),
        drda('106e', drdaObject('11a0', hex('d1c1d5c5')), drdaObject('11a1', hex('e2f3a2819485'))),
      ),
    ),
    { 'drda.param.data.ebcdic': 'dbb,JANE,S3same' }, ['JANE', 'S3same'],
  ],
  [
    'OSPF', new CaptureBuilder().ip({ at, sourceIp: client.ip, destinationIp: server, transport: 89, payload: ospf() }),
    { 'ospf.auth.simple': 's3same' },
  ],
];

function text(length: number, value: string): Buffer {
  return Buffer.from(value.padEnd(length, '\0'));
}

function datagram(port: number, payload: Buffer): CaptureBuilder {
  const builder = new CaptureBuilder();
  builder.udp({ client, server: { ip: server, port }, at }).send(payload);
  return builder;
}

function ike(identity: Buffer): Buffer {
  const payload = bytes(u8(0), u8(0), u16(identity.length + 4), identity);
  return bytes(hex('0102030405060708 0000000000000000 05 10 04 00 00000000'), u32(28 + payload.length), payload);
}

function skinny(message: number, body: Buffer, version = 0): Buffer {
  return bytes(u32le(body.length + 4), u32le(version), u32le(message), body);
}

function drdaObject(code: string, value: Buffer): Buffer {
  return prefixed((length) => u16(length + 2), hex(code), value);
}

function drda(code: string, ...parameters: Buffer[]): Buffer {
  return prefixed((length) => u16(length + 2), hex('d001 0001'), drdaObject(code, bytes(...parameters)));
}

function kafka(key: number, body: Buffer): Buffer {
  return prefixed(u32, u16(key), u16(key === 17 ? 1 : 0), u32(5), prefixed(u16, 'orders-7'), body);
}

function stream(port: number, ...packets: (string | Buffer)[]): CaptureBuilder {
  const builder = new CaptureBuilder();
  const conversation = builder.tcp({ client, server: { ip: server, port }, at }).handshake();
  for (const packet of packets) conversation.send(packet);
  conversation.close();
  return builder;
}

function pptp(frame: Buffer): CaptureBuilder {
  return new CaptureBuilder().ip({
    at,
    sourceIp: client.ip,
    destinationIp: server,
    transport: 47,
    payload: bytes(hex('3001 880b'), u16(frame.length), hex('0001 00000001'), frame),
  });
}

function ospf(): Buffer {
  return bytes(hex('0201 002c c0000201 00000000 0000 0001'), 's3same\0\0', hex('ffffff00 000a 02 01 00000028 c0000201 00000000'));
}

for (const [name, capture, theirs, ours = Object.values(theirs)] of cases) {
  test(`tshark reads the same in ${name}`, { skip: withoutTshark() }, () => {
    const names = Object.keys(theirs);
    const [told] = withFile(capture.pcap(), (path) => fields(path, names[0]!, names));
    assert.deepEqual(told, theirs);
    assert.deepEqual(dissectCapture(capture.pcap()).messages.flatMap((message) => message.fields.map(({ value }) => value)), ours);
  });
}
