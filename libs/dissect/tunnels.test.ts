import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, hex } from './testing/bytes.ts';
import { dissectPayload, dissectStream } from './testing/packets.ts';

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

test('MMTLS is opaque, and told once', () => {
  const { messages } = dissectStream([['source', hex('19f1030004 01020304 17f1030003 050607')], ['destination', hex('16f1030002 0102')]]);
  assert.deepEqual(messages.map(({ protocol, encryption }) => [protocol, encryption.verdict]), [['mmtls', 'opaque']]);
  assert.equal(dissectStream([['source', hex('16f2030004 01020304')]]).messages[0]!.protocol, 'tcp');
});
