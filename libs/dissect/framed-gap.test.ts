import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dnsAnswer, dnsQuery } from '#capture';
import { conversations } from './testing/samples.ts';
import { fieldsOf, openStream } from './testing/packets.ts';

const withLength = (message: Buffer): Buffer => Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);

const dns = Array.from(
  { length: 12 },
  (_, index) => withLength(
    index % 3 === 0
      ? dnsQuery(index * 257, `host${index}.example.org`)
      : dnsAnswer(index * 257, `host${index}.example.org`, 'A', Array.from({ length: index }, (__, record) => ({
        name: `host${index}.example.org`, type: 'A' as const, ttl: 60, data: `192.0.2.${record}`,
      }))),
  ),
);

/** Repeated Kerberos requests and responses. */
const kerberos = Array.from({ length: 4 }, () => conversations['kerberos']!.map(([, bytes]) => bytes as Buffer)).flat();

for (const [protocol, frames] of [['dns', dns], ['kerberos', kerberos]] as const) {
  test(`property: wherever a segment of ${protocol} is lost, all messages behind it are told, and none that is none`, () => {
    const stream = Buffer.concat(frames);
    const starts = frames.map((_, index) => frames.slice(0, index).reduce((sum, { length }) => sum + length, 0));
    const told = (from: number, to: number, step: number): string[] => {
      const { dissector, result } = openStream();
      const send = (start: number, end: number): void => {
        for (let at = start; at < end; at += step)
          dissector.data('source', Buffer.from(stream.subarray(at, Math.min(at + step, end))), at + 1, at + 1);
      };
      send(0, from);
      if (to > from) dissector.gap('source', to - from);
      send(to, stream.length);
      dissector.end();
      return result.messages.map((message) => `${message.protocol} ${fieldsOf(message).join(' ')}`);
    };
    const whole = told(0, 0, stream.length);
    assert.equal(whole.length, frames.length);
    const lost = fc.tuple(
      fc.integer({ min: frames[0]!.length, max: stream.length }), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 300 }),
    );
    fc.assert(fc.property(lost, ([from, length, step]) => {
      const to = Math.min(from + length, stream.length);
      const expected = whole.filter((_, index) => starts[index]! + frames[index]!.length <= from || starts[index]! >= to);
      assert.deepEqual(told(from, to, step), expected);
    }), { numRuns: 2000 });
  });
}

test('what follows lost bytes and is no DNS is not kept', () => {
  const { dissector } = openStream();
  dissector.data('source', dns[0]!, 1, 1);
  dissector.gap('source', 5000);
  for (let packet = 0; packet < 200; packet++) dissector.data('source', Buffer.alloc(1400, 'the quick brown fox '), packet, packet);
  assert.ok(dissector.heldBytes < 64, `${dissector.heldBytes} bytes`);
  for (let packet = 0; packet < 200; packet++) dissector.data('source', Buffer.alloc(1400, 0), packet, packet);
  assert.ok(dissector.heldBytes < 16_384, `${dissector.heldBytes} bytes`);
});
