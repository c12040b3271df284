import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CaptureBuilder, CaptureCounters, CaptureReader, PacketView } from '#capture';
import { FlowExportDecoder, IngestCounters, type LogEntry } from './ingest.ts';
import {
  exportSeconds, ip, ipfix, netflow5, netflow9, rawHeader, set, sflow, sflowRecord, sflowSample, sflowSamples, template, u16, u32, u8,
} from './testing/export-datagrams.ts';
import { fieldsOf, readLog } from './testing/read-log.ts';

interface Decoded {
  entries: LogEntry[];
  counters: IngestCounters;
  decoding: FlowExportDecoder;
  decode(datagram: Buffer, exporter?: string): number;
}

function decoder(options: object = {}): Decoded {
  const counters = new IngestCounters();
  const entries: LogEntry[] = [];
  const decoding = new FlowExportDecoder({ ...options, counters, emit: (entry) => entries.push(entry) });
  return { entries, counters, decoding, decode: (datagram, exporter = '192.0.2.1') => decoding.datagram(Buffer.from(datagram), exporter, 1) };
}

const micros = exportSeconds * 1_000_000;
const answer = { source: '198.51.100.7', destination: '10.0.0.5', sourcePort: 443, destinationPort: 51000, packets: 3, bytes: 1500 };
const brief = ({ endpoints, totals }: LogEntry): unknown[] => [
  `${endpoints.sourceIp}:${endpoints.sourcePort} ${endpoints.destinationIp}:${endpoints.destinationPort} ${endpoints.transport}`,
  totals!.sourceBytes, totals!.sourcePackets, totals!.destinationBytes, totals!.destinationPackets,
];

describe('NetFlow v5', () => {
  test('a record of the answering direction counts for the flow that the client opened; times are those of the exporter\'s clock', () => {
    const { decode, entries } = decoder();
    assert.equal(decode(netflow5(1, 0, [answer])), 72);
    assert.deepEqual(brief(entries[0]!), ['10.0.0.5:51000 198.51.100.7:443 tcp', 0, 0, 1500, 3]);
    assert.deepEqual(
      [entries[0]!.startMicros, entries[0]!.micros, entries[0]!.samplingRate],
      [micros + 500 - 2_000_000, micros + 500 - 1_000_000, 0],
    );
  });

  test('the sampling rate is applied and marked; its mode bits are none of it', () => {
    const { decode, entries } = decoder();
    decode(netflow5(1, 0x4000 + 100, [answer]));
    assert.deepEqual([brief(entries[0]!).slice(1), entries[0]!.samplingRate], [[0, 0, 150_000, 300], 100]);
  });

  test('gaps in the sequence are counted per exporter; a restart is none', () => {
    const { decode, counters } = decoder();
    decode(netflow5(1, 0, [answer, answer]));
    decode(netflow5(3, 0, [answer]));
    decode(netflow5(10, 0, [answer]), '192.0.2.2');
    assert.equal(counters.get('netflow-v5', 'missing by sequence number'), 0);
    decode(netflow5(9, 0, [answer]));
    assert.equal(counters.get('netflow-v5', 'missing by sequence number'), 5);
    decode(netflow5(1, 0, [answer]));
    assert.equal(counters.get('netflow-v5', 'missing by sequence number'), 5);
    assert.equal(counters.get('netflow-v5', 'late, or the exporter restarted'), 1);
  });
});

const fields: [number, number][] = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [1, 4],
  [2, 4],
];
const record = (bytes: number, packets: number): Buffer =>
  Buffer.concat([ip('10.0.0.5'), ip('198.51.100.7'), u16(51000, 443), u8(6), u32(bytes, packets)]);
const line = '10.0.0.5:51000 198.51.100.7:443 tcp';

