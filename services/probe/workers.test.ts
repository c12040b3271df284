import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureBuilder, CaptureError, dnsAnswer, dnsQuery, httpRequest, httpResponse } from '#capture';
import type { FlowRecord } from '#flow';
import { createTokeniser, watch, type Watchlist } from '#identifiers';
import { decodeBatch, encodeBatch } from '#wire';
import { createPipeline } from './create.ts';
import { replayCapture } from './replay.ts';
import { watchKeyOf, watchOf } from './watchlists.ts';
import { ProbeWorkers } from './workers.ts';

const tokenKey = Buffer.alloc(32, 7);
const at = 1_780_000_000_000_000;
let folder: string;

before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'telltale-workers-')); });
after(() => rm(folder, { recursive: true }));

/** Clients that query names, some of them with a resolver in another network, and connect to the answers; in whole frames and in fragments. */
function traffic(): Buffer {
  const builder = new CaptureBuilder({ mtu: 600 });
  for (let host = 0; host < 40; host++) {
    const client = { ip: `10.1.${host % 4}.${host + 1}`, port: 40_000 + host };
    const server = { ip: `198.51.100.${host + 1}`, port: 80 };
    const start = at + host * 50_000;
    const name = `host${host}.example.org`;
    builder.udp({
      client: { ...client, port: 30_000 + host }, server: { ip: host % 2 === 0 ? '9.9.9.9' : '10.9.9.9', port: host % 5 === 0 ? 5300 : 53 },
      at: start,
    })
      .send(dnsQuery(host, name)).receive(dnsAnswer(host, name, 'A', [{ name, type: 'A', ttl: 60, data: server.ip }]));
    builder.tcp({ client, server, at: start + 10_000 }).handshake().send(
      httpRequest('GET', `/a?uid=18402${host + 10}651`, {}),
    ).receive(httpResponse('200 OK')).close();
    builder.udp({
      client: { ...client, port: 50_000 }, server: { ...server, port: 7000 }, at: start + 30_000,
    }).send(Buffer.from(`uid=98402${host + 10}651 ${'x'.repeat(900)}`));
  }
  return builder.pcap();
}

async function recordsOf(file: string, workers?: ProbeWorkers, lists: Watchlist[] = []): Promise<{ records: FlowRecord[]; counted: string }> {
  const pipeline = createPipeline({ tokenKey });
  pipeline.watch(watchOf(lists, tokenKey));
  workers?.watch(lists);
  const records: FlowRecord[] = [];
  const { packets } = await replayCapture({ path: file, name: path.basename(file), size: 0, found: false }, {
    pipeline, ...(workers && { workers }), send: async (batch) => { records.push(...decodeBatch(encodeBatch(batch))); },
  });
  for (const record of records) record['event.created'] = 0;
  const { capture, identifiers } = pipeline;
  const reasons = [...capture.reasons()].map(({ layer, reason, count }) => `${layer}/${reason} ${count}`).toSorted();
  const counted = JSON.stringify([
    packets,
    pipeline.records,
    capture.packets,
    capture.decoded,
    capture.flowsStarted,
    capture.flowsEnded,
    reasons,
    [...identifiers.recognised].toSorted(),
  ]);
  return { records: records.toSorted((a, b) => (a['event.id'] < b['event.id'] ? -1 : 1)), counted };
}

test('the records of three workers are those of one, and so is what they counted', async () => {
  const file = path.join(folder, 'traffic.pcap');
  await writeFile(file, traffic());
  const one = await recordsOf(file);
  assert.equal(
    one.records.filter((record) => record['telltale.destination.domain_source'] === 'dns' && record['network.protocol'] === 'http').length > 40,
    true,
  );
  await using workers = new ProbeWorkers({ workers: 3, tokenKey });
  for (let round = 0; round < 2; round++) {
    const three = await recordsOf(file, workers);
    assert.deepEqual(three.records, one.records);
    assert.equal(three.counted, one.counted);
  }
});

