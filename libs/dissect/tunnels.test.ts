import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, hex, u16, u32, u8 } from './testing/bytes.ts';
import { dissectPayload, dissectStream, fieldsOf } from './testing/packets.ts';

const told = (payload: Buffer): string => {
  const { protocol, encryption } = dissectPayload(payload).messages[0]!;
  return `${protocol} ${encryption.verdict}`;
};

test('WireGuard by type and length', () => {
  assert.equal(told(bytes(hex('01000000'), Buffer.alloc(144, 9))), 'wireguard encrypted');
  assert.equal(told(bytes(hex('02000000'), Buffer.alloc(88, 9))), 'wireguard encrypted');
  assert.equal(told(bytes(hex('01000000'), Buffer.alloc(145, 9))), 'udp opaque');
});

test('IKE, with and without the mark of NAT traversal', () => {
  const header = hex('0102030405060708 0000000000000000 21 20 22 08 00000000 00000020 00000004');
  assert.deepEqual([told(header), told(bytes(hex('00000000'), header))], ['ike encrypted', 'ike encrypted']);
  assert.equal(told(bytes(header, hex('00'))), 'udp opaque');
});

test('IKE in aggressive mode: who begins, and the hash of who answers', () => {
  const payload = (next: number, body: Buffer): Buffer => bytes(u8(next), u8(0), u16(body.length + 4), body);
  const packet = (cookie: string, first: number, flags: number, ...payloads: Buffer[]): Buffer => {
    const body = bytes(...payloads);
    return bytes(hex('0102030405060708'), hex(cookie), u8(first), hex('10 04'), u8(flags), hex('00000000'), u32(28 + body.length), body);
  };
  const fields = (one: Buffer): string[] => fieldsOf(dissectPayload(one).messages[0]);
  const begins = (type: number, name: string, flags = 0): Buffer =>
    packet('0000000000000000', 1, flags, payload(5, Buffer.alloc(20)), payload(0, bytes(u8(type), hex('11 01f4'), name)));
  const hash = '7d1c0e523a9b4f7e8c215b0d9a6e4f13a17c3e90';
  assert.deepEqual(fields(begins(3, 'jane@example.org')), ['ike.login.user_name=jane@example.org']);
  assert.deepEqual(fields(begins(11, 'sales-vpn')), ['ike.login.user_name=sales-vpn']);
  assert.deepEqual(fields(begins(2, 'janes-macbook.example.org')), ['ike.host_name=janes-macbook.example.org']);
  assert.deepEqual(fields(packet('0807060504030201', 5, 0, payload(8, bytes(u8(2), hex('11 01f4'), 'gw.example.org')), payload(0, hex(hash)))), [
    `ike.login.response=${hash}`,
  ]);
  assert.deepEqual(fields(begins(3, 'jane@example.org', 1)), [], 'encrypted');
  assert.deepEqual(fields(begins(3, 'jane@example.org').fill(0xff, 30, 32)), [], 'a payload beyond the packet');
});

test('MMTLS is opaque, and told once', () => {
  const { messages } = dissectStream([['source', hex('19f1030004 01020304 17f1030003 050607')], ['destination', hex('16f1030002 0102')]]);
  assert.deepEqual(messages.map(({ protocol, encryption }) => [protocol, encryption.verdict]), [['mmtls', 'opaque']]);
  assert.equal(dissectStream([['source', hex('16f2030004 01020304')]]).messages[0]!.protocol, 'tcp');
});
