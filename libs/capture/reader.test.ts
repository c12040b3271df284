import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from './builder.ts';
import { CaptureCounters } from './counters.ts';
import { CaptureError } from './error.ts';
import { CaptureReader } from './reader.ts';
import { PacketView } from './view.ts';

interface ReadPacket { frame: number; micros: number; bytes: string; wireLength: number; linkType: number }

function read(capture: Buffer, chunkBytes = capture.length || 1) {
  const counters = new CaptureCounters();
  const reader = new CaptureReader(counters);
  const view = new PacketView();
  const packets: ReadPacket[] = [];
  const drain = () => {
    while (reader.next(view)) {
      const bytes = view.data.toString('hex', view.start, view.start + view.capturedLength);
      packets.push({ frame: view.frame, micros: view.micros, bytes, wireLength: view.wireLength, linkType: view.linkType });
    }
  };
  for (let at = 0; at < capture.length; at += chunkBytes) {
    reader.push(capture.subarray(at, at + chunkBytes));
    drain();
  }
  reader.finish();
  drain();
  return { packets, counters, problem: reader.problem };
}

const start = 1_700_000_000_123_456;
const frames = [Buffer.from('00112233445566778899aabb0800', 'hex'), Buffer.alloc(61, 7), Buffer.alloc(0), Buffer.alloc(1400, 9)];
const builder = new CaptureBuilder();
frames.forEach((frame, index) => builder.frame(start + index * 1001, frame));
const expected = frames.map((frame, index) => (
  { frame: index + 1, micros: start + index * 1001, bytes: frame.toString('hex'), wireLength: frame.length, linkType: 1 }
));

for (const littleEndian of [true, false]) {
  for (const nanoseconds of [true, false]) {
    const name = `${littleEndian ? 'little' : 'big'}-endian, ${nanoseconds ? 'nano' : 'micro'}seconds`;
    test(`pcap and pcapng, ${name}, in chunks of any size`, () => {
      for (const capture of [builder.pcap({ littleEndian, nanoseconds }), builder.pcapng({ littleEndian, nanoseconds })]) {
        for (const chunkBytes of [1, 7, 64, 1000, capture.length]) {
          const { packets, problem } = read(capture, chunkBytes);
          assert.deepEqual(packets, expected);
          assert.equal(problem, null);
        }
      }
    });
  }
}

test('a capture cut anywhere gives the packets before the cut, and counts the cut', () => {
  for (const [format, capture] of [['pcap', builder.pcap()], ['pcapng', builder.pcapng()]] as const) {
    for (let length = 24; length < capture.length; length++) {
      const { packets, counters, problem } = read(capture.subarray(0, length), 500);
      assert.deepEqual(packets, expected.slice(0, packets.length));
      assert.equal(problem?.code === 'truncated', counters.get(`${format}/truncated`) === 1);
      if (problem) assert.ok(problem.offset <= length && length - problem.offset < 1500);
    }
    // Truncation directly after a packet cannot be detected.
    assert.equal(read(capture.subarray(0, capture.length - 1)).packets.length, 3);
  }
});

test('snapped packets keep their length on the wire', () => {
  for (const capture of [builder.pcap({ snapLength: 50 }), builder.pcapng({ snapLength: 50 })]) {
    const { packets } = read(capture);
    assert.deepEqual(packets.map((packet) => packet.bytes.length / 2), [14, 50, 0, 50]);
    assert.deepEqual(packets.map((packet) => packet.wireLength), [14, 61, 0, 1400]);
  }
});

test('a pcap record beyond the bound ends the reading; what was read stands', () => {
  const capture = builder.pcap();
  capture.writeUInt32LE(0x7fffffff, 24 + 16 + 14 + 8); // captured length of the second record
  const { packets, counters, problem } = read(capture);
  assert.equal(packets.length, 1);
  assert.equal(counters.get('pcap/bad_record'), 1);
  assert.equal(problem?.code, 'bad_record');
  assert.equal(problem?.offset, 24 + 16 + 14);
});

test('the lengths of old pcap versions are swapped', () => {
  const capture = builder.pcap({ snapLength: 50 });
  capture.writeUInt16LE(2, 6);
  for (let at = 24, index = 0; index < 4; index++) {
    const captured = capture.readUInt32LE(at + 8);
    capture.writeUInt32LE(capture.readUInt32LE(at + 12), at + 8);
    capture.writeUInt32LE(captured, at + 12);
    at += 16 + captured;
  }
  assert.deepEqual(read(capture).packets.map((packet) => packet.wireLength), [14, 61, 0, 1400]);
});