describe('NetFlow v9 and IPFIX', () => {
  test('records that come before their template are decoded when it comes', () => {
    const { decode, entries, counters } = decoder();
    decode(netflow9(1, 7, set(300, record(100, 1), record(200, 2), u8(0, 0))));
    assert.equal(entries.length, 0);
    assert.equal(counters.get('netflow-v9', 'sets before their template'), 1);
    decode(netflow9(2, 7, set(0, template(300, ...fields))));
    assert.deepEqual(entries.map(brief), [[line, 100, 1, 0, 0], [line, 200, 2, 0, 0]]);
  });

  test('a template holds for its exporter and domain only', () => {
    const { decode, entries } = decoder();
    decode(ipfix(0, 7, set(2, template(300, ...fields))));
    decode(ipfix(0, 8, set(300, record(1, 1))));
    decode(ipfix(0, 7, set(300, record(1, 1))), '192.0.2.2');
    assert.equal(entries.length, 0);
    decode(ipfix(0, 7, set(300, record(1, 1))));
    assert.equal(entries.length, 1);
  });

  test('templates and sampling rates are kept over a restart', () => {
    const before = decoder();
    before.decode(netflow9(1, 7, set(1, u16(400, 4, 8, 1, 4, 48, 1, 50, 4)), set(400, u32(7), u8(2), u32(1000)), set(0, template(300, ...fields))));
    const after = decoder();
    assert.ok(after.decoding.restore(before.decoding.snapshot()));
    after.decode(netflow9(2, 7, set(300, record(10, 1))));
    assert.deepEqual(after.entries.map(brief), [[line, 10_000, 1000, 0, 0]]);
  });

  test('a snapshot that is none is refused', () => {
    const snapshot = decoder().decoding.snapshot();
    for (const none of [
      '',
      '{',
      'null',
      '[]',
      '{"version":2}',
      snapshot.replace('1', '2'),
      '{"version":1,"templates":[["a",{"fields":[],"scopeFields":0,"recordBytes":0}]],"rates":[]}',
      '{"version":1,"templates":[["a",{"fields":[1],"scopeFields":0,"recordBytes":1}]],"rates":[]}',
    ]) {
      assert.equal(decoder().decoding.restore(none), false, none);
    }
  });

  test('what waits is bounded, and what is given up is counted', () => {
    const { decode, entries, counters } = decoder({ maxWaitingBytes: 700 });
    for (let bytes = 1; bytes <= 3; bytes++) decode(netflow9(bytes, 7, set(300, record(bytes, 1))));
    decode(netflow9(4, 7, set(0, template(300, ...fields))));
    assert.deepEqual(entries.map((entry) => entry.totals!.sourceBytes), [2, 3]);
    assert.equal(counters.get('netflow-v9', 'sets given up before their template came'), 1);
  });

  test('sets that wait without records take room too', () => {
    const { decode, counters } = decoder({ maxWaitingBytes: 4096 });
    for (let id = 256; id < 1256; id++) decode(ipfix(id, 7, set(id)));
    assert.equal(counters.get('ipfix', 'sets before their template'), 1000);
    assert.ok(counters.get('ipfix', 'sets given up before their template came') > 950);
  });

  test('options tell the sampling rate of a domain and of a sampler', () => {
    const { decode, entries } = decoder();
    decode(netflow9(1, 7, set(1, u16(400, 4, 8, 1, 4, 48, 1, 50, 4)), set(400, u32(7), u8(2), u32(1000))));
    decode(
      netflow9(
        2,
        7,
        set(0, template(300, ...fields), template(301, ...fields, [48, 1])),
        set(300, record(10, 1)),
        set(301, record(10, 1), u8(2), record(10, 1), u8(3)),
      ),
    );
    assert.deepEqual(entries.map((entry) => [entry.totals!.sourceBytes, entry.samplingRate]), [[10_000, 1000], [10_000, 1000], [10, 0]]);
    decode(ipfix(1, 7, set(3, u16(401, 2, 1, 149, 4, 305, 4)), set(401, u32(7, 50))));
    decode(ipfix(2, 7, set(2, template(300, ...fields)), set(300, record(10, 2))));
    assert.deepEqual(brief(entries.at(-1)!), [line, 500, 100, 0, 0]);
  });

  test('a sampler that takes some packets and skips some, or takes some of so many, has the rate of both', () => {
    const rateOf = (...options: [element: number, value: number][]): number => {
      const { decode, entries } = decoder();
      const elements = options.map(([element]) => u16(element, 4));
      decode(ipfix(0, 7, set(3, u16(401, options.length + 1, 1, 302, 4), ...elements), set(401, u32(2, ...options.map(([, value]) => value)))));
      decode(ipfix(1, 7, set(2, template(300, ...fields)), set(300, record(10, 2))));
      return entries[0]!.samplingRate;
    };
    assert.equal(rateOf([305, 1], [306, 99]), 100);
    assert.equal(rateOf([306, 990], [305, 10]), 100);
    assert.equal(rateOf([309, 2], [310, 1000]), 500);
    assert.equal(rateOf([305, 1], [306, 0]), 0);
  });

  test('enterprise fields, fields of variable length and both directions in one record', () => {
    const { decode, entries } = decoder();
    const long = 'x'.repeat(300);
    decode(
      ipfix(
        0,
        7,
        set(
          2,
          u16(300, 9, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 8, 0x8001, 8),
          u32(29_305),
          u16(0x8000 + 187, 65_535),
          u32(35_632),
          u16(371, 65_535),
        ),
        set(
          300,
          ip('10.0.0.5'),
          ip('198.51.100.7'),
          u16(51000, 443),
          u8(6),
          u32(0, 5_000_000_000 % 2 ** 32),
          u32(1, 7),
          u8(255),
          u16(300),
          Buffer.from(long),
          u8(3),
          Buffer.from('bob'),
        ),
      ),
    );
    assert.equal(entries.length, 1);
    assert.equal(entries[0]!.totals!.destinationBytes, 2 ** 32 + 7);
    assert.deepEqual(fieldsOf(entries[0]!), ['flow.login.user_name=bob', `flow.35632.187=${long}`]);
  });

  test('a flow that goes on does not end with its record', () => {
    const { decode, entries } = decoder();
    decode(ipfix(0, 7, set(2, template(300, ...fields, [136, 1])), set(300, record(1, 1), u8(2), record(1, 1), u8(1))));
    assert.deepEqual(entries.map(({ ends }) => ends), [false, true]);
  });

  test('lost records show in the sequence, however the exporter numbers', () => {
    for (const [first, second, third] of [[0, 2, 3], [2, 3, 4]] as const) {
      const { decode, counters } = decoder();
      decode(ipfix(first, 7, set(2, template(300, ...fields)), set(300, record(1, 1), record(1, 1))));
      decode(ipfix(second, 7, set(300, record(1, 1))));
      decode(ipfix(third, 7, set(300, record(1, 1))));
      assert.equal(counters.get('ipfix', 'missing by sequence number'), 0);
      decode(ipfix(third + 6, 7, set(300, record(1, 1))));
      assert.equal(counters.get('ipfix', 'missing by sequence number'), 5);
    }
  });

  test('the same datagram gives the same digests, and each record its own', () => {
    const datagram = ipfix(0, 7, set(2, template(300, ...fields)), set(300, record(1, 1), record(1, 1)));
    const digests = [decoder(), decoder()].map(({ decode, entries }) => {
      decode(datagram);
      return entries.map(({ digest }) => digest);
    });
    assert.deepEqual(digests[0], digests[1]);
    assert.equal(new Set(digests[0]).size, 2);
  });
});

