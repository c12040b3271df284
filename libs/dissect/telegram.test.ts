import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions, type DatagramContext, type Message } from './dissect.ts';
import { bytes, hex } from './testing/bytes.ts';
import { telegramPeers } from './testing/binary-samples.ts';
import { fieldsOf } from './testing/packets.ts';

const tag = hex('9a01c4d2 77b0 4e1f a3c5 5d20 8e6b 1147');
const ones = Buffer.alloc(12, 0xff);
const query = hex('5151000000000007');
const control = (type: string, ...rest: Buffer[]) => bytes(tag, ones, hex(type), ...rest);
const media = bytes(tag, Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 89 + 131) & 0xff)));

function dissect(...datagrams: [sender: DatagramContext['sender'], payload: Buffer][]): { messages: Message[]; counters: DissectCounters } {
  const messages: Message[] = [];
  const counters = new DissectCounters();
  const dissector = new DatagramDissector({ options: defaultDissectOptions, counters }, (message) => messages.push(message));
  datagrams.forEach(([sender, payload], index) =>
    dissector.datagram(payload, { sender, sourcePort: 50_000, destinationPort: 533, frame: index + 1, micros: (index + 1) * 1000 }),
  );
  return { messages, counters };
}

describe('calls of Telegram', () => {
  test('the relay tells the address of the other side; once, and by its network alone in the record', () => {
    const { messages } = dissect(['source', control('ffffffff')], ['destination', telegramPeers], ['source', media], ['destination', telegramPeers]);
    assert.deepEqual(
      messages.map(({ protocol, encryption, session, facts, ...message }) => [
        protocol, encryption.verdict, session, facts, fieldsOf({ ...message, protocol, encryption, facts }),
      ]),
      [
        ['telegram', 'encrypted', tag.toString('hex'), {}, []],
        [
          'telegram', 'encrypted', tag.toString('hex'), { 'telltale.flow.hops': ['telegram-peer=198.51.100.0/24'] },
          ['telegram.peer.ip=198.51.100.77'],
        ],
      ],
    );
  });

  test('the answer to the question for the own address gives the round trip', () => {
    const asked = control('feffffff', query);
    const told = control('c77215c0', hex('60000000'), query, Buffer.alloc(10), hex('ffff c0000209 5ddc0000'));
    const { messages } = dissect(['source', asked], ['source', asked], ['destination', told], ['destination', told]);
    assert.deepEqual(messages.map(({ facts }) => facts), [{}, { 'telltale.handshake.rtt': 2000 }]);
  });

  test('media are encrypted, whatever their bytes look like, and are not searched', () => {
    const { messages, counters } = dissect(['source', control('ffffffff')], ['source', media], ['source', bytes(tag, 'uid=8841203')]);
    assert.deepEqual([messages.length, counters.get('telegram', 'messages')], [1, 3]);
  });

  test('media alone, and other lengths, are not known', () => {
    for (const payload of [media, control('ffffffff', hex('00')), control('00000000'), bytes(tag, ones)])
      assert.notEqual(dissect(['source', payload]).messages[0]?.protocol, 'telegram');
  });
});