test('workers look for the values of watchlists', async () => {
  const file = path.join(folder, 'watched.pcap');
  await writeFile(file, traffic());
  const lists = [{ name: 'vip', entries: [watch('1840217651', '', createTokeniser(tokenKey), watchKeyOf(tokenKey))] }];
  const one = await recordsOf(file, undefined, lists);
  assert.equal(one.records.filter((record) => record['telltale.observables'].some(({ watchlist }) => watchlist === 'vip')).length, 1);
  await using workers = new ProbeWorkers({ workers: 2, tokenKey });
  assert.deepEqual((await recordsOf(file, workers, lists)).records, one.records);
});

test('workers refuse what is no capture, and say where one breaks off', async () => {
  await using workers = new ProbeWorkers({ workers: 2, tokenKey });
  const pipeline = createPipeline({ tokenKey });
  const read = async (name: string, bytes: Buffer) => {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    return replayCapture({ path: file, name, size: 0, found: false }, { pipeline, workers, send: async () => {} });
  };
  await assert.rejects(
    read('text', Buffer.from('no capture, nor a log '.repeat(1000))),
    (error) => error instanceof CaptureError && error.code === 'not_a_capture',
  );
  await assert.rejects(read('empty', Buffer.alloc(0)), (error) => error instanceof CaptureError && error.code === 'empty');
  const { problem } = await read('cut.pcap', traffic().subarray(0, -10));
  assert.equal(problem?.code, 'truncated');
});

/** More packets than the pending chunks can hold, all of one service, and thus for one worker. */
function muchTraffic(): Buffer {
  const builder = new CaptureBuilder();
  for (let i = 0; i < 10_000; i++) {
    builder
      .udp({ client: { ip: `10.1.${i >> 8}.${i & 0xff}`, port: 40_000 }, server: { ip: '198.51.100.7', port: 7000 }, at: at + i })
      .send(Buffer.from(`uid=18402${10_000 + i} ${'x'.repeat(1100)}`));
  }
  return builder.pcap();
}

test('while a sink does not answer, no more is read than what is on its way', async () => {
  const file = path.join(folder, 'much.pcap');
  await writeFile(file, muchTraffic());
  await using workers = new ProbeWorkers({ workers: 2, tokenKey });
  const read: number[] = [];
  let accept = (): void => {};
  const asked = Promise.withResolvers<void>();
  const pipeline = createPipeline({ tokenKey });
  const replaying = replayCapture({ path: file, name: 'much.pcap', size: 0, found: false }, {
    pipeline, workers, onProgress: (bytes) => read.push(bytes),
    send: () => new Promise((resolve) => {
      accept = resolve;
      asked.resolve();
    }),
  });
  await asked.promise;
  const before = read.at(-1)!;
  await delay(200);
  assert.equal(read.at(-1), before);
  assert.ok(before < muchTraffic().length);
  let isDone = false;
  void replaying.then(() => { isDone = true; });
  while (!isDone) {
    accept();
    await delay(1);
  }
  assert.equal(pipeline.recordsOfWorkers, 20_000);
});

test('what a failing sink did not take stays out of the next capture, and comes whole when its own is read again', async () => {
  const file = path.join(folder, 'failing.pcap');
  await writeFile(file, traffic());
  const other = path.join(folder, 'other.pcap');
  await writeFile(other, muchTraffic());
  const one = await recordsOf(file);
  await using workers = new ProbeWorkers({ workers: 2, tokenKey });
  for (const shared of [workers, undefined]) {
    const pipeline = createPipeline({ tokenKey });
    await assert.rejects(
      replayCapture(
        { path: other, name: 'other.pcap', size: 0, found: false },
        { pipeline, ...(shared && { workers: shared }), send: () => Promise.reject(new Error('no broker')) },
      ),
      /no broker/,
    );
    assert.equal(pipeline.pending, 0);
    const records: FlowRecord[] = [];
    await replayCapture(
      { path: file, name: 'failing.pcap', size: 0, found: false },
      { pipeline, ...(shared && { workers: shared }), send: async (batch) => void records.push(...batch) },
    );
    assert.deepEqual(
      records.map((record) => record['event.id']).toSorted(),
      one.records.map((record) => record['event.id']),
    );
    assert.ok(records.every((record) => record['telltale.evidence.file'] === 'failing.pcap'));
  }
});
