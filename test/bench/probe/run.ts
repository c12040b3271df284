/**
 * One run of the probe, for test/bench/probe.ts: `run.js <capture> --output file [--workers N] [--distinct]` or `run.js --flows N --output file`.
 * Prints JSON.
 */
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PacketView } from '#capture';
import type { FlowRecord } from '#flow';
import { BatchWriter } from '#wire';
import { createPipeline } from '../../../services/probe/create.ts';
import { replayCapture } from '../../../services/probe/replay.ts';
import { startWorkers } from '../../../services/probe/workers.ts';
import { Distinct } from './distinct.ts';

export interface ProbeRun {
  packets: number;
  records: number;
  /** Written. */
  bytes: number;
  /** CPU time of the process, with its start. */
  seconds: number;
  rssBytes: number;
  /** CPU time of each worker. */
  workerSeconds: number[];
  /** Time that passed while the capture was read. */
  elapsed: number;
  /** With `--distinct`: what {@link Distinct} says. */
  distinct: string;
}

/** Records per message, as in a sink. */
const batchSize = 4096;
/** So few records at a time that they are garbage soon after the batch has copied them. */
const recordsAtOnce = 256;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    output: { type: 'string' },
    flows: { type: 'string' },
    workers: { type: 'string', default: '1' },
    distinct: { type: 'boolean', default: false },
  },
});
const output = openSync(values.output!, 'w');
const tokenKey = Buffer.alloc(32, 7);
const pipeline = createPipeline({ tokenKey, observer: 'bench' });
const workers = startWorkers({ workers: Number(values.workers), tokenKey, observer: 'bench' });
const distinct = new Distinct();
const batch = new BatchWriter(batchSize);
const began = performance.now();
const packets = values.flows ? await madeUpFlows(Number(values.flows)) : await replay(positionals[0]!);
if (batch.length > 0) writeSync(output, batch.take());
closeSync(output);
const elapsed = (performance.now() - began) / 1000;
const workerSeconds = await workers?.cpuSeconds() ?? [];
await workers?.close();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const result: ProbeRun = {
  packets, records: pipeline.records, bytes: statSync(values.output!).size, seconds: (userCPUTime + systemCPUTime) / 1e6, rssBytes: maxRSS * 1024,
  workerSeconds, elapsed, distinct: String(distinct),
};
console.log(JSON.stringify(result));

async function send(records: readonly FlowRecord[]): Promise<void> {
  if (values.distinct) for (const record of records) count(record);
  for (const record of records) {
    batch.add(record);
    if (batch.isFull) writeSync(output, batch.take());
  }
}

async function replay(path: string): Promise<number> {
  const { size } = statSync(path);
  const replayed = await replayCapture({ path, name: 'capture', size, found: false }, {
    pipeline, send, atOnce: recordsAtOnce, ...(workers && { workers, sendEncoded: async (batch: Uint8Array) => { writeSync(output, batch); } }),
  });
  return replayed.packets;
}

function count(record: FlowRecord): void {
  if (record['tls.client.server_name']) distinct.sni.add(record['tls.client.server_name']);
  if (record['dns.question.name']) distinct.dns.add(record['dns.question.name']);
  if (record['network.protocol'] !== 'http') return;
  if (record['url.domain'] !== '') distinct.hosts.add(record['url.domain']);
  if (record['http.request.method'] !== '' && record['http.response.status_code'] === 0) distinct.requests++;
}

/** Feeds flows of one UDP datagram each, from ever new addresses and ports, one microsecond apart. */
async function madeUpFlows(count: number): Promise<number> {
  const view = new PacketView();
  const packet = Buffer.from('4500002e000000004011000000000000c00002090000138900 1a0000'.replace(' ', ''), 'hex');
  view.data = Buffer.concat([packet, Buffer.from('uid=1840273651 pi')]);
  view.data.writeUInt16BE(view.data.length, 2);
  view.data.writeUInt16BE(view.data.length - 20, 24);
  view.capturedLength = view.data.length;
  view.wireLength = view.data.length;
  view.linkType = 228;
  for (let flow = 0; flow < count; flow++) {
    view.frame = flow + 1;
    view.micros = 1_700_000_000_000_000 + flow;
    view.data.writeUInt32BE(0x0a000000 + (flow >>> 4), 12);
    view.data.writeUInt16BE(20_000 + (flow & 0xf), 20);
    pipeline.packet(view);
    if (pipeline.pending >= recordsAtOnce) await send(pipeline.take());
  }
  pipeline.finish();
  await send(pipeline.take());
  return count;
}
