import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { CaptureBuilder, dnsAnswer, dnsQuery, flowTableDefaults, httpRequest } from '#capture';
import type { FlowRecord } from '#flow';
import { Metrics } from '#runtime';
import { ip, ipfix, set, template, u32 } from '../../libs/ingest/testing/export-datagrams.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { reportProbe } from '../operations/operations.ts';
import { probeSection } from './configuration.ts';
import { createPipeline } from './create.ts';
import { replayCapture } from './replay.ts';
import { defaultTables, flowTableOptions, sharedOut, type TableBounds } from './tables.ts';
import { tablesSection } from './tables-section.ts';
import { ProbeWorkers } from './workers.ts';

const tokenKey = Buffer.alloc(32, 7);
const at = 1_780_000_000_000_000;
const server = { ip: '198.51.100.7', port: 7000 };
const hosts = Array.from({ length: 24 }, (_, i) => ({ ip: `10.1.0.${i + 1}`, port: 40_000 + i }));

function noise(seed: string): Buffer {
  return createHash('sha512').update(seed).digest();
}

function capture(build: (builder: CaptureBuilder) => void, mtu = 1500): Buffer {
  const builder = new CaptureBuilder({ mtu });
  build(builder);
  return builder.pcap();
}

function withoutLastFragments(pcap: CaptureBuilder): Buffer {
  const kept = new CaptureBuilder();
  for (const { micros, bytes } of pcap.frames()) if ((bytes.readUInt16BE(20) & 0x2000) !== 0) kept.frame(micros, bytes);
  return kept.pcap();
}

function fragments(): Buffer {
  const builder = new CaptureBuilder({ mtu: 600 });
  for (const [i, client] of hosts.entries()) builder.udp({ client, server, at: at + i }).send(Buffer.alloc(1200, i));
  return withoutLastFragments(builder);
}

function exports(datagrams: readonly Buffer[]): Buffer {
  return capture((builder) => {
    const exporter = builder.udp({ client: hosts[0]!, server: { ip: '10.9.9.9', port: 2055 }, at });
    for (const datagram of datagrams) exporter.send(datagram);
  });
}

const fields: [number, number][] = [[8, 4], [12, 4], [1, 4]];
const sets = hosts.map((_, i) => ipfix(i, 1, set(300 + i, Buffer.concat([ip('10.0.0.5'), ip('198.51.100.7'), u32(1500)]))));
const templates = hosts.map((_, i) => ipfix(i, 1, set(2, template(300 + i, ...fields))));

/** For each bound: a small value, input that exceeds it, and the metric that shows it. */
const cases: Record<Exclude<keyof TableBounds, 'timeouts'>, { bound: number; input: Buffer; metric: RegExp }> = {
  flows: {
    bound: 4,
    metric: /capture_problems_total\{reason="flow\/evicted"\} (\d+)/,
    input: capture((builder) => {
      for (const [i, client] of hosts.entries())
        builder.udp({ client, server: { ...server, port: 7000 + i }, at: at + i }).send(Buffer.from('hello there'));
    }),
  },
  stream: {
    bound: 1000,
    metric: /capture_problems_total\{reason="tcp\/buffer_flow"\} (\d+)/,
    input: capture((builder) =>
      builder
        .tcp({ client: hosts[0]!, server, at })
        .handshake()
        .send(Buffer.alloc(4000, 'x'), { mss: 500, transmit: [0, 2, 3, 4, 5, 6, 7] }),
    ),
  },
  streams: {
    bound: 2000, metric: /capture_problems_total\{reason="tcp\/buffer_total"\} (\d+)/,
    input: capture((builder) => {
      const streams = hosts.map((client, i) => builder.tcp({ client, server: { ...server, port: 7000 + i }, at: at + i }).handshake());
      for (const stream of streams) stream.segment('source', 500, Buffer.alloc(300, 'x'));
    }),
  },
  fragments: { bound: 3000, metric: /capture_problems_total\{reason="fragment\/evicted"\} (\d+)/, input: fragments() },
  messages: {
    bound: 2000, metric: /dissections_total\{outcome="tcp\/bounded messages"\} (\d+)/,
    input: capture((builder) => {
      const upload = httpRequest('POST', '/upload', { Host: 'a.example', 'Content-Type': 'text/plain', 'Content-Length': '5000' });
      for (const [i, client] of hosts.entries())
        builder.tcp({ client, server: { ...server, port: 80 }, at: at + i }).handshake().send(`${upload}${'text '.repeat(60)}`);
    }),
  },
  names: {
    bound: 5, metric: /probe_names_evicted_total (\d+)/,
    input: capture((builder) => {
      for (const [i, client] of hosts.entries()) {
        const name = `host${i}.example.org`;
        builder
          .udp({ client, server: { ip: '9.9.9.9', port: 53 }, at: at + i })
          .send(dnsQuery(i, name))
          .receive(dnsAnswer(i, name, 'A', [{ name, type: 'A', ttl: 60, data: server.ip }]));
      }
    }),
  },
  logFlows: {
    bound: 5, metric: /entry_problems_total\{reason="join\/flows forgotten"\} (\d+)/,
    input: Buffer.from(hosts.map((host, i) => `${JSON.stringify({
      timestamp: '2026-06-01T10:00:00.000000+0000', flow_id: 1000 + i, event_type: 'tls',
      src_ip: host.ip, src_port: host.port, dest_ip: server.ip, dest_port: 443, proto: 'TCP',
      tls: { sni: 'api.example.org', version: 'TLS 1.3' },
    })}\n`).join('')),
  },
  templates: { bound: 5, metric: /entry_problems_total\{reason="flow-export\/templates forgotten"\} (\d+)/, input: exports(templates) },
  untemplated: { bound: 600, metric: /entry_problems_total\{reason="ipfix\/sets given up before their template came"\} (\d+)/, input: exports(sets) },
  samples: {
    bound: 4,
    metric: /inference_unsampled_total (\d+)/,
    input: capture((builder) => {
      for (const [i, client] of hosts.entries())
        builder.udp({ client, server: { ...server, port: 7000 + i }, at: at + i }).send(noise(`sample ${i}`));
    }),
  },
  values: {
    bound: 200,
    metric: /inference_evicted_total (\d+)/,
    input: capture((builder) => {
      for (const [i, client] of hosts.entries()) builder.udp({ client, server: { ...server, port: 7000 + i }, at: at + i }).send(noise(`value ${i}`));
    }),
  },
};

