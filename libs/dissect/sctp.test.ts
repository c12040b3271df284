import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultDissectOptions, DissectCounters, SctpDissector, type Message } from './dissect.ts';
import { fieldsOf } from './testing/packets.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** A DATA chunk; flags 3 is a complete message, 2 its beginning, 1 its end. */
function data(tsn: number, flags: number, payloadProtocol: number, bytes: Buffer): Buffer {
  const header = Buffer.from([0, flags, 0, 0, ...Array.from({ length: 12 }, () => 0)]);
  header.writeUInt16BE(16 + bytes.length, 2);
  header.writeUInt32BE(tsn, 4);
  header.writeUInt32BE(payloadProtocol, 12);
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 3)]);
}

function dissect(packets: readonly Buffer[], options = defaultDissectOptions): { messages: Message[]; counters: DissectCounters } {
  const messages: Message[] = [];
  const counters = new DissectCounters();
  const dissector = new SctpDissector({ options, counters }, (message) => messages.push(message));
  packets.forEach((packet, index) =>
    dissector.packet(packet, { sender: 'source', sourcePort: 3868, destinationPort: 3868, frame: index + 1, micros: index + 1 }),
  );
  return { messages, counters };
}

/** Credit-Control-Request with a User-Name (RFC 6733, section 3). */
const diameter = hex(
  '01000028 80000110 00000004 00000001 00000002 00000001 40000014 31757365 722d3936 3331343a'.replace(
    '31757365 722d3936 3331343a',
    '6a616e65406578616d706c65',
  ),
);
const told = ({ messages }: { messages: Message[] }) =>
  messages.map((message) => [message.frame, message.protocol, message.encryption.verdict, ...fieldsOf(message)].join(' '));

test('Diameter, by content, behind other chunks and with others in one packet', () => {
  const sack = hex('03000010 00000001 0000ffff 00000000');
  assert.deepEqual(told(dissect([Buffer.concat([sack, data(1, 3, 46, diameter), data(2, 3, 0, diameter)])])), [
    '1 diameter cleartext diameter.user_name=jane@example', '1 diameter cleartext diameter.user_name=jane@example',
  ]);
});

test('fragments come in any order and over the end of the number space; a repetition is counted', () => {
  const parts = [data(0xffffffff, 2, 46, diameter.subarray(0, 12)), data(0, 0, 46, diameter.subarray(12, 20)), data(1, 1, 46, diameter.subarray(20))];
  for (const order of [[0, 1, 2], [2, 0, 1], [1, 1, 2, 0, 0]]) {
    const result = dissect(order.map((index) => parts[index]!));
    assert.deepEqual(told(result).map((line) => line.slice(2)), ['diameter cleartext diameter.user_name=jane@example']);
    assert.equal(result.counters.get('sctp', 'retransmission'), order.length === 5 ? 2 : 0);
  }
});

test('what is held is bounded', () => {
  const result = dissect([data(1, 2, 46, Buffer.alloc(60)), data(2, 0, 46, Buffer.alloc(60)), data(3, 1, 46, Buffer.alloc(60))], {
    ...defaultDissectOptions,
    maxBodyBytes: 100,
  });
  assert.deepEqual([result.messages.length, result.counters.get('sctp', 'bounded fragments')], [0, 2]);
});

test('signalling that is not read is opaque under its name, and scanned; DTLS is encrypted', () => {
  const result = dissect([
    data(1, 3, 3, hex('01000101 00000014')),
    data(2, 3, 18, hex('000c40')),
    data(3, 3, 47, hex('00')),
    data(4, 3, 0, Buffer.from('REGISTER sip:example.org SIP/2.0\r\n\r\n')),
    data(5, 3, 0, Buffer.from('hello there')),
  ]);
  assert.deepEqual(told(result), ['1 m3ua opaque', '2 s1ap opaque', '3 dtls encrypted', '4 sip cleartext', '5 sctp cleartext']);
  assert.deepEqual(result.messages[0]!.payload, hex('01000101 00000014'));
});

test('a chunk that runs over the packet is counted', () => {
  assert.equal(dissect([hex('000300ff 00000001')]).counters.get('sctp', 'malformed chunk'), 1);
});
