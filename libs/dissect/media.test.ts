import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions, type Message, type Sender } from './dissect.ts';
import { bytes, hex, prefixed, u16, u32, u8 } from './testing/bytes.ts';
import { dissectPayload, fieldsOf } from './testing/packets.ts';

type Sent = [sender: Sender, payload: Buffer];

function send(packets: readonly Sent[], destinationPort = 4000): Message[] {
  const messages: Message[] = [];
  const dissector = new DatagramDissector({ options: defaultDissectOptions, counters: new DissectCounters() }, (message) => messages.push(message));
  packets.forEach(([sender, payload], index) => {
    const [from, to] = sender === 'source' ? [5000, destinationPort] : [destinationPort, 5000];
    dissector.datagram(payload, { sender, sourcePort: from, destinationPort: to, frame: index + 1, micros: index });
  });
  return messages;
}

function rtp(sequence: number, payload: Buffer, type = 96, ssrc = 0xdeadbeef): Buffer {
  return bytes(u8(0x80), u8(type), u16(sequence), u32(160 * sequence), u32(ssrc), payload);
}

/** Pseudorandom bytes, the same for the same seed. */
function noise(length: number, seed: number): Buffer {
  return createCipheriv('aes-128-ctr', createHash('md5').update(`${seed}`).digest(), Buffer.alloc(16)).update(Buffer.alloc(length));
}

const verdicts = (messages: readonly Message[]): string[] => messages.map(({ encryption }) => `${encryption.verdict}: ${encryption.reason}`);

describe('RTP', () => {
  test('a stream is told once; who sends what, by source and type', () => {
    const messages = send([
      ['source', rtp(1, noise(100, 1))], ['source', rtp(2, noise(100, 2))], ['destination', rtp(1, noise(100, 3), 111, 7)],
      ['source', hex('81c80001 00000009')],
    ]);
    assert.deepEqual(messages.map((message) => [message.frame, ...fieldsOf(message)]), [
      [1, 'rtp.ssrc=(u32be)3735928559', 'rtp.payload_type=96'], [3, 'rtp.ssrc=(u32be)7', 'rtp.payload_type=111'], [4, 'rtp.ssrc=(u32be)9'],
    ]);
  });

  test('speech in G.711 is in clear, noise in its place is not', () => {
    // A tone in µ-law: the frequencies of byte values are far from equal.
    const tone = (sequence: number): Buffer => Buffer.from(
      Array.from({ length: 160 }, (_, i) => 0x80 + Math.round(40 * Math.sin((sequence * 160 + i) / 9))),
    );
    assert.deepEqual(verdicts(send(Array.from({ length: 20 }, (_, i): Sent => ['source', rtp(i + 1, tone(i), 0)]))), [
      'opaque: RTP', 'cleartext: RTP payload of low entropy',
    ]);
    assert.deepEqual(verdicts(send(Array.from({ length: 60 }, (_, i): Sent => ['source', rtp(i + 1, noise(160, i), 0)]))), ['opaque: RTP']);
  });

  test('behind DTLS it is SRTP', () => {
    const hello = hex('16 feff 0000 000000000000 0010 01000004 0000 000000000004 00000000');
    assert.deepEqual(verdicts(send([['source', hello], ['source', rtp(1, noise(90, 1))]])), ['encrypted: DTLS', 'encrypted: SRTP after DTLS']);
  });
});

