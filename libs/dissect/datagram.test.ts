import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions, type Message } from './dissect.ts';
import { dissectPayload } from './testing/packets.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** The first bytes of a client hello, as seen in captures: four tags, of which SNI and PDMD are complete. */
const agora = Buffer.concat([
  hex('005a384c0000 21 00000000 0004'),
  Buffer.from('SNI\0'),
  hex('1c00'),
  Buffer.from('23-248-186-179.edge.agora.io'),
  Buffer.from('PDMD'),
  hex('0000'),
  Buffer.from('CPTO'),
  hex('8100'),
  Buffer.from('uid=123456&room=42'.padEnd(0x81, '.')),
]);
const quicInitial = hex(`c3 00000001 08 8394c8f03e515708 00 00 449e 00000002 ${'00'.repeat(40)}`);
const dtlsHello = hex(`16 feff 0000 000000000000 0010 01000004 0000 000000000004 ${'00'.repeat(4)}`);

function verdict(payload: Buffer): string {
  const { protocol, encryption, payload: left } = dissectPayload(payload).messages[0]!;
  return `${protocol} ${encryption.verdict}${left === null ? '' : ' scanned'}`;
}

test('SD-RTN names its edge; the key exchange is not scanned', () => {
  const { messages } = dissectPayload(agora);
  assert.deepEqual([messages[0]!.protocol, messages[0]!.payload, messages[0]!.facts], ['sd-rtn', null, {
    'destination.domain': '23-248-186-179.edge.agora.io', 'telltale.destination.domain_source': 'sd-rtn',
  }]);
  assert.equal(verdict(agora), 'sd-rtn encrypted');
});

test('QUIC, of the IETF, Google and Meta', () => {
  for (const bytes of [
    quicInitial,
    hex('d3 6b3343cf 08 8394c8f03e515708 00 00 449e 00000002'),
    hex('c3 faceb002 08 8394c8f03e515708 00 00 449e'),
    hex(`0d 0102030405060708 51303433 01 ${'00'.repeat(20)}`),
    hex(`c3 51303530 50 0102030405060708 ${'00'.repeat(8)}`),
  ])
    assert.equal(verdict(bytes), 'quic encrypted');
  assert.equal(verdict(hex('c3 00000009 08 8394c8f03e515708 00 00 449e')), 'udp opaque scanned');
});

test('DTLS', () => {
  assert.equal(verdict(dtlsHello), 'dtls encrypted');
  assert.equal(verdict(dtlsHello.subarray(0, 20)), 'udp opaque scanned');
});

describe('RTP', () => {
  test('a map of MessagePack that begins like it is none', () => {
    assert.equal(
      verdict(
        Buffer.concat([hex('82 a2'), Buffer.from('id'), hex('a8'), Buffer.from('harbour7'), hex('a1'), Buffer.from('t'), hex('cf 0001020304050607')]),
      ),
      'udp opaque scanned',
    );
    assert.equal(verdict(Buffer.concat([hex('81 a2 0001 00000001 deadbeef 00000002'), hex('90817263fe01bb9c00')])), 'rtp opaque');
  });

  test('media, of which nothing is scanned', () => {
    assert.equal(verdict(Buffer.concat([hex('80 e0 0001 00000001 deadbeef'), hex('90817263fe01bb9c00')])), 'rtp opaque');
    assert.equal(verdict(Buffer.concat([hex('80 00 0001 00000001 deadbeef'), Buffer.alloc(160, '~}|{zyxwvutsrqpo')])), 'rtp opaque');
    assert.equal(verdict(hex('81 c8 0001 deadbeef')), 'rtp opaque');
  });

  test('text behind something like an RTP header is scanned', () => {
    assert.equal(verdict(Buffer.concat([hex('80 60 0001 00000001 deadbeef'), Buffer.from('{"uid":"1234567"}')])), 'udp opaque scanned');
  });
});

test('what nothing claims is handed to the recogniser', () => {
  const { messages } = dissectPayload(Buffer.from('join uid=1234 room=56'));
  assert.deepEqual(
    [messages[0]!.protocol, messages[0]!.payload!.toString(), messages[0]!.frame, messages[0]!.micros],
    ['udp', 'join uid=1234 room=56', 7, 7],
  );
  assert.equal(messages[0]!.encryption.verdict, 'cleartext');
  assert.equal(verdict(hex('0007 313233343536 0a')), 'udp opaque scanned');
  assert.equal(dissectPayload(Buffer.alloc(0)).messages.length, 0);
});

describe('a flow of datagrams', () => {
  function send(payloads: Buffer[], maxUnclaimedBytes = 1000): { messages: Message[]; counters: DissectCounters } {
    const messages: Message[] = [];
    const counters = new DissectCounters();
    const dissector = new DatagramDissector(
      { options: { ...defaultDissectOptions, maxUnclaimedBytes }, counters }, (message) => messages.push(message),
    );
    payloads.forEach((payload, index) =>
      dissector.datagram(payload, { sender: 'source', sourcePort: 1, destinationPort: 2, frame: index + 1, micros: index }),
    );
    return { messages, counters };
  }

  test('that began encrypted goes on so', () => {
    const { messages, counters } = send([quicInitial, Buffer.from('\x40random uid=1')]);
    assert.deepEqual(messages.map(({ protocol }) => protocol), ['quic']);
    assert.equal(counters.get('udp', 'encrypted by context'), 1);
  });

  test('is scanned up to the bound', () => {
    const { messages, counters } = send([Buffer.alloc(600, 'a'), Buffer.alloc(600, 'b'), Buffer.alloc(300, 'c')]);
    assert.deepEqual(messages.map(({ payload }) => payload!.length), [600, 300]);
    assert.equal(counters.get('udp', 'bounded payload'), 1);
  });
});
