import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CaptureBuilder } from './builder.ts';
import type { TcpConversation, TcpOptions } from './builder-tcp.ts';
import type { FlowTableOptions } from './flow-table.ts';
import { keptCopyCost } from './kept-copy.ts';
import { replay } from './testing/replay.ts';

const client = { ip: '10.0.0.1', port: 40_000 };
const server = { ip: '192.0.2.1', port: 80 };
const at = 1_700_000_000_000_000;

/** The single flow that results from a conversation. */
function talk(
  tell: (conversation: TcpConversation) => void,
  { tcp = {}, table = {} }: { tcp?: Partial<TcpOptions>; table?: Partial<FlowTableOptions> } = {},
) {
  const builder = new CaptureBuilder();
  tell(builder.tcp({ client, server, at, ...tcp }));
  const { flows, counters } = replay(builder.pcap(), table);
  assert.equal(flows.length, 1);
  assert.equal(counters.heldBytes, 0);
  const chunks = flows[0]!.chunks.map(({ sender, bytes, length, frame, isGap }) => (
    [sender === 'source' ? '>' : '<', isGap ? length : bytes.toString('latin1'), ...(isGap ? [] : [frame])]
  ));
  return { recorded: flows[0]!, flow: flows[0]!.flow, chunks, counters };
}

test('in order, both directions', () => {
  const { chunks } = talk((tcp) => tcp.handshake().send('abcdefgh', { mss: 4 }).receive('answer').close());
  assert.deepEqual(chunks, [['>', 'abcd', 4], ['>', 'efgh', 5], ['<', 'answer', 7]]);
});

test('out of order: bytes keep the frame of their own packet', () => {
  const { chunks, counters } = talk((tcp) => tcp.handshake().send('abcdefgh', { mss: 2, transmit: [1, 3, 0, 2] }));
  assert.deepEqual(chunks, [['>', 'ab', 6], ['>', 'cd', 4], ['>', 'ef', 7], ['>', 'gh', 5]]);
  assert.equal(counters.get('tcp/out_of_order'), 2);
});

test('retransmissions are dropped and counted', () => {
  const { chunks, counters } = talk((tcp) => tcp.handshake().send('abcd', { mss: 2, transmit: [0, 0, 1, 0, 1] }));
  assert.deepEqual(chunks, [['>', 'ab', 4], ['>', 'cd', 6]]);
  assert.equal(counters.get('tcp/retransmission'), 3);
});

test('a retransmission of what waits for a hole is dropped too', () => {
  const { chunks, counters } = talk((tcp) => tcp.handshake().send('abcd', { mss: 2, transmit: [1, 1, 0] }));
  assert.deepEqual(chunks, [['>', 'ab', 6], ['>', 'cd', 4]]);
  assert.equal(counters.get('tcp/retransmission'), 1);
});

test('overlap: the first bytes stand', () => {
  const delivered = talk((tcp) => tcp.handshake().segment('source', 0, 'abcd').segment('source', 2, 'XXef'));
  assert.deepEqual(delivered.chunks, [['>', 'abcd', 4], ['>', 'ef', 5]]);
  const waiting = talk((tcp) => tcp.handshake().segment('source', 2, 'cd').segment('source', 6, 'gh').segment('source', 0, 'abXXefXXij'));
  assert.deepEqual(waiting.chunks, [['>', 'ab', 6], ['>', 'cd', 4], ['>', 'ef', 6], ['>', 'gh', 5], ['>', 'ij', 6]]);
  assert.equal(waiting.counters.get('tcp/overlap'), 1);
});

test('sequence numbers wrap, in order and out of order', () => {
  const tcp = { clientSequence: 0xffff_fffc, serverSequence: 0xffff_ffff };
  const { recorded, counters } = talk((conversation) => (
    conversation.handshake().send('abcdefgh', { mss: 2, transmit: [2, 1, 3, 0] }).receive('answer', { mss: 1 }).close()
  ), { tcp });
  assert.equal(recorded.text('source'), 'abcdefgh');
  assert.equal(recorded.text('destination'), 'answer');
  assert.equal(counters.get('tcp/gap'), 0);
});

test('sequence numbers cross the sign of 32 bits', () => {
  const { recorded } = talk((tcp) => tcp.handshake().send('abcdefgh', { mss: 2, transmit: [2, 1, 3, 0] }), { tcp: { clientSequence: 0x7fff_fffc } });
  assert.equal(recorded.text('source'), 'abcdefgh');
});