describe('repeated ciphertext blocks', () => {
  /** Video with a still background: runs of the same block at varying offsets between random bytes. */
  const picture = (sequence: number): Buffer => bytes(
    noise(16 * (1 + (sequence % 5)), sequence), Buffer.alloc(48, 'still background'), noise(320, 1000 + sequence),
  );

  function encrypted(mode: 'aes-128-ecb' | 'aes-128-ctr'): Sent[] {
    return Array.from({ length: 30 }, (_, sequence) => {
      const iv = mode === 'aes-128-ecb' ? null : createHash('md5').update(`iv ${sequence}`).digest();
      const cipher = createCipheriv(mode, Buffer.alloc(16, 'k'), iv).setAutoPadding(false);
      return ['source', rtp(sequence, cipher.update(picture(sequence)))];
    });
  }

  test('are the mark of ECB', () => {
    const messages = send(encrypted('aes-128-ecb'));
    assert.deepEqual(verdicts(messages), ['opaque: RTP', 'encrypted: repeated ciphertext blocks']);
  });

  test('are absent under a counter', () => assert.deepEqual(verdicts(send(encrypted('aes-128-ctr'))), ['opaque: RTP']));

  test('do not count when a packet is sent again, nor as padding, header or tone', () => {
    const again = Array.from({ length: 40 }, (): Sent => ['source', rtp(7, noise(400, 1))]);
    const padded = Array.from({ length: 40 }, (_, i): Sent => ['source', rtp(i, bytes(noise(16, i), Buffer.alloc(300)))]);
    const tones = Array.from({ length: 40 }, (_, i): Sent => ['source', rtp(i + 1, Buffer.alloc(320, hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')))]);
    const headed = Array.from({ length: 40 }, (_, i): Sent => ['source', rtp(i, bytes(noise(64, 5), noise(300, 100 + i)))]);
    for (const packets of [again, padded, headed, tones]) assert.deepEqual(verdicts(send(packets)), ['opaque: RTP']);
  });
});

describe('Zoom', () => {
  const sfu = (direction: number, medium: number, offset: number, packet: Buffer): Buffer => bytes(
    hex('05 0001 00000000'), u8(direction), u8(medium), Buffer.alloc(offset - 1, 3), packet,
  );

  test('names medium, stream and type behind its own header', () => {
    const messages = send(
      [
        ['source', sfu(0, 15, 19, rtp(1, noise(80, 1), 112, 16778241))],
        ['destination', sfu(4, 16, 24, rtp(1, noise(900, 2), 98, 16779266))],
        ['source', sfu(0, 33, 16, hex('80c80006 01000401 0000000000'))], ['source', sfu(0, 15, 19, rtp(2, noise(80, 1), 112, 16778241))],
      ],
      8801,
    );
    assert.deepEqual(messages.map((message) => [message.protocol, message.encryption.reason, ...fieldsOf(message)]), [
      ['zoom', 'Zoom media', 'zoom.rtp.ssrc=(u32be)16778241', 'zoom.rtp.payload_type=112', 'zoom.rtp.medium=audio'],
      ['zoom', 'Zoom media', 'zoom.rtp.ssrc=(u32be)16779266', 'zoom.rtp.payload_type=98', 'zoom.rtp.medium=video'],
      ['zoom', 'Zoom media', 'zoom.rtp.ssrc=(u32be)16778241', 'zoom.rtp.medium=rtcp'],
    ]);
  });

  test('control messages are scanned, and the handshake is told', () => {
    const [open, named] = send(
      [['source', bytes(hex('010002'), noise(40, 1))], ['source', bytes(hex('050c01218e9c3928c4'), 'data_bind_replace_flag')]], 8802,
    );
    assert.deepEqual([open!.protocol, open!.payload, named!.payload?.subarray(1).toString()], ['zoom', null, 'data_bind_replace_flag']);
    assert.equal(dissectPayload(bytes(hex('010002'), noise(40, 1))).messages[0]!.protocol, 'udp');
  });

  test('between two clients: the hello, and media without the server\'s header', () => {
    const id = '1D4E9C0A-77B2-4F0A-9D3B-5C1E2F3A4B5C';
    for (const length of [u8, u16, u32]) {
      const hello = bytes(hex('1f0201'), Buffer.alloc(21), prefixed(length, '192.0.2.7'), prefixed(length, id));
      const messages = send([['source', hello], ['destination', sfu(4, 16, 24, rtp(1, noise(200, 1), 98, 5)).subarray(8)]]);
      assert.deepEqual(fieldsOf(messages[0]), ['zoom.peer.ip=192.0.2.7', `zoom.peer.session=${id}`]);
      assert.deepEqual(fieldsOf(messages[1]), ['zoom.rtp.ssrc=(u32be)5', 'zoom.rtp.payload_type=98', 'zoom.rtp.medium=video']);
    }
    assert.equal(dissectPayload(bytes(hex('1f0201'), Buffer.alloc(60))).messages[0]!.protocol, 'udp');
  });
});

test('a STUN response gives the round trip of the request with its transaction id', () => {
  const stun = (type: string, id: string): Buffer => hex(`${type} 0000 2112a442 ${id.repeat(12)}`);
  const messages: Message[] = [];
  const dissector = new DatagramDissector({ options: defaultDissectOptions, counters: new DissectCounters() }, (message) => messages.push(message));
  const sent: [Sender, Buffer, number][] = [
    ['source', stun('0001', '01'), 10], ['destination', stun('0101', '02'), 500], ['destination', stun('0101', '01'), 8010],
    ['source', stun('0001', '03'), 9000], ['destination', stun('0101', '03'), 9900],
  ];
  for (const [sender, payload, micros] of sent) dissector.datagram(payload, { sender, sourcePort: 1, destinationPort: 2, frame: 1, micros });
  assert.deepEqual(messages.map(({ facts }) => facts['telltale.handshake.rtt'] ?? 0), [0, 0, 8000, 0, 0]);
});

test('what a sender of RTCP says of itself is told once', () => {
  const item = (type: number, value: string) => Buffer.concat([Buffer.from([type, value.length]), Buffer.from(value)]);
  const items = Buffer.concat([Buffer.from('0000002a', 'hex'), item(1, 'jane@198.51.100.7'), item(3, 'jane@example.org'), item(6, 'app 1.0')]);
  const chunk = Buffer.concat([items, Buffer.alloc(4 - (items.length & 3))]);
  const report = Buffer.from('80c90001 0000002a'.replace(' ', ''), 'hex');
  const description = Buffer.concat([Buffer.from([0x81, 202, 0, chunk.length / 4]), chunk]);
  const compound = Buffer.concat([report, description]);
  const messages = send([['source', report], ['source', compound], ['source', compound]]);
  assert.deepEqual(
    messages.map((message) => [message.frame, ...fieldsOf(message).filter((field) => field.includes('sdes'))]),
    [[1], [2, 'rtp.sdes.cname=jane@198.51.100.7', 'rtp.sdes.email=jane@example.org']],
  );
});
