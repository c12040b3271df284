import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureCounters, CaptureReader, PacketView, decodePacket } from '#capture';
import type { FlowRecord } from '#flow';
import { createPipeline } from './create.ts';

/**
 * Flow exports that softflowd made of captures, read by the probe, against nfdump's reading of the same datagrams, and against the
 * probe's own flows of the capture.
 */
const captures = path.join(process.env['TELLTALE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../shared'), 'captures');
const names = ['1kxun.pcap', 'agora-sd-rtn.pcap', 'oicq.pcap', 'stun_wa_call.pcapng', 'teams.pcap', 'xiaomi.pcap', 'zoom.pcap'];
const skip = !existsSync(path.join(captures, 'netflow-from-pcap')) && 'no captures';
const hasNfdump = spawnSync('nfdump', ['-V']).status === 0 && spawnSync('nfcapd', ['-V']).status === 0;

function records(file: string): FlowRecord[] {
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
  const reader = new CaptureReader(pipeline.capture);
  const view = new PacketView();
  reader.push(readFileSync(file));
  reader.finish();
  while (reader.next(view)) pipeline.packet(view);
  pipeline.finish();
  return pipeline.take();
}

const exportOf = (name: string, version: string): string => path.join(captures, 'netflow-from-pcap', `${name}.${version}.pcap`);
const exported = (file: string): FlowRecord[] => records(file).filter((record) => record['telltale.evidence.frame'] === 0);
const ends = (record: FlowRecord): string =>
  `${record['network.transport']} ${[`${record['source.ip']}:${record['source.port']}`, `${record['destination.ip']}:${record['destination.port']}`].toSorted().join(' ')}`;

for (const name of names) {
  test(`${name}: the flows of the exports are flows of the capture`, { skip }, () => {
    const own = records(path.join(captures, 'ndpi/pcap', name));
    const known = new Set(own.map(ends));
    for (const version of ['v5', 'v9', 'ipfix']) {
      const flows = exported(exportOf(name, version));
      assert.ok(flows.length > 0, version);
      const strange = [...new Set(flows.filter((flow) => ['tcp', 'udp'].includes(flow['network.transport'])).map(ends))].filter((one) => !known.has(one));
      assert.deepEqual(strange, [], version);
    }
  });
}

test('nfdump reads the same flows, bytes and packets out of the same datagrams', { skip: skip || (!hasNfdump && 'no nfdump') }, async () => {
  for (const version of ['v5', 'v9', 'ipfix']) {
    const ours: string[] = [];
    const theirs: string[] = [];
    for (const name of names) {
      for (const flow of exported(exportOf(name, version))) {
        if (flow['network.transport'] === 'icmp' || flow['network.transport'] === 'ipv6-icmp') continue;
        const isAnswer = flow['source.packets'] === 0;
        const [from, to] = isAnswer ? ['destination', 'source'] as const : ['source', 'destination'] as const;
        ours.push([flow[`${from}.ip`], flow[`${from}.port`], flow[`${to}.ip`], flow[`${to}.port`], flow[`${from}.packets`], flow[`${from}.bytes`]].join(' '));
      }
      theirs.push(...await nfdump(exportOf(name, version)));
    }
    assert.ok(theirs.length > 100);
    assert.deepEqual(ours.toSorted(), theirs.toSorted(), version);
  }
});

/** Sends the datagrams of a capture to nfcapd over loopback, and lists what nfdump makes of them, ICMP (whose port is `type.code`) left out. */
async function nfdump(file: string): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'telltale-nfdump-'));
  const probe = createSocket('udp4');
  probe.bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(resolve));
  const collector = spawn('nfcapd', ['-4', '-b', '127.0.0.1', '-p', String(port), '-w', folder, '-t', '3600'], { stdio: 'ignore' });
  const sender = createSocket('udp4');
  try {
    await delay(300);
    for (const datagram of datagrams(file)) {
      await new Promise<void>((resolve) => sender.send(datagram, port, '127.0.0.1', () => resolve()));
      await delay(2);
    }
    await delay(200);
    collector.kill('SIGTERM');
    await once(collector, 'exit');
    const files = (await readdir(folder)).filter((one) => one.startsWith('nfcapd.')).map((one) => path.join(folder, one));
    return files.flatMap((one) => execFileSync('nfdump', ['-6', '-q', '-N', '-r', one, '-o', 'fmt:%sa %sp %da %dp %pkt %byt'], { encoding: 'utf8' }).split('\n'))
      .map((line) => line.trim().split(/\s+/)).filter((columns) => columns.length === 6 && !/^\d+\.\d+$/.test(columns[3]!))
      .map((columns) => columns.join(' '));
  } finally {
    sender.close();
    collector.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

function datagrams(file: string): Buffer[] {
  const reader = new CaptureReader(new CaptureCounters());
  const view = new PacketView();
  reader.push(readFileSync(file));
  reader.finish();
  const payloads: Buffer[] = [];
  while (reader.next(view)) if (decodePacket(view, new CaptureCounters())) payloads.push(Buffer.from(view.data.subarray(view.payloadStart, view.payloadEnd)));
  return payloads;
}
