import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteStream } from './bytestream.ts';

test('each byte knows the packet that brought it, through consumption and settling', () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    fc.record({ kind: fc.constant('consume' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('settle' as const) }),
    fc.record({ kind: fc.constant('clear' as const) }),
  );
  fc.assert(fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
    const stream = new ByteStream();
    let expected: { byte: number; frame: number }[] = [];
    let frame = 0;
    for (const step of operations) {
      if (step.kind === 'append') {
        frame++;
        const bytes = Buffer.from(step.bytes);
        stream.append(bytes, frame, frame * 10);
        stream.settle();
        bytes.fill(0xaa);
        for (const byte of step.bytes) expected.push({ byte, frame });
      } else if (step.kind === 'consume') {
        const length = Math.floor(step.share * expected.length);
        stream.consume(length);
        expected = expected.slice(length);
      } else if (step.kind === 'clear') {
        stream.clear();
        expected = [];
      }
      assert.equal(stream.length, expected.length);
      assert.deepEqual([...stream.bytes()], expected.map(({ byte }) => byte));
      expected.forEach(({ frame: number }, position) => {
        assert.equal(stream.frameAt(position), number);
        assert.equal(stream.microsAt(position), number * 10);
        const start = expected.findIndex((other) => other.frame === number);
        assert.equal(stream.packetStart(position), start);
        assert.equal(stream.packetEnd(position), expected.findLastIndex((other) => other.frame === number) + 1);
      });
    }
  }), { numRuns: 200 });
});

test('another run takes bytes with their packets', () => {
  const stream = new ByteStream();
  stream.append(Buffer.from('abc'), 1, 10);
  stream.append(Buffer.from('def'), 2, 20);
  stream.consume(1);
  const body = new ByteStream();
  body.appendFrom(stream, 3);
  assert.equal(body.bytes().toString(), 'bcd');
  assert.deepEqual([0, 1, 2].map((position) => body.frameAt(position)), [1, 1, 2]);
  assert.equal(stream.bytes().toString(), 'bcdef');
});