test('what is no capture is refused with a reason', () => {
  const refuses = (input: Buffer, code: string) => assert.throws(() => read(input), (error) => error instanceof CaptureError && error.code === code);
  refuses(Buffer.alloc(0), 'empty');
  refuses(Buffer.from('ab'), 'not_a_capture');
  refuses(Buffer.from('#fields ts uid'), 'not_a_capture');
  refuses(Buffer.from('1f8b0800', 'hex'), 'compressed');
  refuses(Buffer.from('d4c3b2a1030000000000000000000000ffff000001000000', 'hex'), 'unsupported_version');
});

/** A pcapng block, little-endian by default. */
function block(type: number, body: Buffer, { bigEndian = false, trailer = body.length + 12 } = {}): Buffer {
  const bytes = Buffer.alloc(body.length + 12);
  const put = (value: number, at: number) => (bigEndian ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at));
  put(type, 0);
  put(bytes.length, 4);
  body.copy(bytes, 8);
  put(trailer, bytes.length - 4);
  return bytes;
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const section = block(0x0a0d0d0a, hex('4d3c2b1a 0100 0000 ffffffffffffffff'));
const bigSection = block(0x0a0d0d0a, hex('1a2b3c4d 0001 0000 ffffffffffffffff'), { bigEndian: true });
const ethernet = block(1, hex('0100 0000 00000000'));
const packet = (interfaceId: number, ticks: bigint, data = 'aabbccdd') => {
  const body = Buffer.alloc(20);
  body.writeUInt32LE(interfaceId, 0);
  body.writeUInt32LE(Number(ticks >> 32n), 4);
  body.writeUInt32LE(Number(ticks & 0xffffffffn), 8);
  body.writeUInt32LE(data.length / 2, 12);
  body.writeUInt32LE(data.length / 2, 16);
  return block(6, Buffer.concat([body, hex(data)]));
};

test('pcapng: sections in both byte orders, each with interfaces of its own', () => {
  const raw = block(1, hex('6500 0000 00000000'));
  const bigRaw = block(1, hex('0065 0000 00000000'), { bigEndian: true });
  const bigPacket = block(6, hex('00000000 00000000 00000005 00000004 00000004 01020304'), { bigEndian: true });
  const { packets } = read(Buffer.concat([section, ethernet, raw, packet(1, 3n), packet(0, 4n), bigSection, bigRaw, bigPacket]), 9);
  assert.deepEqual(packets.map(({ frame, micros, linkType, bytes }) => [frame, micros, linkType, bytes]), [
    [1, 3, 101, 'aabbccdd'], [2, 4, 1, 'aabbccdd'], [3, 5, 101, '01020304'],
  ]);
});

test('pcapng: time resolution and offset of an interface', () => {
  const withOptions = (options: string) => block(1, hex(`0100 0000 00000000 ${options} 00000000`));
  const timeOf = (options: string, ticks: bigint) => read(Buffer.concat([section, withOptions(options), packet(0, ticks)])).packets[0]!.micros;
  const seconds = 1_700_000_000n;
  assert.equal(timeOf('0900 0100 09000000', seconds * 1_000_000_000n + 987_654_321n), 1_700_000_000_987_654);
  assert.equal(timeOf('0900 0100 03000000', seconds * 1000n + 987n), 1_700_000_000_987_000);
  assert.equal(timeOf('0900 0100 00000000', seconds), 1_700_000_000_000_000);
  assert.equal(timeOf('0900 0100 94000000', (seconds << 20n) + (1n << 19n)), 1_700_000_000_500_000); // 2^-20 s
  assert.equal(timeOf('0e00 0800 0a00000000000000', 5n), 10_000_005);
  assert.equal(timeOf('0e00 0800 ffffffffffffffff', 3_000_005n), 2_000_005); // -1 s
  assert.equal(timeOf('0200 0300 65746800 0900 0100 09000000', 5_000n), 5); // after a name of 3 bytes, padded
});

test('pcapng: a time that is none is counted, and replaced by the one before', () => {
  const { packets, counters } = read(Buffer.concat([section, ethernet, packet(0, 7n), packet(0, 0xffff_ffff_ffff_ffffn)]));
  assert.deepEqual(packets.map(({ micros }) => micros), [7, 7]);
  assert.equal(counters.get('pcapng/bad_time'), 1);
});

