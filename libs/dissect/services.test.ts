import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions, type Message } from './dissect.ts';
import { bytes, hex, u32 } from './testing/bytes.ts';
import { binaryConversations, hl7Message, rtmpMessage, smppBind, smppPacket, smppSubmit, snmpGet } from './testing/binary-samples.ts';
import { dissectStream, fieldsOf } from './testing/packets.ts';

describe('SMPP', () => {
  test('a bind has name and password, a message its two numbers; its text is no field', () => {
    const { messages } = dissectStream([['source', bytes(smppBind, smppSubmit)]]);
    assert.deepEqual(messages.map((message) => fieldsOf(message)), [
      ['smpp.bind.system_id=gateway7', 'smpp.bind.password=s3same', 'smpp.bind.system_type=VMA'],
      ['smpp.message.source=491711234567', 'smpp.message.destination=4915112345678'],
    ]);
  });

  test('a text without end, and a length that is none, are counted', () => {
    assert.equal(dissectStream([['source', smppPacket(2, 'gateway')]]).counters.get('smpp', 'malformed packet'), 1);
    assert.equal(dissectStream([['source', bytes(smppBind, u32(3), u32(4))]]).counters.get('smpp', 'malformed frame'), 1);
    assert.equal(dissectStream([['source', bytes(u32(16), u32(0x77), u32(0), u32(1))]]).messages[0]!.protocol, 'tcp');
  });
});

describe('HL7', () => {
  test('the person that PID describes', () => {
    const { messages } = dissectStream([['source', hl7Message]]);
    assert.deepEqual([messages[0]!.protocol, ...fieldsOf(messages[0])], [
      'hl7', 'hl7.pid.id=77123', 'hl7.pid.id=88-9', 'hl7.pid.name=Jane Doe', 'hl7.pid.birth_date=19800102', 'hl7.pid.address=1 Main St 10115 Berlin',
      'hl7.pid.home_phone=+4915112345678', 'hl7.pid.account=A-4711',
    ]);
  });

  test('a message without end is bounded', () => {
    const { counters } = dissectStream([['source', `\x0bMSH|^~\\&|${'x'.repeat(3000)}`]], { maxHeadBytes: 2000 });
    assert.equal(counters.get('hl7', 'bounded frame'), 1);
  });
});

describe('RTMP', () => {
  test('the application and the stream that is published, over chunks of changing size', () => {
    const { messages } = dissectStream(binaryConversations['rtmp']!);
    assert.deepEqual(messages.map((message) => message.fields.map(({ path, key, value }) => `${path} ${key} ${value}`)), [
      [
        'rtmp.connect.app app live', `rtmp.connect.tcUrl tcUrl rtmp://media.example/live?token=${'k9'.repeat(40)}`,
        `rtmp.connect.tcUrl.query.token token ${'k9'.repeat(40)}`,
      ],
      ['rtmp.publish.stream rtmp_stream_key live_51482_kX9w3Pz7', 'rtmp.publish.query.user_id user_id 42'],
    ]);
  });

  test('malformed commands are counted; media is not kept', () => {
    const handshake = bytes(hex('03 00000001 00000000'), Buffer.alloc(1528 + 1536));
    assert.equal(dissectStream([['source', bytes(handshake, rtmpMessage(20, hex('02 0010 61')))]]).counters.get('rtmp', 'malformed command'), 1);
    const { messages } = dissectStream([['source', bytes(handshake, rtmpMessage(9, Buffer.alloc(100_000)))]], { maxHeadBytes: 4000 });
    assert.equal(messages.length, 0);
    assert.equal(dissectStream([['source', hex('03 00 00 0b 06 e0 00 00 00 00 00')]]).messages[0]!.protocol, 'rdp');
  });
});

test('channel data of TURN hold datagrams of their own', () => {
  const messages: Message[] = [];
  const dissector = new DatagramDissector({ options: defaultDissectOptions, counters: new DissectCounters() }, (message) => messages.push(message));
  const inner = bytes(hex('4000'), Buffer.from([0, snmpGet.length]), snmpGet);
  for (const payload of [inner, hex(`0003 0000 2112a442 ${'01'.repeat(12)}`), inner])
    dissector.datagram(payload, { sender: 'source', sourcePort: 1, destinationPort: 2, frame: 1, micros: 1 });
  assert.deepEqual(
    messages.map(({ protocol }) => protocol),
    ['udp', 'stun', 'snmp'],
  );
});
