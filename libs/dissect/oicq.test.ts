import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from './testing/bytes.ts';
import { dissectPayload, fieldsOf } from './testing/packets.ts';

const heartbeat = hex('02 3b0b 0001 0017 561f0c70 0000000000000000 30c949fb 03');

test('the QQ number stands in clear in front of encrypted data', () => {
  const { messages } = dissectPayload(heartbeat, { destinationPort: 8000 });
  assert.deepEqual(fieldsOf(messages[0]), ['oicq.qq_number=(u32be)1444875376']);
  assert.deepEqual([messages[0]!.protocol, messages[0]!.encryption.verdict, messages[0]!.payload], ['oicq', 'encrypted', null]);
  assert.equal(dissectPayload(heartbeat).messages[0]!.protocol, 'oicq');
});

test('what lacks an end, a command or a number is none', () => {
  const without = (at: number, byte: number): string => {
    const changed = Buffer.from(heartbeat);
    changed[at] = byte;
    return dissectPayload(changed).messages[0]!.protocol;
  };
  assert.deepEqual([without(heartbeat.length - 1, 4), without(4, 0xff), without(1, 0)], ['udp', 'udp', 'udp']);
  assert.equal(dissectPayload(hex('02 3b0b 0001 0017 00000050 0000 03')).messages[0]!.protocol, 'udp');
});
