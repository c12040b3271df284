import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, hex, prefixed, u32, u8 } from './testing/bytes.ts';
import { dissectPayload, dissectStream, fieldsOf, type Packet } from './testing/packets.ts';

/** `protocol verdict field …` of a datagram to that port. */
function told(destinationPort: number, payload: Buffer): string {
  const [message] = dissectPayload(payload, { destinationPort }).messages;
  return [message!.protocol, message!.encryption.verdict, ...fieldsOf(message)].join(' ');
}

const le = (number: Buffer): Buffer => Buffer.from(number).reverse();

describe('IPMI', () => {
  const packet = (type: number, payload: Buffer): Buffer =>
    bytes(hex('0600ff07 06'), u8(type), hex('00000000 00000000'), le(hex(payload.length.toString(16).padStart(4, '0'))), payload);

  test('the user of a login, and the hash that the controller gives to anybody', () => {
    assert.equal(
      told(623, packet(0x12, bytes(hex('00000000 01020304'), Buffer.alloc(16, 7), hex('140000'), prefixed(u8, 'jane')))),
      'ipmi cleartext ipmi.login.user_name=jane',
    );
    const hash = '7d1c0e523a9b4f7e8c215b0d9a6e4f13a17c3e90';
    assert.equal(
      told(40_000, packet(0x13, bytes(hex('00000000 01020304'), Buffer.alloc(32, 7), hex(hash)))),
      `ipmi cleartext ipmi.login.response=${hash}`,
    );
    assert.equal(told(40_000, packet(0x13, bytes(hex('000d0000 01020304')))), 'ipmi cleartext', 'refused');
  });

  test('a session is encrypted if it says so; another class of message is none', () => {
    assert.equal(told(623, packet(0xc0, Buffer.alloc(32, 7))), 'ipmi encrypted');
    assert.equal(told(623, hex('0600ff06 000011be 80000000')), 'udp opaque', 'a ping');
    assert.equal(told(623, bytes(packet(0x12, Buffer.alloc(40)), u8(0))), 'udp opaque', 'a length that does not fit');
  });
});

describe('RIP', () => {
  const routes = hex('00020000 0a000000 ff000000 00000000 00000001');

  test('a password in clear, and nothing of routes and digests', () => {
    assert.equal(told(520, bytes(hex('02020000 ffff 0002'), 's3same', Buffer.alloc(10), routes)), 'rip cleartext rip.login.password=s3same');
    assert.equal(told(520, bytes(hex('02020000 ffff 0003'), Buffer.alloc(16, 7), routes)), 'rip cleartext');
    assert.equal(told(520, bytes(hex('02020000'), routes)), 'rip cleartext');
    assert.equal(told(520, bytes(hex('02010000'), routes)), 'udp opaque', 'version 1 has none');
  });
});

describe('Skinny', () => {
  const frame = (version: number, number: number, ...body: (Buffer | string)[]): Packet => [
    'source',
    prefixed((length) => le(u32(length - 4)), le(u32(version)), le(u32(number)), ...body),
  ];
  const message = (number: number, ...body: (Buffer | string)[]): Packet => frame(0, number, ...body);
  const told = (packets: readonly Packet[]): string[] =>
    dissectStream(packets).messages.map((one) => [one.frame, one.protocol, ...fieldsOf(one)].join(' '));
  const register = message(1, 'SEP3C15C29A01FE\0', Buffer.alloc(40));

  test('the telephone, and a call, split anywhere', () => {
    const call = message(
      0x8f,
      'Jane Doe'.padEnd(40, '\0'),
      '4930111222333'.padEnd(24, '\0'),
      'Joe Miller'.padEnd(40, '\0'),
      '4711'.padEnd(24, '\0'),
      Buffer.alloc(100),
    );
    const expected = 'skinny.calling_name=Jane Doe skinny.calling_number=4930111222333 skinny.called_name=Joe Miller skinny.called_number=4711';
    assert.deepEqual(told([register, call, message(0x81)]), ['1 skinny skinny.device_name=SEP3C15C29A01FE', `2 skinny ${expected}`]);
    const whole = bytes(register[1], call[1]);
    assert.deepEqual(
      told([
        ['source', whole.subarray(0, 9)],
        ['source', whole.subarray(9, 50)],
        ['source', whole.subarray(50)],
      ]),
      ['3 skinny skinny.device_name=SEP3C15C29A01FE', `3 skinny ${expected}`],
    );
  });

  test('a telephone that is still there begins it too; what only looks so is none', () => {
    assert.deepEqual(told([frame(0x16, 0), frame(0x16, 0x147, Buffer.alloc(8), '4711\0Jane Doe\0')]), [
      '1 skinny', '2 skinny skinny.line_number=4711 skinny.line_name=Jane Doe',
    ]);
    assert.deepEqual(told([message(0)]).map((line) => line.split(' ')[1]), ['tcp'], 'zeros');
    assert.deepEqual(told([message(2, Buffer.alloc(40))]).map((line) => line.split(' ')[1]), ['tcp']);
    assert.deepEqual(told([message(1, 'no such name at all\0', Buffer.alloc(40))]).map((line) => line.split(' ')[1]), ['tcp']);
  });
});