test('sFlow: a sampled packet stands for as many as the rate says', () => {
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: '10.0.0.5', port: 51000 }, server: { ip: '198.51.100.7', port: 53 }, at: 0 }).send(Buffer.alloc(100));
  const reader = new CaptureReader(new CaptureCounters());
  reader.push(builder.pcap());
  const view = new PacketView();
  assert.ok(reader.next(view));
  const frame = Buffer.from(view.data.subarray(view.start, view.start + view.capturedLength));
  const { decode, entries, counters } = decoder();
  decode(sflow(1, 512, frame.subarray(0, 64), frame.length));
  assert.deepEqual(entries.map(brief), [['10.0.0.5:51000 198.51.100.7:53 udp', 128 * 512, 512, 0, 0]]);
  assert.deepEqual([entries[0]!.samplingRate, entries[0]!.micros], [512, 1]);
  decode(sflow(4, 512, frame));
  assert.equal(counters.get('sflow', 'missing by sequence number'), 2);
});

test('sFlow: packets of links with PPP, and what is not read is counted', () => {
  const builder = new CaptureBuilder({ link: 'raw' });
  builder.udp({ client: { ip: '10.0.0.5', port: 51000 }, server: { ip: '198.51.100.7', port: 53 }, at: 0 }).send(Buffer.alloc(40));
  const packet = builder.frames()[0]!.bytes;
  const { decode, entries, counters } = decoder();
  // PPP (RFC 1661, section 2) begins with its protocol, IPv4; in the framing of HDLC (RFC 1662, section 3.1) address and control come first.
  decode(sflow(1, 512, Buffer.concat([u8(0x00, 0x21), packet]), packet.length + 2, 7));
  decode(sflow(2, 512, Buffer.concat([u8(0xff, 0x03, 0x00, 0x21), packet]), packet.length + 4, 14));
  decode(sflow(3, 512, packet, packet.length, 11));
  assert.deepEqual(entries.map(brief), Array(3).fill(['10.0.0.5:51000 198.51.100.7:53 udp', 68 * 512, 512, 0, 0]));
  decode(sflow(4, 512, packet, packet.length, 13));
  decode(sflow(5, 512, packet, packet.length, 14));
  assert.deepEqual([entries.length, counters.get('sflow', 'samples of no packet that can be read')], [3, 2]);
});