/** Workers take a second to start, so of bounds that are passed on in the same way, only one is tested with them too. */
const ofWorkers: ReadonlySet<string> = new Set(['flows', 'names', 'templates', 'values']);

async function counted(file: string, tables: TableBounds, { metric }: { metric: RegExp }, workers?: ProbeWorkers): Promise<number> {
  const pipeline = createPipeline({ tokenKey, tables });
  const metrics = new Metrics({ process: false });
  reportProbe(metrics, pipeline);
  await replayCapture(
    { path: file, name: path.basename(file), size: 0, found: false },
    { pipeline, ...(workers && { workers }), send: async () => {} },
  );
  return Number(metric.exec(await metrics.scrape())?.[1] ?? 0);
}

describe('a small table lets go of what is oldest, and the metric says how often', () => {
  for (const [name, { bound, input, ...one }] of Object.entries(cases)) {
    test(name, async () => {
      await using folder = await temporaryFolder('tables');
      const file = path.join(folder.path, 'input');
      await writeFile(file, input);
      const small = { ...defaultTables, [name]: bound };
      assert.equal(await counted(file, defaultTables, one), 0);
      const evicted = await counted(file, small, one);
      assert.ok(evicted > 0);
      if (!ofWorkers.has(name)) return;
      await using workers = new ProbeWorkers({ workers: 2, tokenKey, tables: small });
      assert.ok(await counted(file, small, one, workers) > 0, 'of workers too');
    });
  }
});

test('bounds are configured, with units, and by default those of the code', () => {
  assert.equal(probeSection.parse({ tables: { streams: '2MiB', flows: 10 } }).tables.streams, 2 * 1024 * 1024);
  assert.throws(() => tablesSection.parse({ flows: 0 }));
  assert.throws(() => tablesSection.parse({ streams: 2048 }), /a size such as/);
  assert.throws(() => tablesSection.parse({ stream_count: 1 }));
  assert.deepEqual(flowTableOptions(defaultTables), flowTableDefaults);
  assert.deepEqual(tablesSection.parse(undefined), defaultTables);
});

/** Why the flows of a capture ended with these timeouts. */
async function endReasons(input: Buffer, timeouts: object): Promise<string[]> {
  await using folder = await temporaryFolder('timeouts');
  const file = path.join(folder.path, 'input');
  await writeFile(file, input);
  const records: FlowRecord[] = [];
  const pipeline = createPipeline({ tokenKey, tables: tablesSection.parse({ timeouts }) });
  await replayCapture({ path: file, name: 'input', size: 0, found: false }, { pipeline, send: async (some) => { records.push(...some); } });
  return records.map((record) => record['telltale.flow.end_reason']).filter((reason) => reason !== '');
}

test('how long a flow may be silent is configured', async () => {
  const input = capture((builder) => {
    builder
      .udp({ client: hosts[0]!, server: { ...server, port: 9 }, at })
      .send(Buffer.from('a'))
      .receive(Buffer.from('A'))
      .pause(20e6)
      .send(Buffer.from('b'));
  });
  assert.deepEqual(await endReasons(input, {}), ['finish']);
  assert.deepEqual(await endReasons(input, { datagrams: '10s', connections: '10s' }), ['timeout', 'finish']);
});

test('a connection of HTTP ends after a shorter silence than others, and its next request is read all the same', async () => {
  const request = httpRequest('GET', '/', { Host: 'app.example' });
  const silentFor = (seconds: number, first: Buffer | string): Buffer => capture((builder) => {
    builder.tcp({ client: hosts[0]!, server, at }).handshake().send(first).pause(seconds * 1e6).send(request);
  });
  assert.deepEqual(await endReasons(silentFor(119, request), {}), ['finish']);
  assert.deepEqual(await endReasons(silentFor(121, request), {}), ['timeout', 'finish']);
  assert.deepEqual(await endReasons(silentFor(121, request), { exchanges: '5m' }), ['finish']);
  assert.deepEqual(await endReasons(silentFor(121, 'SSH-2.0-OpenSSH_9.9\r\n'), {}), ['finish']);
});

test('workers share out what each has of its own flows', () => {
  const { flows, streams, names, fragments: fragmentBytes } = sharedOut({ ...defaultTables, flows: 10, streams: 9 }, 4);
  assert.deepEqual([flows, streams, names, fragmentBytes], [3, 3, defaultTables.names, defaultTables.fragments]);
});
