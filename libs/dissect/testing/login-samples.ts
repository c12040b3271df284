import { bytes, hex, prefixed, u16, u32, u8 } from './bytes.ts';
import type { Packet } from './packets.ts';

const u32le = (value: number): Buffer => Buffer.from(u32(value)).reverse();
const answer = '7d1c0e523a9b4f7e8c215b0d9a6e4f13';

const mysqlFrame = (number: number, ...parts: (Buffer | string)[]): Buffer =>
  prefixed((length) => bytes(u8(length), hex('0000'), u8(number)), ...parts);
const mongoDocument = (...elements: Buffer[]): Buffer => prefixed((length) => u32le(length + 4), ...elements, u8(0));
const mongoText = (name: string, value: string): Buffer => bytes(u8(2), `${name}\0`, prefixed(u32le, `${value}\0`));
const mongoMessage = (...elements: Buffer[]): Buffer =>
  prefixed((length) => u32le(length + 4), hex('00000007 00000000'), u32le(2013), hex('00000000 00'), mongoDocument(...elements));
const kafkaRequest = (key: number, version: number, body: Buffer): Buffer =>
  prefixed(u32, u16(key), u16(version), u32(5), prefixed(u16, 'orders-7'), body);
const skinnyMessage = (number: number, ...body: (Buffer | string)[]): Buffer =>
  prefixed((length) => u32le(length - 4), u32le(0), u32le(number), ...body);

/** Logins over TCP. */
export const loginConversations: Record<string, Packet[]> = {
  rfb: [
    ['destination', 'RFB 003.008\n'],
    ['source', 'RFB 003.008\n'],
    ['destination', hex('0202 13')],
    ['source', hex('02')],
    ['destination', hex('4ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2')],
    ['source', hex(answer)],
    ['destination', u32(0)],
    ['source', hex('01')],
    ['destination', bytes(hex('0400 0300 2018000100ff00ff00ff100800000000'), prefixed(u32, "jane's X desktop (harbour:1)"))],
  ],
  'rfb with VeNCrypt': [
    ['destination', 'RFB 003.008\n'],
    ['source', 'RFB 003.008\n'],
    ['destination', hex('0113')],
    ['source', hex('13')],
    ['destination', hex('0002')],
    ['source', hex('0002')],
    ['destination', hex('00')],
    ['destination', hex('0100000100')],
    ['source', hex('00000100')],
    ['source', bytes(u32(4), u32(6), 'janes3same')],
  ],
  'rexec': [['source', '0\0jane\0s3same\0uptime\0'], ['destination', '\0']],
  'mysql with another plugin': [
    ['destination', bytes(hex('4a000000 0a'), '8.0.36\0'.padEnd(73, '\0'))],
    [
      'source',
      mysqlFrame(
        1,
        hex('08820800 00000001 21'),
        Buffer.alloc(23),
        'jane\0',
        prefixed(u8, hex(`${answer}a17c3e90`)),
        'shop\0',
        'mysql_native_password\0',
      ),
    ],
    ['destination', mysqlFrame(2, hex('fe'), 'caching_sha2_password\0', hex(answer))], ['source', mysqlFrame(3, hex(`${answer}${answer}`))],
    ['destination', mysqlFrame(4, hex('00 000002000000'))],
  ],
  'mongodb': [
    ['source', mongoMessage(mongoText('hello', '1'), mongoText('mechanism', 'PLAIN'), bytes(u8(5), 'payload\0', u32le(12), u8(0), '\0jane\0s3same'))],
    ['destination', mongoMessage(mongoText('ok', '1'))], ['source', mongoMessage(mongoText('createUser', 'ann'), mongoText('pwd', 'letme1n'))],
  ],
  kafka: [
    ['source', kafkaRequest(17, 1, prefixed(u16, 'PLAIN'))],
    ['destination', prefixed(u32, u32(5), u16(0))],
    ['source', kafkaRequest(36, 0, prefixed(u32, '\0jane\0s3same'))],
    ['source', kafkaRequest(1, 4, Buffer.from('{"email":"jane@example.org"}'))],
  ],
  drda: [
    [
      'source',
      bytes(hex('000f d001 0001 0009 1041 0005 115e 82'), hex('0022 d001 0001 001c 106e 0006 11a2 0003 0008 11a0 d1c1d5c5 000a 11a1 e2f3a2819485')),
    ],
  ],
  cassandra: [
    ['source', bytes(hex('04 00 0001 01'), prefixed(u32, u16(1), prefixed(u16, 'CQL_VERSION'), prefixed(u16, '3.4.5')))],
    ['destination', hex('84 00 0001 03 00000002 0000')],
    ['source', bytes(hex('04 00 0001 0f'), prefixed(u32, prefixed(u32, '\0jane\0s3same')))],
    ['source', bytes(hex('04 00 0001 07'), prefixed(u32, 'SELECT 1'))],
  ],
  fix: [
    ['source', '8=FIX.4.4\x019=31\x0135=A\x0149=H\x01553=jane\x01554=s3same1\x0110=042\x01'],
    ['source', '8=FIX.4.4\x019=16\x0135=D\x011=ACC-4821\x0110=042\x01'],
  ],
  skinny: [
    ['source', skinnyMessage(1, 'SEP3C15C29A01FE\0', Buffer.alloc(40))],
    [
      'destination',
      skinnyMessage(0x8f, 'Jane Doe'.padEnd(40, '\0'), '4930111222333'.padEnd(24, '\0'), 'Joe'.padEnd(40, '\0'), '4711'.padEnd(24, '\0')),
    ],
  ],
  'mail in mail': [
    ['destination', '220 mx ESMTP\r\n'],
    ['source', 'EHLO x\r\nDATA\r\n'],
    ['destination', '354 go\r\n'],
    [
      'source',
      'From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n'
        + 'From: b@example.org\r\n\r\ntext\r\n--b--\r\n.\r\n',
    ],
  ],
};

/** Logins and names over UDP. */
export const loginDatagrams: Buffer[] = [
  bytes(hex('0002 0011 0022 ff03 c023 01 07 0011'), prefixed(u8, 'jane'), prefixed(u8, 's3same')),
  prefixed((length) => bytes(hex('c802'), u16(length + 4)), hex('0001 0000 0000 0001 800a 0000 001e'), 'jane'),
  bytes(hex('00 10 0300 0000 0000 4000 0000 020000000001 020000000003 020000000001 1000 00'), prefixed(u8, 'harbour-staff')),
  bytes(hex('ffffffff214c5fa0'), prefixed(u32le, hex('09 0102030405060708 1001')), prefixed(u32le, hex('22 03 646f67 4a 09 09 15cd5b0701001001'))),
  bytes(hex('0600ff07 06 12 00000000 00000000 2000 00000000 01020304'), Buffer.alloc(16, 7), hex('140000'), prefixed(u8, 'jane')),
  bytes(hex('0102030405060708 0000000000000000 05 10 04 00 00000000 00000028 0000 000c 03 11 01f4'), 'jane'),
  bytes(hex('02020000 ffff 0002'), 's3same', Buffer.alloc(10)),
];