test('sFlow: samples of both forms among counters and extensions; what agents and kinds of samples keep back is counted', () => {
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: '10.0.0.5', port: 51000 }, server: { ip: '198.51.100.7', port: 53 }, at: 0 }).send(Buffer.alloc(40));
  const header = rawHeader(builder.frames()[0]!.bytes);
  const vlans = sflowRecord(1001, u32(10, 0, 20, 0));
  const gateway = sflowRecord(1003, Buffer.concat([u32(1), ip('192.0.2.254'), u32(64_500, 64_501, 64_502, 1, 2, 1, 64_503, 0, 100)]));
  const counters1 = Buffer.concat([u32(1, 1, 1), sflowRecord(1, Buffer.alloc(88))]);
  const { decode, entries, counters } = decoder();
  decode(sflowSamples(1, [2, counters1], [1, sflowSample(1, 512, [vlans, header, gateway], 3)], [4, counters1], [
    3, sflowSample(1, 256, [header, gateway], 0, true),
  ]));
  assert.deepEqual(entries.map(({ samplingRate }) => samplingRate), [512, 256]);
  assert.deepEqual([...counters.reasons()], []);

  // A source's drops are a running total; those before its first report are not counted. Kind 5: packets that the switch discarded.
  decode(sflowSamples(2, [1, sflowSample(2, 512, [header], 20)], [5, Buffer.alloc(40)], [3, sflowSample(2, 256, [header], 4, true)]));
  assert.deepEqual(
    [counters.get('sflow', 'packets that the agent could not sample'), counters.get('sflow', 'samples of a kind that is not read')],
    [21, 1],
  );
  const cut = sflowSamples(3, [1, sflowSample(3, 512, [header], 20)], [1, sflowSample(4, 512, [header], 20)]);
  decode(cut.subarray(0, cut.length - 20));
  assert.deepEqual([entries.length, counters.get('sflow', 'malformed datagram')], [5, 1]);
});

