import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { generator } from '../../test/support/random.ts';
import { defaultDissectOptions, type Message } from './dissect.ts';
import { dissectPayload, dissectStream, openStream, type Packet } from './testing/packets.ts';
import { conversations, datagrams } from './testing/samples.ts';

/** The contents of a message, without the packets that brought it. */
function content({ frame: _frame, micros: _micros, fields, ...rest }: Message): unknown {
  return { ...rest, fields: fields.map(({ frame: _number, ...field }) => field) };
}

/** The same bytes in packets of the given lengths, used cyclically. */
function split(packets: readonly Packet[], lengths: readonly number[]): Packet[] {
  const parts: Packet[] = [];
  let next = 0;
  for (const [sender, bytes] of packets) {
    for (let at = 0; at < bytes.length;) {
      const length = lengths[next++ % lengths.length]!;
      parts.push([sender, bytes.slice(at, at + length)]);
      at += length;
    }
  }
  return parts;
}

describe('any split of the bytes gives the same messages', () => {
  for (const [name, packets] of Object.entries(conversations)) {
    test(name, () => {
      const whole = dissectStream(packets);
      assert.ok(whole.messages.length > 0);
      const expected = whole.messages.map(content);
      fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 }), (lengths) => {
        const parts = split(packets, lengths);
        const { messages } = dissectStream(parts);
        assert.deepEqual(messages.map(content), expected);
        for (const { frame, micros, fields } of messages) {
          assert.ok(frame >= 1 && frame <= parts.length && micros === frame);
          for (const field of fields) assert.ok(field.frame >= 1 && field.frame <= frame, `${field.path} at ${field.frame} of ${frame}`);
        }
      }), { numRuns: 60 });
      assert.deepEqual(dissectStream(split(packets, [1])).messages.map(content), expected);
    });
  }
});

test('the frame of a field is that of the packet with its last byte, when a packet is a byte', () => {
  const request = 'GET /p?uid=12345&room=R1 HTTP/1.1\r\nX-User: u-9\r\nCookie: sid=abc; t=1\r\nContent-Length: 12\r\n\r\n{"id":"x77"}';
  const { messages } = dissectStream(split([['source', request]], [1]));
  for (const { path, value, frame } of messages[0]!.fields) {
    assert.equal(request.slice(frame - value.length, frame), value, path);
  }
});

describe('mutated bytes neither throw nor escape the bounds', () => {
  const maxFields = 200;
  const mutations = 6000;

  test('streams', () => {
    const { integer: random } = generator(1);
    const samples = Object.values(conversations);
    for (let round = 0; round < mutations; round++) {
      const packets = split(samples[random(samples.length)]!, [1 + random(400)]).map(([sender, bytes]): Packet => [
        sender,
        random(3) === 0 ? mutate(Buffer.from(bytes as Buffer), random) : bytes,
      ]);
      const { dissector, result } = openStream({ maxFields, maxBodyBytes: 2000, maxHeadBytes: 3000, maxUnclaimedBytes: 500 });
      packets.forEach(([sender, bytes], index) => {
        if (random(20) === 0) dissector.gap(sender, 1 + random(200));
        dissector.data(sender, Buffer.from(bytes as Buffer), index + 1, index + 1);
      });
      dissector.end();
      for (const message of result.messages) {
        assert.ok(message.fields.length <= maxFields);
        assert.ok(message.frame >= 1 && message.frame <= packets.length, `frame ${message.frame} of ${packets.length}`);
        assert.ok((message.payload?.length ?? 0) <= 4096);
      }
    }
  });

  test('datagrams', () => {
    const { integer: random } = generator(2);
    for (let round = 0; round < mutations; round++) {
      const payload = mutate(datagrams[random(datagrams.length)]!, random);
      const ports = [53, 5353, 137, 520, 1701, 5247, 12222, 40000];
      const { messages } = dissectPayload(payload, { destinationPort: ports[random(ports.length)]! });
      assert.equal(messages.length, payload.length === 0 ? 0 : 1);
      for (const { fields } of messages) assert.ok(fields.length <= defaultDissectOptions.maxFields);
    }
  });
});

/** Changes, removes, repeats or inserts bytes at one to four places. */
function mutate(bytes: Buffer, random: (bound: number) => number): Buffer {
  let mutated = Buffer.from(bytes);
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(mutated.length + 1);
    const length = random(1 + Math.min(16, mutated.length - at));
    const before = mutated.subarray(0, at);
    const behind = mutated.subarray(at + length);
    switch (random(5)) {
      case 0: mutated = Buffer.concat([before, Buffer.alloc(length, random(256)), behind]); break;
      case 1: mutated = Buffer.concat([before, behind]); break;
      case 2: mutated = Buffer.concat([before, mutated.subarray(at, at + length), mutated.subarray(at)]); break;
      case 3: mutated = Buffer.concat([before, Buffer.from(Array.from({ length }, () => random(256))), mutated.subarray(at)]); break;
      case 4: mutated = Buffer.from(before); break;
    }
  }
  return mutated;
}
