/**
 * Records per second through a real Kafka, from send to the handler's confirmation: Telltale's batches against kafkajs with one JSON
 * record per message. `node dist/test/bench/transport.js [rounds] [records]`
 *
 * Rounds alternate between the ways; the figure is the ratio of the medians. transport.baseline.json holds the ratio that a change is
 * compared with. Both ways write with acks=-1 in sends of the same size, read in the same process, and confirm offsets after the handler.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs';
import { createFlowRecord, type FlowRecord } from '#flow';
import { KafkaFlowSink, KafkaFlowSource } from '#transport';
import { realisticRecords } from './codec/records.ts';
import { sparse } from './codec/candidates.ts';
import { startKafka } from '../support/kafka.ts';

const rounds = Number(process.argv[2] ?? 5);
const total = Number(process.argv[3] ?? 40_000);
const recordsPerSend = 2_000;
const records = realisticRecords(total);
await using kafka = await startKafka();
if (kafka === null) process.exit(1);
const connection = { brokers: kafka.brokers, clientId: 'bench' };

type Way = (topic: string) => Promise<number>;

const ways: Record<string, Way> = {
  'Telltale': telltale,
  'JSON per message': (topic) => jsonPerMessage(topic, CompressionTypes.None),
  'JSON per message, gzip': (topic) => jsonPerMessage(topic, CompressionTypes.GZIP),
};

async function telltale(topic: string): Promise<number> {
  const sink = new KafkaFlowSink(connection, { topic });
  const source = new KafkaFlowSource(connection, { topic, groupId: randomUUID() });
  const { promise: received, resolve: done } = Promise.withResolvers<void>();
  let count = 0;
  void source.run(async (batch) => {
    count += batch.length;
    if (count >= total) done();
  });
  const seconds = await timed(async () => {
    for (const batch of batches()) await sink.send(batch);
    await received;
  });
  await Promise.all([sink.close(), source.close()]);
  assert.equal(count, total);
  return seconds;
}

async function jsonPerMessage(topic: string, compression: CompressionTypes): Promise<number> {
  const client = new Kafka({ ...connection, logLevel: logLevel.NOTHING });
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 250, minBytes: 65_536 });
  const { promise: received, resolve: done } = Promise.withResolvers<void>();
  const found: FlowRecord[] = [];
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch: { messages } }) => {
      for (const { value } of messages) found.push(Object.assign(createFlowRecord(), JSON.parse(value!.toString())));
      if (found.length >= total) done();
    },
  });
  const seconds = await timed(async () => {
    for (const batch of batches()) {
      const messages = batch.map((record) => ({ key: record['telltale.subject.ip'], value: JSON.stringify(sparse(record)) }));
      await producer.send({ topic, acks: -1, compression, messages });
    }
    await received;
  });
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  assert.equal(found.length, total);
  return seconds;
}

function* batches(): Generator<FlowRecord[]> {
  for (let start = 0; start < total; start += recordsPerSend) yield records.slice(start, start + recordsPerSend);
}

/** Creates a topic with the brokers' own defaults, which store each way's messages as they are sent. */
async function createTopic(topic: string): Promise<void> {
  const admin = new Kafka({ ...connection, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true });
  await admin.disconnect();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const rates = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
for (let round = -1; round < rounds; round++) {
  for (const [name, way] of Object.entries(ways)) {
    const topic = `bench-${randomUUID()}`;
    await createTopic(topic);
    const seconds = await way(topic);
    if (round >= 0) rates.get(name)!.push(total / seconds);
  }
}

const median = (name: string): number => rates.get(name)!.toSorted((a, b) => a - b)[rounds >> 1]!;
const ratio = median('Telltale') / median('JSON per message');
console.table(Object.fromEntries([...rates.keys()].map((name) => {
  return [name, { 'records/s': Math.round(median(name)), 'Telltale is faster by': round2(median('Telltale') / median(name)) }];
})));
const baselineFile = new URL('../../../test/bench/transport.baseline.json', import.meta.url);
const baseline = JSON.parse(await readFile(baselineFile, 'utf8')) as { overJsonPerMessage: number };
console.log(`ratio ${round2(ratio)}, baseline ${baseline.overJsonPerMessage}, target 2.5`);

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