test('a file is read to what is no datagram, wherever its chunks end', () => {
  const flow = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1, destinationPort: 2, packets: 1, bytes: 1 };
  const good = netflow5(1, 0, [flow]);
  const bytes = Buffer.concat([good, good, Buffer.alloc(100, 0xab), ...Array<Buffer>(2000).fill(good)]);
  for (const chunkBytes of [2 * good.length + 100, 70_000, 100_000, Infinity]) {
    const { entries, problems } = readLog('x.dat', bytes, chunkBytes);
    assert.deepEqual([entries.length, problems.map(({ reason }) => reason)], [2, ['no datagram of a known kind from here on']]);
  }
});

test('property: flows of any numbers come back as they were exported', () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const flow = fc.record({
    source: fc.ipV4(), destination: fc.ipV4(), sourcePort: port, destinationPort: port, packets: fc.nat(), bytes: fc.nat(),
    protocol: fc.constantFrom(6, 17, 132),
  });
  fc.assert(fc.property(fc.array(flow, { minLength: 1, maxLength: 30 }), (flows) => {
    const records = flows.map((one) => Buffer.concat([
      ip(one.source), ip(one.destination), u16(one.sourcePort, one.destinationPort), u8(one.protocol), u32(one.bytes, one.packets),
    ]));
    const expected = flows.map(({ source, destination, sourcePort, destinationPort, bytes, packets }) => ({
      ends: [`${source}:${sourcePort}`, `${destination}:${destinationPort}`].toSorted(), bytes, packets,
    }));
    for (const datagram of [
      netflow5(1, 0, flows), netflow9(1, 7, set(0, template(300, ...fields)), set(300, ...records)),
      ipfix(1, 7, set(2, template(300, ...fields)), set(300, ...records)),
    ]) {
      const { decode, entries } = decoder();
      assert.equal(decode(datagram), datagram.length);
      assert.deepEqual(entries.map(({ endpoints: { sourceIp, sourcePort, destinationIp, destinationPort }, totals }) => ({
        ends: [`${sourceIp}:${sourcePort}`, `${destinationIp}:${destinationPort}`].toSorted(),
        bytes: totals!.sourceBytes + totals!.destinationBytes, packets: totals!.sourcePackets + totals!.destinationPackets,
      })), expected);
    }
  }), { numRuns: 50 });
});

test('damaged and cut datagrams are survived', () => {
  const samples = [
    netflow5(1, 100, [answer, answer]), sflow(1, 512, Buffer.alloc(80, 8)),
    netflow9(
      1,
      7,
      set(0, template(300, ...fields)),
      set(1, u16(400, 4, 8, 1, 4, 48, 1, 50, 4)),
      set(400, u32(7), u8(2), u32(1000)),
      set(300, record(1, 1)),
    ),
    ipfix(
      0,
      7,
      set(2, template(300, [8, 4], [12, 4], [1, 8], [2, 8], [152, 8], [153, 8])),
      set(300, ip('10.0.0.5'), ip('198.51.100.7'), u32(0, 9, 0, 9, 398, 1, 398, 2)),
    ),
    ipfix(
      0,
      7,
      set(2, template(300, ...fields), u16(301, 1, 0x8000 + 187, 65_535), u32(35_632)),
      set(300, record(1, 1)),
      set(301, u8(255), u16(3), Buffer.from('abc')),
    ),
  ];
  const { decode, entries } = decoder();
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }),
      fc.nat(200),
      (sample, edits, cut) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        decode(bytes.subarray(0, bytes.length - (cut % bytes.length)));
        for (const { micros: time, startMicros, totals } of entries.splice(0))
          assert.ok(Number.isSafeInteger(time) && Number.isSafeInteger(startMicros) && Object.values(totals!).every(Number.isSafeInteger));
      },
    ),
    { numRuns: 20_000 },
  );
});
