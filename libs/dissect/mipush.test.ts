import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, hex } from './testing/bytes.ts';
import { mipushConn, mipushDevice, mipushFrame } from './testing/binary-samples.ts';
import { dissectStream, fieldsOf } from './testing/packets.ts';

test('the client\'s CONN names the device; the server\'s challenge is no identifier', () => {
  const { messages } = dissectStream([['destination', mipushFrame('CONN', { 1: '4902617385', 2: '7cf0' })], ['source', mipushConn]]);
  assert.deepEqual(messages.map((message) => [message.protocol, message.sender, ...fieldsOf(message)]), [
    ['mipush', 'destination'],
    [
      'mipush', 'source', 'mipush.conn.model=Redmi Note 9S', 'mipush.conn.rom=V12.5.2.0', `mipush.conn.device_id=${mipushDevice}`,
      'mipush.conn.network=mobile-lte', 'mipush.conn.locale=ar_EG',
    ],
  ]);
});

test('encrypted and empty frames tell nothing', () => {
  const encrypted = bytes(hex('c2fe0005 00000014'), Buffer.alloc(20, 0x9d), hex('01020304'));
  assert.deepEqual(dissectStream([['source', bytes(mipushConn, encrypted, hex('c2fe0005 00000000 0d2301c6'), encrypted)]]).messages.length, 1);
  const { messages } = dissectStream([['source', bytes(encrypted, encrypted)]]);
  assert.deepEqual(messages.map(({ encryption }) => encryption), [{ verdict: 'encrypted', reason: 'MiPush session' }]);
  assert.equal(dissectStream([['source', hex('c2fe0004 00000000')]]).messages[0]!.protocol, 'tcp');
});

test('a payload that is no Protocol Buffers message is counted', () => {
  const broken = Buffer.from(mipushConn);
  broken[broken.indexOf('Redmi') - 1] = 0x7f;
  assert.equal(dissectStream([['source', broken]]).counters.get('mipush', 'malformed CONN'), 1);
});