test('pcapng: simple and old packet blocks, unknown blocks', () => {
  const snap3 = block(1, hex('0100 0000 03000000'));
  const simple = block(3, hex('05000000 01020300')); // 5 bytes on the wire, 3 captured
  const old = block(2, hex('0000 0700 00000000 09000000 04000000 06000000 0a0b0c0d'));
  const nameResolution = block(4, hex('00000000'));
  const unknown = block(0x0bad, Buffer.alloc(5000));
  const { packets, problem } = read(Buffer.concat([section, snap3, old, nameResolution, unknown, simple]), 100);
  assert.deepEqual(packets.map(({ frame, micros, bytes, wireLength }) => [frame, micros, bytes, wireLength]), [
    [1, 9, '0a0b0c0d', 6], [2, 9, '010203', 5],
  ]);
  assert.equal(problem, null);
});

test('pcapng: packets without a time before any that has one get that of the file, and are counted', () => {
  const simple = block(3, hex('03000000 01020300'));
  const capture = Buffer.concat([section, ethernet, simple, packet(0, 0xffff_ffff_ffff_ffffn), packet(0, 9n), simple]);
  const counters = new CaptureCounters();
  const reader = new CaptureReader(counters, { untimedMicros: 7 });
  reader.push(capture);
  const view = new PacketView();
  const times: number[] = [];
  while (reader.next(view)) times.push(view.micros);
  assert.deepEqual(times, [7, 7, 9, 9]);
  assert.deepEqual([counters.get('pcapng/no_time'), counters.get('pcapng/bad_time')], [2, 1]);
});

test('pcapng: a bad packet costs itself, a bad frame of a block the rest', () => {
  const tooLong = block(6, hex('00000000 00000000 00000000 00010000 00010000 aabbccdd'));
  const short = block(6, hex('00000000'));
  const good = packet(0, 1n);
  const withinBlocks = read(Buffer.concat([section, ethernet, tooLong, short, packet(3, 1n), good]));
  assert.deepEqual(withinBlocks.packets.map(({ frame }) => frame), [4]);
  assert.equal(withinBlocks.counters.get('pcapng/bad_block'), 2);
  assert.equal(withinBlocks.counters.get('pcapng/unknown_interface'), 1);

  for (const bad of [
    block(6, hex('00'.repeat(24)), { trailer: 77 }),
    hex('06000000 0b000000 0b0000'.padEnd(40, '0')),
    hex('06000000 fcffffff 00000000'),
  ]) {
    const { packets, counters, problem } = read(Buffer.concat([section, ethernet, good, bad, good]));
    assert.equal(packets.length, 1);
    assert.equal(counters.get('pcapng/bad_block'), 1);
    assert.equal(problem?.code, 'bad_block');
    assert.equal(problem?.offset, section.length + ethernet.length + good.length);
  }
});

test('after a problem further input is neither kept nor read', () => {
  const counters = new CaptureCounters();
  const reader = new CaptureReader(counters);
  const view = new PacketView();
  const capture = builder.pcap();
  capture.writeUInt32LE(0x7fffffff, 24 + 8);
  reader.push(capture);
  assert.equal(reader.next(view), false);
  reader.push(builder.pcap());
  assert.equal(reader.next(view), false);
  assert.equal(counters.get('pcap/bad_record'), 1);
});

test('pcapng: drops that statistics tell are counted once per interface, whatever the number of blocks', () => {
  const statistics = (interfaceId: string, interfaceDrops: string, kernelDrops: string) => block(5, hex(
    `${interfaceId} 00000000 00000000 0400 0800 ff00000000000000 0500 0800 ${interfaceDrops} 0700 0800 ${kernelDrops} 00000000`,
  ));
  const { counters, packets, problem } = read(Buffer.concat([
    section, ethernet, ethernet, statistics('00000000', '0200000000000000', '0500000000000000'), packet(0, 1n),
    statistics('01000000', '0000000000000000', '0100000000000000'),
    statistics('00000000', '0200000000000000', '0900000000000000'), section, ethernet, statistics('00000000', '0000000000000000', '0300000000000000'),
  ]), 9);
  assert.deepEqual([counters.interfaceDrops, counters.kernelDrops, packets.length, problem], [2, 9 + 1 + 3, 1, null]);
});

test('pcapng: statistics of no interface, too short ones, and counts that an operating system does not know', () => {
  const unknown = block(5, hex('00000000 00000000 00000000 0500 0800 ffffffffffffffff 0700 0400 01000000 0700 0800 ffffffff00000000 00000000'));
  const { counters } = read(Buffer.concat([section, ethernet, unknown, block(5, hex('09000000 00000000 00000000')), block(5, hex('00000000'))]));
  assert.deepEqual([counters.interfaceDrops, counters.kernelDrops, counters.get('pcapng/bad_block')], [0, 0, 2]);
});
