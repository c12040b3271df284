import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions, type Message, type Sender } from './dissect.ts';
import { ja4, type HelloFeatures } from './ja4.ts';
import { bytes, hex, prefixed, u16, u8 } from './testing/bytes.ts';

const list = (text: string): number[] => text.split(',').map((value) => Number.parseInt(value, 16));

describe('JA4', () => {
  /** The example of technical_details/JA4.md, with the values in a different order. */
  const published: HelloFeatures = {
    version: 0x0304,
    ciphers: list('1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035'),
    extensions: list('001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015'),
    signatures: list('0403,0804,0401,0503,0805,0501,0806,0601'),
    hasServerName: true,
    protocol: Buffer.from('h2'),
  };

  test('is the published one', () => assert.equal(ja4(published, 'tls'), 't13d1516h2_8daaf6152771_e5627efa2ab1'));

  test('leaves GREASE out, and says what is absent', () => {
    assert.equal(ja4({ ...published, extensions: [0x1a1a, ...published.extensions] }, 'quic'), 'q13d1516h2_8daaf6152771_e5627efa2ab1');
    assert.equal(
      ja4({ version: 0x0301, ciphers: [], extensions: [], signatures: [], hasServerName: false, protocol: null }, 'dtls'),
      'd10i000000_000000000000_000000000000',
    );
    assert.equal(ja4({ ...published, protocol: hex('ab63ab') }, 'tls').slice(8, 10), 'ab');
  });
});

describe('DTLS', () => {
  const body = bytes(
    hex('fefd'),
    Buffer.alloc(32, 7),
    hex('00 00 0004 c02b c02f 01 00'),
    prefixed(u16, hex('0000'), prefixed(u16, prefixed(u16, hex('00'), prefixed(u16, 'a.example')))),
  );

  function record(offset: number, length: number, sequence = 0): Buffer {
    const part = body.subarray(offset, offset + length);
    const u24 = (value: number): Buffer => bytes(u8(0), u16(value));
    return bytes(hex('16 feff 0000 000000000000'), prefixed(u16, u8(1), u24(body.length), u16(sequence), u24(offset), u24(part.length), part));
  }

  function send(packets: [sender: Sender, payload: Buffer, micros: number][]): Message[] {
    const messages: Message[] = [];
    const dissector = new DatagramDissector({ options: defaultDissectOptions, counters: new DissectCounters() }, (message) => messages.push(message));
    packets.forEach(([sender, payload, micros]) => dissector.datagram(payload, { sender, sourcePort: 1, destinationPort: 2, frame: 1, micros }));
    return messages;
  }

  test('the ClientHello names the server; the first answer gives the round trip', () => {
    const reply = hex('16 feff 0000 000000000000 0010 03000004 0000 000000000004 fefd0000');
    const messages = send([
      ['source', record(0, 500), 100], ['destination', reply, 30_100], ['source', record(0, 500, 1), 30_200],
      ['destination', reply, 60_000],
    ]);
    assert.deepEqual(messages.map(({ facts }) => [facts['tls.client.server_name'] ?? '', facts['telltale.handshake.rtt'] ?? 0]), [
      ['a.example', 0], ['', 30_000], ['a.example', 0], ['', 0],
    ]);
    assert.match(messages[0]!.facts['telltale.tls.ja4']!, /^dd2d020100_/);
  });

  test('fragments, in one datagram or several, in any order', () => {
    assert.equal(send([['source', bytes(record(0, 30), record(30, 500)), 1]])[0]!.facts['tls.client.server_name'], 'a.example');
    assert.deepEqual(
      send([['source', record(30, 500), 1], ['source', record(0, 30), 2]]).map(({ facts }) => facts['tls.client.server_name'] ?? ''),
      ['', 'a.example'],
    );
  });
});
