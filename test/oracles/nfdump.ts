import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureCounters, CaptureReader, PacketView, decodePacket } from '#capture';
import type { FlowRecord } from '#flow';
import { createPipeline } from '../../services/probe/create.ts';
import { AnswerList, type Answers } from './answers.ts';
import { readCapture } from './captures.ts';

/** The reason to skip, or false. */
export function withoutNfdump(): string | false {
  const isThere = ['nfdump', 'nfcapd'].every((command) => spawnSync(command, ['-V']).status === 0);
  return isThere ? false : 'SKIPPED: nfdump is not installed, so nothing is compared with it';
}

/** The probe's records of a capture. */
export function recordsOf(path: string): FlowRecord[] {
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
  const reader = new CaptureReader(pipeline.capture);
  const view = new PacketView();
  reader.push(readCapture(path));
  reader.finish();
  while (reader.next(view)) pipeline.packet(view);
  pipeline.finish();
  return pipeline.take();
}

/** The records from flow exports, which have no packets. */
export function exportedRecords(path: string): FlowRecord[] {
  return recordsOf(path).filter((record) => record['telltale.evidence.frame'] === 0);
}

/** Endpoints, packets and bytes of each exported flow as the probe reads it; without ICMP, whose type nfdump writes as a port. */
export function exportedFlows(path: string): Answers {
  const list = new AnswerList();
  for (const flow of exportedRecords(path)) {
    if (/icmp/.test(flow['network.transport'])) continue;
    const [from, to] = flow['source.packets'] === 0 ? (['destination', 'source'] as const) : (['source', 'destination'] as const);
    list.add(
      'flow',
      [flow[`${from}.ip`], flow[`${from}.port`], flow[`${to}.ip`], flow[`${to}.port`], flow[`${from}.packets`], flow[`${from}.bytes`]].join(' '),
    );
  }
  return list.answers;
}

/** The same as nfdump reads it: the datagrams of the capture are sent to nfcapd over loopback. */
export async function askNfdump(path: string): Promise<Answers> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-nfdump-'));
  const port = await freePort();
  const collector = spawn('nfcapd', ['-4', '-b', '127.0.0.1', '-p', String(port), '-w', folder, '-t', '3600'], { stdio: 'ignore' });
  const sender = createSocket('udp4');
  try {
    await delay(300);
    for (const datagram of datagrams(path)) {
      await new Promise<void>((resolve) => sender.send(datagram, port, '127.0.0.1', () => resolve()));
      await delay(2);
    }
    await delay(200);
    collector.kill('SIGTERM');
    await once(collector, 'exit');
    const list = new AnswerList();
    for (const name of readdirSync(folder).filter((one) => one.startsWith('nfcapd.'))) {
      const output = execFileSync('nfdump', ['-6', '-q', '-N', '-r', join(folder, name), '-o', 'fmt:%sa %sp %da %dp %pkt %byt'], {
        encoding: 'utf8',
      });
      for (const line of output.split('\n')) {
        const columns = line.trim().split(/\s+/);
        if (columns.length === 6 && !/^\d+\.\d+$/.test(columns[3]!)) list.add('flow', columns.join(' '));
      }
    }
    return list.answers;
  } finally {
    sender.close();
    collector.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

function datagrams(path: string): Buffer[] {
  const reader = new CaptureReader(new CaptureCounters());
  const view = new PacketView();
  reader.push(readCapture(path));
  reader.finish();
  const payloads: Buffer[] = [];
  while (reader.next(view))
    if (decodePacket(view, new CaptureCounters())) payloads.push(Buffer.from(view.data.subarray(view.payloadStart, view.payloadEnd)));
  return payloads;
}