test('picked up in the middle', () => {
  const { chunks, flow, counters } = talk((tcp) => tcp.send('abcd', { mss: 2 }).receive('xy').segment('source', -3, 'old'));
  assert.deepEqual(chunks, [['>', 'ab', 1], ['>', 'cd', 2], ['<', 'xy', 4]]);
  assert.equal(flow.sourceIp, client.ip);
  assert.equal(flow.rttMicros, 0);
  assert.equal(counters.get('tcp/before_start'), 1);
});

test('picked up in the middle with the server speaking: ports tell who is who', () => {
  const { recorded, flow } = talk((tcp) => tcp.receive('xy').send('ab'));
  assert.equal(flow.sourceIp, client.ip);
  assert.deepEqual([recorded.text('source'), recorded.text('destination')], ['ab', 'xy']);
});

test('a lost segment is a gap at the end of the flow, and what follows it is delivered', () => {
  const { chunks, counters } = talk((tcp) => tcp.handshake().send('abcdef', { mss: 2, transmit: [0, 2] }).close());
  assert.deepEqual(chunks, [['>', 'ab', 4], ['>', 2], ['>', 'ef', 5]]);
  assert.deepEqual([counters.get('tcp/gap'), counters.gapBytes, counters.streamBytes], [1, 2, 4]);
});

test('a lost end of a stream is a gap', () => {
  const { chunks } = talk((tcp) => tcp.handshake().send('abcdef', { mss: 2, transmit: [0] }).close());
  assert.deepEqual(chunks, [['>', 'ab', 4], ['>', 4]]);
});

test('what the receiver acknowledged will not come again: its hole is given up soon', () => {
  const { chunks, counters } = talk((tcp) => (
    tcp.handshake().send('abcdef', { mss: 2, transmit: [0, 2] }).pause(200_000).receive('x').send('gh').segment('source', 2, 'cd')
  ));
  assert.deepEqual(chunks, [['>', 'ab', 4], ['<', 'x', 7], ['>', 2], ['>', 'ef', 5], ['>', 'gh', 9]]);
  assert.equal(counters.get('tcp/acknowledged'), 1);
  assert.equal(counters.get('tcp/retransmission'), 1);
});

test('a hole is given up when a stream holds too much, and delivery goes on', () => {
  const table = { maxBufferedBytesPerStream: 3 * (128 + 100) };
  const transmit = [0, 2, 3, 4, 5, 6];
  const { recorded, chunks, counters } = talk((tcp) => tcp.handshake().send(Buffer.alloc(700, 'x'), { mss: 100, transmit }), { table });
  assert.equal(counters.get('tcp/buffer_flow'), 1);
  assert.equal(recorded.bytes('source').length, 600);
  assert.deepEqual(chunks.map(([, bytes]) => (typeof bytes === 'number' ? bytes : bytes!.toString().length)), [100, 100, 100, 100, 100, 100, 100]);
  assert.equal(typeof chunks[1]![1], 'number');
  assert.equal(chunks.at(-1)![2], 9); // delivered at once, no longer held
});

test('all streams together: the one that has held longest gives way', () => {
  const builder = new CaptureBuilder();
  const streams = [1, 2, 3].map((host) => builder.tcp({ client: { ip: `10.0.0.${host}`, port: 40_000 }, server, at: at + host }).handshake());
  for (const [index, stream] of streams.entries()) stream.pause(1000 * index).segment('source', 500, `waiting ${index}`);
  const { flows, counters } = replay(builder.pcap(), { maxBufferedBytes: 2 * (keptCopyCost + 96 + 10) });
  assert.equal(counters.get('tcp/buffer_total'), 1);
  const gapFrames = flows.map((recorded) => recorded.missing('source'));
  assert.deepEqual(gapFrames, [500, 500, 500]);
});

test('keep-alive probes bring nothing', () => {
  const { recorded, counters } = talk((tcp) => tcp.handshake().send('ab').pause(30e6).keepAlive().pause(30e6).keepAlive().send('cd'));
  assert.equal(recorded.text('source'), 'abcd');
  assert.equal(counters.get('tcp/retransmission'), 2);
});

test('a segment further off than any window is not used', () => {
  const { recorded, counters } = talk((tcp) => tcp.handshake().send('ab').segment('source', 2 ** 30 + 10, 'forged').send('cd'));
  assert.equal(recorded.text('source'), 'abcd');
  assert.equal(counters.get('tcp/out_of_window'), 1);
  assert.equal(recorded.missing('source'), 0);
});

test('what the capture cut off is a gap at once', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client, server, at, mss: 100 }).handshake().send(Buffer.alloc(300, 'x'));
  const { flows } = replay(builder.pcap({ snapLength: 54 + 60 }));
  assert.deepEqual(flows[0]!.chunks.map(({ length, frame, isGap }) => [length, frame, isGap]), [
    [60, 4, false], [40, 0, true], [60, 5, false], [40, 0, true], [60, 6, false], [40, 0, true],
  ]);
});

