import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CaptureBuilder } from './builder.ts';
import { replay, type RecordedFlow, type Replay } from './testing/replay.ts';
import { capturesFolder, fields, follow, packetCounts, withFile, withoutCaptures, withoutTshark } from './testing/tshark.ts';

const at = 1_700_000_000_000_000;

test('tshark follows built streams to the same bytes', { skip: withoutTshark() }, () => {
  const builder = new CaptureBuilder({ vlans: [1, 2] });
  const server = { ip: '192.0.2.1', port: 8080 };
  const text = (length: number, seed: number) => Buffer.from(Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff));
  const client = (host: number) => ({ ip: `10.0.0.${host}`, port: 40_000 });
  builder.tcp({ client: client(1), server, at, mss: 50 }).handshake().send(text(500, 1), { transmit: [3, 1, 0, 2, 9, 8, 7, 6, 5, 4] }).close();
  builder.tcp({ client: client(2), server, at, mss: 50 }).handshake().send(
    text(200, 2), { transmit: [0, 0, 1, 3, 3, 2] },
  ).receive(text(999, 3)).close();
  builder.tcp({
    client: client(3), server, at, clientSequence: 0xffff_fff0,
  }).handshake().send(text(300, 4), { mss: 10 }).keepAlive().send(text(9, 5));
  builder.tcp({ client: client(4), server, at }).handshake().segment('source', 0, 'abcd').segment('source', 2, 'XXef').receive('ok').reset();
  builder.tcp({ client: { ip: '2001:db8::1', port: 1 }, server: { ip: '2001:db8::2', port: 2 }, at }).handshake().send('six').receive('6').close();
  builder.tcp({ client: client(5), server, at }).handshake().send('first').close();
  builder.tcp({ client: client(5), server, at: at + 1e6, clientSequence: 9e6, serverSequence: 8e6 }).handshake().send('second').close();
  const capture = builder.pcapng();
  withFile(capture, (path) => assert.deepEqual(compareStreams(path, replay(capture)), { compared: 7, unlike: [] }));
});

/**
 * Streams where our bytes differ from tshark's. Each is picked up in the middle and begins with a keep-alive probe, whose sequence number is one
 * below that of the next byte: tshark waits for that byte, and reports it as missing. We begin with the first payload.
 */
const unlikeStreams = [
  'ndpi/pcap/tumblr.pcap frame 2', 'ndpi/pcap/tumblr.pcap frame 32', 'ndpi/pcap/tumblr.pcap frame 378', 'ndpi/pcap/wechat.pcap frame 1563',
];

test('tshark follows real streams to the same bytes, and computes the same Community IDs', { skip: withoutCaptures() }, () => {
  const names = ['1kxun.pcap', 'tumblr.pcap', 'wechat.pcap', 'netflix.pcap', 'teams.pcap', 'viber.pcap', 'http_ipv6.pcap'];
  let total = 0;
  const unlike: string[] = [];
  for (const name of names) {
    const file = `ndpi/pcap/${name}`;
    const path = join(capturesFolder, file);
    // tshark has no timeouts.
    const result = compareStreams(
      path,
      replay(readFileSync(path), {
        closedTimeoutMicros: 1e15,
        unansweredTimeoutMicros: 1e15,
        datagramTimeoutMicros: 1e15,
        connectionTimeoutMicros: 1e15,
        exchangeTimeoutMicros: 1e15,
      }),
    );
    total += result.compared;
    unlike.push(...result.unlike.map((frame) => `${file} frame ${frame}`));
  }
  assert.deepEqual(unlike.toSorted(), unlikeStreams);
  assert.ok(total > 150, `${total} streams`);
});

/** Compares the streams that we consider complete; returns the first frames of those that differ from tshark's. */
function compareStreams(path: string, { flows }: Replay): { compared: number; unlike: number[] } {
  const ours = new Map<number, RecordedFlow>();
  for (const recorded of flows) if (recorded.flow.transport === 'tcp') ours.set(recorded.firstFrame, recorded);
  const firstFrames = new Map<number, number>();
  for (const frame of fields(path, 'tcp', ['frame.number', 'tcp.stream', 'communityid'])) {
    const stream = Number(frame['tcp.stream']);
    if (firstFrames.has(stream)) continue;
    firstFrames.set(stream, Number(frame['frame.number']));
    assert.equal(ours.get(Number(frame['frame.number']))?.flow.communityId, frame.communityid, `frame ${frame['frame.number']}`);
  }
  assert.equal(ours.size, firstFrames.size);

  const unlike: number[] = [];
  let compared = 0;
  for (const [stream, followed] of follow(path, [...firstFrames.keys()].slice(0, 60))) {
    const recorded = ours.get(firstFrames.get(stream)!)!;
    if (recorded.missing('source') + recorded.missing('destination') > 0) continue; // tshark writes its own text into gaps
    const { flow } = recorded;
    const source = flow.ipVersion === 6 ? `[${flow.sourceIp}]:${flow.sourcePort}` : `${flow.sourceIp}:${flow.sourcePort}`;
    const [fromSource, fromDestination] = source === followed.client
      ? [followed.fromClient, followed.fromServer] : [followed.fromServer, followed.fromClient];
    compared++;
    if (!recorded.bytes('source').equals(fromSource) || !recorded.bytes('destination').equals(fromDestination)) unlike.push(recorded.firstFrame);
  }
  return { compared, unlike };
}

/**
 * Files in which capinfos counts a different number of packets, with the reason. After the damage in these, Wireshark guesses that the file is of a
 * pcap variant with longer record headers, and shows whatever then looks like records: with a time in 1970, and a length that is really the time
 * of another packet. We stop at the damage.
 */
const unlikeCounts = [
  'ndpi/fuzz-pcap/21cff4abc294d8e8.pcap', 'ndpi/fuzz-pcap/5f3722c372995342.pcap', 'ndpi/fuzz-pcap/bf4f1c69a97d061f.pcap',
  'ndpi/fuzz-pcap/f3008e7908e519a9.pcap', 'suricata-verify/bug-6875-01/fuzz.pcap',
];

test('every real capture is read without an exception, with as many packets as capinfos counts', { skip: withoutCaptures() }, () => {
  const folders = ['ndpi/pcap', 'ndpi/fuzz-pcap', 'suricata-verify', 'zeek/Traces', 'tcpdump', 'pcapng-test-generator'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(capturesFolder, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.p?cap(ng)?(\.gz)?$/.test(name))
      .map((name) => `${folder}/${name}`),
  );
  const counts = packetCounts(files.map((file) => join(capturesFolder, file)));
  const unlike: string[] = [];
  let compared = 0;
  for (const file of files) {
    const bytes = readFileSync(join(capturesFolder, file));
    const expected = counts.get(join(capturesFolder, file));
    const { packets, counters } = replay(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
    assert.equal(counters.heldBytes, 0, file);
    if (expected === undefined) continue; // a link type that Wireshark does not know
    compared++;
    if (packets !== expected) unlike.push(file);
  }
  assert.deepEqual(unlike.toSorted(), unlikeCounts);
  assert.ok(compared > 1400, `${compared} captures`);
});
