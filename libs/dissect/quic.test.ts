import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions, type Message, type Sender } from './dissect.ts';
import { clientInitialKeys } from './quic-keys.ts';
import { bytes, hex } from './testing/bytes.ts';
import { dissectPayload } from './testing/packets.ts';
import { cryptoFrame, rfcConnection, rfcHello, sealInitial } from './testing/quic-samples.ts';

const VERSION_2 = 0x6b3343cf;

function send(packets: [sender: Sender, payload: Buffer, micros?: number][]): { messages: Message[]; counters: DissectCounters } {
  const messages: Message[] = [];
  const counters = new DissectCounters();
  const dissector = new DatagramDissector({ options: defaultDissectOptions, counters }, (message) => messages.push(message));
  packets.forEach(([sender, payload, micros = 0], index) =>
    dissector.datagram(payload, { sender, sourcePort: 1, destinationPort: 443, frame: index + 1, micros }),
  );
  return { messages, counters };
}

test('keys are those of RFC 9001, appendix A.1, and of RFC 9369, appendix A.1', () => {
  const texts = (version: number): string[] => {
    const { key, iv, headerProtection } = clientInitialKeys(version, rfcConnection)[0]!;
    return [key.export(), iv, headerProtection.export()].map((part) => part.toString('hex'));
  };
  assert.deepEqual(texts(1), ['1f369613dd76d5467730efcbe3b1a22d', 'fa044b2f42a3fd3b46fb255c', '9f50449e04a0e810283a1e9933adedd2']);
  assert.deepEqual(texts(VERSION_2), ['8b1a0bc121284290a29e0971b5cd045d', '91f73e2351d8fa91660e909f', '45b95e15235d6f45a6b19cbcb0294ba9']);
  assert.deepEqual(clientInitialKeys(0xff000009, rfcConnection), []);
});

test('the packet of RFC 9001, appendix A.2, names its server', () => {
  const packet = sealInitial(1, rfcConnection, bytes(hex('060040f1'), rfcHello));
  assert.equal(
    packet.subarray(0, 48).toString('hex'),
    'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c',
  );
  const { facts, encryption } = dissectPayload(packet).messages[0]!;
  assert.deepEqual(
    [facts['tls.client.server_name'], facts['telltale.tls.alpn'], facts['destination.domain']],
    ['example.com', ['alpn'], 'example.com'],
  );
  assert.match(facts['telltale.tls.ja4']!, /^q13d0211an_/);
  assert.equal(encryption.verdict, 'encrypted');
});

test('versions 2, draft 29, draft 27, and one that is reserved', () => {
  for (const version of [VERSION_2, 0xff00001d, 0xff00001b, 0x1a2a3a4a]) {
    assert.equal(
      dissectPayload(sealInitial(version, rfcConnection, cryptoFrame(0, rfcHello))).messages[0]!.facts['tls.client.server_name'],
      'example.com',
    );
  }
});

describe('a ClientHello in parts', () => {
  const first = cryptoFrame(0, rfcHello.subarray(0, 100));
  const second = cryptoFrame(90, rfcHello.subarray(90, 180));
  const third = cryptoFrame(180, rfcHello.subarray(180));
  const ping = hex('01');

  test('out of order within a packet', () => {
    assert.equal(
      dissectPayload(sealInitial(1, rfcConnection, bytes(third, ping, first, second))).messages[0]!.facts['tls.client.server_name'],
      'example.com',
    );
  });

  test('over several packets, to which the server answers in between', () => {
    const { messages } = send([
      ['source', sealInitial(1, rfcConnection, third), 1000],
      ['destination', sealInitial(1, hex('aabb'), first), 21_000],
      ['source', sealInitial(1, rfcConnection, first)],
      ['source', sealInitial(1, rfcConnection, second)],
      ['source', sealInitial(1, rfcConnection, first)],
    ]);
    assert.deepEqual(messages.map(({ facts }) => facts['tls.client.server_name'] ?? ''), ['', '', '', 'example.com', '']);
    assert.deepEqual(messages.map(({ facts }) => facts['telltale.handshake.rtt'] ?? 0), [0, 20_000, 0, 0, 0]);
  });

  test('in front of a packet of another kind', () => {
    const datagram = bytes(sealInitial(1, rfcConnection, cryptoFrame(0, rfcHello), 600), hex('d000000001 00 00'), Buffer.alloc(60, 3));
    assert.equal(dissectPayload(datagram).messages[0]!.facts['tls.client.server_name'], 'example.com');
  });

  test('two packets in one datagram', () => {
    const datagram = bytes(sealInitial(1, rfcConnection, bytes(second, third), 600), sealInitial(1, rfcConnection, first, 500));
    assert.equal(dissectPayload(datagram).messages[0]!.facts['tls.client.server_name'], 'example.com');
  });

  test('after a Retry, under keys of another connection id', () => {
    const { messages } = send([
      ['source', sealInitial(1, rfcConnection, first)],
      ['source', sealInitial(1, hex('0102030405060708'), cryptoFrame(0, rfcHello))],
    ]);
    assert.equal(messages[1]!.facts['tls.client.server_name'], 'example.com');
  });
});

test('what the keys do not open tells nothing, and the search ends', () => {
  const packet = sealInitial(1, rfcConnection, cryptoFrame(0, rfcHello));
  packet[400]! ^= 1;
  assert.deepEqual(dissectPayload(packet).messages[0]!.facts, {});
  const { counters } = send(Array.from({ length: 20 }, () => ['source', packet]));
  assert.equal(counters.get('quic', 'bounded Initial packets'), 1);
  assert.equal(dissectPayload(sealInitial(1, rfcConnection, hex('ff'))).counters.get('quic', 'malformed Initial'), 1);
  const far = sealInitial(1, rfcConnection, bytes(hex('06 80010000 4004'), Buffer.alloc(4)));
  assert.equal(dissectPayload(far).counters.get('quic', 'bounded ClientHello'), 1);
});

test('the CHLO of Google QUIC, in clear', () => {
  const chlo = bytes('CHLO', hex('0200 0000'), 'SNI\0', hex('0b000000'), 'UAID', hex('12000000'), 'example.com', 'Chrome7');
  const { facts } = dissectPayload(bytes(hex('0d 0102030405060708 51303433 01'), Buffer.alloc(12, 0x5a), hex('a0 0100 00'), chlo)).messages[0]!;
  assert.deepEqual([facts['tls.client.server_name'], facts['user_agent.original']], ['example.com', 'Chrome7']);
});
