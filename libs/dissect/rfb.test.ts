import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, hex, u32 } from './testing/bytes.ts';
import { dissectStream, fieldsOf, type Packet } from './testing/packets.ts';

/** `frame protocol verdict field …` of each message. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map((message) =>
    [message.frame, message.protocol, message.encryption.verdict, ...fieldsOf(message)].join(' '),
  );
}

const versions = (minor: string): Packet[] => [['destination', `RFB 003.00${minor}\n`], ['source', `RFB 003.00${minor}\n`]];
const init = (name: string): Packet => ['destination', bytes(hex('0400 0300 2018000100ff00ff00ff100800000000'), u32(Buffer.byteLength(name)), name)];
const answer = '7d1c0e523a9b4f7e8c215b0d9a6e4f13';
const authentication: Packet[] = [
  ['destination', hex('4ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2')],
  ['source', hex(answer)],
  ['destination', u32(0)],
  ['source', hex('01')],
];

describe('RFB', () => {
  test('the answer to the challenge, and the desktop, in versions 3.8 and 3.3', () => {
    const expected = [
      '1 rfb cleartext', `6 rfb cleartext rfb.login.response=${answer}`,
      '9 rfb cleartext rfb.login.user_name=jane rfb.desktop.host_name=harbour',
    ];
    assert.deepEqual(
      told([
        ...versions('8'), ['destination', hex('0201 02')], ['source', hex('02')], ...authentication, init("jane's X desktop (harbour:1)"),
      ]),
      expected,
    );
    assert.deepEqual(
      told([...versions('3'), ['destination', u32(2)], ...authentication, init('harbour:2 (jane)')]),
      expected.map((line) => line.replace('6 ', '5 ').replace('9 ', '8 ')),
    );
  });

  test('a desktop that asks for nothing, split anywhere; a failed login ends it', () => {
    const whole = bytes(hex('01 01'), u32(0), init('JONAS-PC ( 192.0.2.4 )')[1]);
    assert.deepEqual(told([
      ...versions('8'), ['destination', whole.subarray(0, 2)], ['source', hex('0101')], ['destination', whole.subarray(2, 20)],
      ['destination', whole.subarray(20)],
    ]), ['1 rfb cleartext', '6 rfb cleartext rfb.desktop.host_name=JONAS-PC']);
    assert.deepEqual(
      told([
        ...versions('8'), ['destination', hex('0102')], ['source', hex('02')], ...authentication.slice(0, 2),
        ['destination', bytes(u32(1), 'failed')],
      ]).slice(1),
      [`6 rfb cleartext rfb.login.response=${answer}`],
    );
    assert.deepEqual(told([...versions('8'), ['destination', bytes(hex('00'), u32(4), 'busy')]]), ['1 rfb cleartext']);
  });

  test('user and password of VeNCrypt as they are, and TLS behind it', () => {
    const offer = (subtype: string): Packet[] => [
      ...versions('8'),
      ['destination', hex('0113')],
      ['source', hex('13')],
      ['destination', hex('0002')],
      ['source', hex('0002')],
      ['destination', hex('00')],
      ['destination', hex(`01${subtype}`)],
      ['source', hex(subtype)],
    ];
    assert.deepEqual(
      told([
        ...offer('00000100'), ['source', bytes(u32(4), u32(6), 'janes3same')], ['destination', u32(0)], ['source', hex('01')],
        init('x11vnc'),
      ]).slice(1),
      ['10 rfb cleartext rfb.login.user_name=jane rfb.login.password=s3same', '13 rfb cleartext rfb.desktop.host_name=x11vnc'],
    );
    assert.deepEqual(
      told([...offer('00000104'), ['destination', hex('01')], ['source', hex('16030100050100000103')]]),
      ['1 rfb cleartext', '11 tls encrypted'],
    );
  });

  test("Apple's key exchange hides the login, and RealVNC's all; what a type of nobody does is not known", () => {
    assert.deepEqual(
      told([
        ...versions('8'), ['destination', hex('011e')], ['source', hex('1e')], ['destination', bytes(hex('0002 0010'), Buffer.alloc(32))],
        ['source', Buffer.alloc(144)], ['destination', u32(0)], ['source', hex('01')], init('Jane’s iMac'),
      ]).slice(1),
      ['9 rfb cleartext rfb.desktop.host_name=Jane’s iMac'],
    );
    assert.deepEqual(told([...versions('8'), ['destination', hex('0105')], ['source', hex('05')]]), ['1 rfb cleartext', '4 rfb encrypted']);
    assert.deepEqual(told([...versions('8'), ['destination', hex('01f0')], ['source', hex('f0')]]), ['1 rfb cleartext', '4 rfb opaque']);
  });

  test('what only begins so is none', () => {
    assert.deepEqual(told([['destination', 'RFB 003 is no version\n']]), ['1 tcp cleartext']);
  });
});
