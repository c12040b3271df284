import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, hex, prefixed, u16 } from './testing/bytes.ts';
import { binaryConversations, mqttConnect, mqttConnect5, mqttPacket } from './testing/binary-samples.ts';
import { dissectStream, fieldsOf, openStream } from './testing/packets.ts';

test('CONNECT names the client; will, user name and password stand where the flags say', () => {
  const { messages } = dissectStream([['source', mqttConnect]]);
  assert.deepEqual(messages.map(({ protocol, encryption }) => [protocol, encryption.verdict]), [['mqtt', 'cleartext']]);
  assert.deepEqual(fieldsOf(messages[0]), [
    'mqtt.connect.client_id=P47775ID170W2121', 'mqtt.connect.will_topic=last/will', 'mqtt.connect.username=dev-7', 'mqtt.connect.password=s3same',
  ]);
});

test('version 5 has properties, 3.1 another name', () => {
  const fields = ['mqtt.connect.client_id=client-77', 'mqtt.connect.username=jane', 'mqtt.connect.password=s3same'];
  assert.deepEqual(fieldsOf(dissectStream([['source', mqttConnect5]]).messages[0]), fields);
  const text = (value: string): Buffer => prefixed(u16, value);
  const old = mqttPacket(0x10, text('MQIsdp'), hex('03 c2 003c'), text('client-77'), text('jane'), text('s3same'));
  assert.deepEqual(fieldsOf(dissectStream([['source', old]]).messages[0]), fields);
  const publish = mqttPacket(0x32, text('t'), hex('0001'), hex('03 23 0001'), 'data');
  assert.equal(dissectStream([['source', bytes(mqttConnect5, publish)]]).messages[1]!.payload!.toString(), 'data');
});

test('topics are fields, JSON is read, other payload is scanned', () => {
  const { messages } = dissectStream(binaryConversations['mqtt']!);
  assert.deepEqual(messages.slice(1).map((message) => [message.sender, ...fieldsOf(message), message.payload?.toString() ?? '']), [
    ['source', 'mqtt.topic=dev/7/cmd', ''], ['source', 'mqtt.topic=dev/7', 'mqtt.payload.json.uid=4711', ''],
    ['source', 'mqtt.topic=raw', 'uid=4711'],
    ['destination', 'mqtt.topic=dev/7/cmd', 'go'],
  ]);
});

test('malformed packets and payload over the bound are counted', () => {
  assert.equal(dissectStream([['source', bytes(mqttConnect, hex('3003 00ff 61'))]]).counters.get('mqtt', 'malformed packet'), 1);
  assert.equal(dissectStream([['source', bytes(mqttConnect, hex('00'))]]).counters.get('mqtt', 'malformed frame'), 1);
  assert.equal(dissectStream([['source', bytes(mqttConnect, hex('30ffffffffff'))]]).counters.get('mqtt', 'malformed frame'), 1);
  const many = dissectStream([['source', bytes(mqttConnect, ...Array.from({ length: 9 }, () => mqttPacket(0x30, hex('0001 74'), 'x'.repeat(30))))]], {
    maxUnclaimedBytes: 100,
  });
  assert.equal(many.counters.get('mqtt', 'bounded payload'), 6);
});

test('a packet over the bound is passed over, and after a gap a new CONNECT is read', () => {
  const large = bytes(hex('30 c80a'), Buffer.alloc(1352, 'a'));
  const passed = dissectStream([['source', bytes(mqttConnect, large, mqttPacket(0x30, hex('0001 74'), 'x'))]], { maxHeadBytes: 1000 });
  assert.deepEqual([passed.messages.length, passed.counters.get('mqtt', 'bounded frame')], [2, 1]);
  const { dissector, result } = openStream();
  dissector.data('source', bytes(mqttConnect, hex('3020 0001')), 1, 1);
  dissector.gap('source', 10);
  dissector.data('source', Buffer.alloc(30, 'z'), 2, 2);
  dissector.data('source', mqttConnect, 3, 3);
  assert.deepEqual(result.messages.map(({ frame }) => frame), [1, 3]);
});

test('what only begins like a CONNECT is none', () => {
  for (const start of [hex('10 0a 0004 4d515458 0400'), hex('10 ffffffff 00'), hex('1000')]) {
    assert.deepEqual(dissectStream([['source', start]]).messages.map(({ protocol }) => protocol), ['tcp']);
  }
});