test('payload on a SYN is the start of the stream', () => {
  const builder = new CaptureBuilder();
  const stream = builder.tcp({ client, server, at }).segment('source', -1, 'fast');
  stream.segment('source', 4, ' open');
  const capture = builder.pcap();
  capture[24 + 16 + 14 + 20 + 13] = 0x02; // SYN
  assert.equal(replay(capture).flows[0]!.text('source'), 'fast open');
});

/** Byte ranges that cover a stream, some of them twice, in any order. */
const transmissions = fc.integer({ min: 1, max: 300 }).chain((length) => fc.record({
  bytes: fc.uint8Array({ minLength: length, maxLength: length }),
  cuts: fc.uniqueArray(fc.integer({ min: 1, max: length }), { maxLength: 20 }),
  extra: fc.array(fc.tuple(fc.nat(length - 1), fc.integer({ min: 1, max: 60 })), { maxLength: 8 }),
  order: fc.infiniteStream(fc.nat()),
  initial: fc.oneof(fc.constant(0xffff_ffff - 100), fc.constant(0x7fff_ffff - 50), fc.integer({ min: 0, max: 0xffff_ffff })),
}));

test('any segmentation, order and repetition gives the same bytes, each with the first frame that carried it', () => {
  fc.assert(fc.property(transmissions, ({ bytes, cuts, extra, order, initial }) => {
    const bounds = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    const ranges = bounds.slice(1).map((end, index) => [bounds[index]!, end] as const).filter(([from, to]) => from < to);
    for (const [from, length] of extra) ranges.push([from, Math.min(from + length, bytes.length)]);
    const shuffled = shuffle(ranges, order);

    const builder = new CaptureBuilder();
    const stream = builder.tcp({ client, server, at, clientSequence: initial }).handshake();
    const stream0 = Buffer.from(bytes);
    const firstFrame = Array<number>(bytes.length).fill(0);
    for (const [index, [from, to]] of shuffled.entries()) {
      // Retransmitted bytes are falsified: the first ones must win.
      const payload = stream0.subarray(from, to).map((byte, offset) => (firstFrame[from + offset] ? byte ^ 0xff : byte));
      stream.segment('source', from, Buffer.from(payload));
      for (let offset = from; offset < to; offset++) firstFrame[offset] ||= 4 + index;
    }
    stream.close();

    const { flows, counters } = replay(builder.pcap());
    const { chunks } = flows[0]!;
    assert.deepEqual(flows[0]!.bytes('source'), stream0);
    assert.deepEqual(chunks.flatMap(({ length, frame }) => Array<number>(length).fill(frame)), firstFrame);
    assert.equal(counters.get('tcp/gap'), 0);
    assert.equal(counters.heldBytes, 0);
  }), { numRuns: 500 });
});

test('under any loss: delivered and missing bytes add up, in place', () => {
  const arbitraries = [transmissions, fc.infiniteStream(fc.boolean()), fc.integer({ min: 150, max: 2000 })] as const;
  fc.assert(fc.property(...arbitraries, ({ bytes, cuts, order, initial }, lost, bound) => {
    const bounds = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    const ranges = bounds.slice(1).map((end, index) => [bounds[index]!, end] as const);
    const isLost = lost[Symbol.iterator]();
    const kept = shuffle(ranges, order).filter(([from, to]) => from < to && !isLost.next().value);
    fc.pre(kept.length > 0);

    const builder = new CaptureBuilder();
    const stream = builder.tcp({ client, server, at, clientSequence: initial }).handshake();
    for (const [from, to] of kept) stream.segment('source', from, Buffer.from(bytes.subarray(from, to)));
    const { flows } = replay(builder.pcap(), { maxBufferedBytesPerStream: bound });

    let position = 0;
    for (const chunk of flows[0]!.chunks) {
      if (!chunk.isGap) assert.deepEqual(chunk.bytes, Buffer.from(bytes.subarray(position, position + chunk.length)));
      position += chunk.length;
    }
    assert.equal(position, Math.max(...kept.map(([, to]) => to)));
  }), { numRuns: 300 });
});

function shuffle<T>(items: readonly T[], choices: Iterable<number>): T[] {
  const rest = [...items];
  const chosen: T[] = [];
  const choice = choices[Symbol.iterator]();
  while (rest.length > 0) chosen.push(...rest.splice((choice.next().value as number) % rest.length, 1));
  return chosen;
}
