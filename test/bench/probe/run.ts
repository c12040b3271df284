/** One run of the probe, for test/bench/probe.ts: `run.js <capture> --output file` or `run.js --flows N --output file`. Prints JSON. */
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PacketView } from '#capture';
import type { FlowRecord } from '#flow';
import { createTokeniser } from '#identifiers';
import { encodeBatch } from '#wire';
import { ProbePipeline } from '../../../services/probe/pipeline.ts';
import { replayCapture } from '../../../services/probe/replay.ts';
import { MonitoredNetworks } from '../../../services/probe/subject.ts';

export interface ProbeRun {
  packets: number;
  records: number;
  /** Written. */
  bytes: number;
  /** CPU time of the process, with its start. */
  seconds: number;
  rssBytes: number;
}

const batchSize = 4096;
const { values, positionals } = parseArgs({ allowPositionals: true, options: { output: { type: 'string' }, flows: { type: 'string' } } });
const output = openSync(values.output!, 'w');
const pipeline = new ProbePipeline({
  observer: 'bench', tokeniser: createTokeniser(Buffer.alloc(32, 7)), monitored: new MonitoredNetworks(), now: () => Date.now() * 1000,
});
const packets = values.flows ? await madeUpFlows(Number(values.flows)) : await replay(positionals[0]!);
closeSync(output);
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const result: ProbeRun = {
  packets, records: pipeline.records, bytes: statSync(values.output!).size, seconds: (userCPUTime + systemCPUTime) / 1e6, rssBytes: maxRSS * 1024,
};
console.log(JSON.stringify(result));

/** In batches as a sink sends them. */
async function send(records: readonly FlowRecord[]): Promise<void> {
  for (let at = 0; at < records.length; at += batchSize) writeSync(output, encodeBatch(records.slice(at, at + batchSize)));
}

async function replay(path: string): Promise<number> {
  const { size } = statSync(path);
  const replayed = await replayCapture({ path, name: 'capture', size, found: false }, { pipeline, send });
  return replayed.packets;
}

/** One UDP datagram each, from ever new addresses and ports, one microsecond apart. */
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
    if (pipeline.pending >= batchSize) await send(pipeline.take());
  }
  pipeline.finish();
  await send(pipeline.take());
  return count;
}
