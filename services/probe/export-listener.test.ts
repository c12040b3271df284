import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FlowRecord } from '#flow';
import { createLogger } from '#runtime';
import { ip, netflow9, set, template, u16, u32 } from '../../libs/ingest/testing/export-datagrams.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { until } from '../../test/support/until.ts';
import { createPipeline } from './create.ts';
import { ExportListener, type ExportListenerOptions } from './export-listener.ts';
import { parseListenAddress } from './listen-address.ts';

/** A NetFlow v5 datagram with one record: 10.0.0.5:51000 to 198.51.100.7:443, 3 packets, 1500 bytes, sampled 1 in 10. */
const datagram = Buffer.from(
  '0005000100000064' + '6553f100' + '00000000' + '00000001' + '0000' + '000a' + '0a000005' + 'c6336407' + '00000000' + '00000000'
    + '00000003' + '000005dc' + '00000032' + '0000003c' + 'c73801bb' + '00180600' + '00000000' + '00000000',
  'hex',
);

test('addresses to listen on', () => {
  assert.deepEqual(parseListenAddress('udp://127.0.0.1:2055'), { kind: 'udp', host: '127.0.0.1', port: 2055 });
  assert.deepEqual(parseListenAddress('udp://[::1]:6343'), { kind: 'udp', host: '::1', port: 6343 });
  assert.deepEqual(parseListenAddress('unix:///run/telltale/eve.sock'), { kind: 'unix', path: '/run/telltale/eve.sock' });
  for (const none of [
    'unix://eve.sock',
    'unix:///run/',
    'unixgram:///run/eve.sock',
    '127.0.0.1:2055',
    'tcp://127.0.0.1:2055',
    'udp://127.0.0.1',
    'udp://127.0.0.1:99999',
  ])
    assert.equal(parseListenAddress(none), null);
});

test('flow exports become records; other datagrams are counted', async () => {
  const records: FlowRecord[] = [];
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
  const folder = await mkdtemp(path.join(tmpdir(), 'telltale-exports-'));
  const templates = path.join(folder, 'probe', 'templates.json');
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', level: 'warn', destination: { write: (line) => lines.push(line) } });
  const options: ExportListenerOptions = {
    listen: { host: '127.0.0.1', port: 0 }, pipeline, templates, logger, now: () => 1,
    sink: { send: async (batch) => void records.push(...batch), close: async () => {} },
    onFailure: (error) => { throw error; },
  };
  const listener = new ExportListener(options);
  await listener.start();
  const elsewhere = createPipeline({ tokenKey: Buffer.alloc(32, 1) });
  const taken = new ExportListener({ ...options, pipeline: elsewhere, listen: { host: '127.0.0.1', port: listener.port } });
  await assert.rejects(taken.start(), new RegExp(`flow exports on 127.0.0.1, port ${listener.port}: another program listens there`));
  const sender = createSocket('udp4');
  try {
    for (const bytes of [datagram, Buffer.from('hello'), Buffer.from('hello'), datagram])
      await new Promise<void>((resolve) => sender.send(bytes, listener.port, '127.0.0.1', () => resolve()));
    const counters = pipeline.entries.counters;
    while (counters.entries < 2 || counters.get('flow-export', 'datagrams of no known kind') < 2) await delay(5);
  } finally {
    sender.close();
    await listener.stop();
  }
  await rm(folder, { recursive: true });
  assert.deepEqual(lines.map((line) => (JSON.parse(line) as { exporter: string }).exporter), ['127.0.0.1'], 'told once');
  assert.equal(records.length, 2);
  assert.equal(new Set(records.map((record) => record['event.id'])).size, 1, 'a datagram that comes twice counts once');
  const [record] = records;
  assert.deepEqual(
    [
      record!['source.ip'],
      record!['source.port'],
      record!['destination.ip'],
      record!['destination.port'],
      record!['network.transport'],
      record!['source.bytes'],
      record!['source.packets'],
      record!['telltale.sampling.rate'],
    ],
    ['10.0.0.5', 51000, '198.51.100.7', 443, 'tcp', 15_000, 30, 10],
  );
  assert.deepEqual(
    [record!['telltale.subject.ip'], record!['telltale.evidence.file'], record!['telltale.evidence.frame'], record!['telltale.flow.state']],
    ['10.0.0.5', 'udp://127.0.0.1:0', 0, 'end'],
  );
});

test('templates are kept as they change, so that a probe that is killed knows them; a damaged file is told, and replaced', async () => {
  await using folder = await temporaryFolder('exports');
  const templates = path.join(folder.path, 'templates.json');
  await writeFile(templates, '{"version":');
  const sender = createSocket('udp4');
  const start = async () => {
    const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
    const listener = new ExportListener({
      listen: { host: '127.0.0.1', port: 0 },
      pipeline,
      templates,
      logger: createLogger({ name: 'test', level: 'silent' }),
      now: () => 1,
      saveInterval: 10,
      sink: { send: async () => {}, close: async () => {} },
      onFailure: (error) => {
        throw error;
      },
    });
    await listener.start();
    return { pipeline, listener, send: (bytes: Buffer) => sender.send(bytes, listener.port, '127.0.0.1') };
  };
  const flowTemplate = set(0, template(256, [8, 4], [12, 4], [7, 2], [11, 2], [4, 1], [1, 4], [2, 4]));
  const data = set(256, ip('10.0.0.5'), ip('198.51.100.7'), u16(51_000, 443), Buffer.from([6]), u32(1500, 3));
  const first = await start();
  const second = await start();
  try {
    first.send(netflow9(1, 7, flowTemplate));
    await until('the template to be saved', async () => (await readFile(templates, 'utf8')).includes('recordBytes'));
    const { mtimeMs } = await stat(templates);
    first.send(netflow9(2, 7, flowTemplate));
    first.send(netflow9(3, 7, data));
    await until('the record', () => first.pipeline.entries.counters.entries === 1);
    await delay(100);
    assert.equal((await stat(templates)).mtimeMs, mtimeMs, 'a template that is repeated changes nothing');

    // As after a SIGKILL of the first listener: nothing was stopped.
    const third = await start();
    third.send(netflow9(4, 7, data));
    await until('the record of the next probe', () => third.pipeline.entries.counters.entries === 1);
    await third.listener.stop();
  } finally {
    sender.close();
    await first.listener.stop();
    await second.listener.stop();
  }
});
