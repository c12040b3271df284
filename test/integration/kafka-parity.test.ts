/** What holds for a flow log whatever its adapter: the same tests on Kafka and in process. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowRecord } from '#flow';
import { inProcessLog, type FlowSink, type FlowSource, type SinkCounters, type SourceCounters } from '#transport';
import { KafkaFixture } from '../support/kafka-fixture.ts';
import { arrivalsOf, idsOf, recordsOf, subjects } from '../support/kafka-records.ts';
import { startKafka } from '../support/kafka.ts';
import { until } from '../support/until.ts';

interface Log extends AsyncDisposable {
  readonly sink: FlowSink & { readonly counters: SinkCounters };
  readonly source: FlowSource & { readonly counters: SourceCounters };
}

const options = { maxQueuedRecords: 100, maxWaitingSends: 2, maxBatchRecords: 200 };
const kafka = await startKafka();
after(() => kafka?.[Symbol.asyncDispose]());

const adapters: { name: string; open: () => Promise<Log>; skip: boolean }[] = [
  {
    name: 'in process', skip: false,
    async open() {
      const { sink, source } = inProcessLog<FlowRecord>(options);
      return { sink, source, [Symbol.asyncDispose]: async () => void await Promise.all([source.close(), sink.close()]) };
    },
  },
  {
    name: 'Kafka', skip: kafka === null,
    async open() {
      const fixture = await KafkaFixture.create(kafka!.brokers);
      return { sink: fixture.sink(options), source: fixture.source(options), [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
    },
  },
];

/** Repeats a send that was rejected, as a sender has to. */
async function sendAll(sink: FlowSink, records: readonly FlowRecord[], size: number): Promise<void> {
  for (let start = 0; start < records.length; start += size) {
    const batch = records.slice(start, start + size);
    while (!await sink.send(batch).then(() => true, () => false)) await sleep(10);
  }
}

for (const { name, open, skip } of adapters) {
  describe(name, { skip }, () => {
    test('what is sent arrives, each subject in order, and both ends count it', async () => {
      await using log = await open();
      const received: FlowRecord[] = [];
      const sent = recordsOf(subjects, 30);
      const running = log.source.run(async (records) => void received.push(...records));
      await sendAll(log.sink, sent, 70);
      await until('all received', () => received.length >= sent.length);
      assert.deepEqual(received.toSorted(byId), sent.toSorted(byId));
      for (const subject of subjects) assert.deepEqual(arrivalsOf(received, subject), Array.from({ length: 30 }, (_, i) => i));
      assert.equal(log.sink.counters.records, sent.length);
      await until('the confirmation is counted', () => log.source.counters.records === sent.length);
      await log.source.close();
      await running;
    });

    test('a failed batch comes again, and nothing passes it', async () => {
      await using log = await open();
      const confirmed: FlowRecord[] = [];
      let calls = 0;
      void log.source.run(async (records) => {
        if (calls++ % 3 === 0) throw new Error('the store is away');
        confirmed.push(...records);
      });
      const sent = recordsOf(subjects, 20);
      await sendAll(log.sink, sent, 50);
      await until('all confirmed', () => new Set(idsOf(confirmed)).size === sent.length);
      for (const subject of subjects) assert.deepEqual(arrivalsOf(confirmed, subject), Array.from({ length: 20 }, (_, i) => i));
      assert.ok(log.source.counters.retries > 0);
    });

    test('the handler never runs twice at a time', async () => {
      await using log = await open();
      let running = 0;
      let most = 0;
      let received = 0;
      void log.source.run(async (records) => {
        most = Math.max(most, ++running);
        await sleep(5);
        running--;
        received += records.length;
      });
      await sendAll(log.sink, recordsOf(subjects, 40), 20);
      await until('all received', () => received >= 800);
      assert.equal(most, 1);
    });

    test('sends wait for room, and the line of those that wait is bounded', async () => {
      await using log = await open();
      const sends = Array.from({ length: 6 }, (_, i) => log.sink.send(recordsOf(['10.0.0.1'], 50, i * 50)));
      const settled = Promise.allSettled(sends);
      await until('two are rejected', () => log.sink.counters.rejected['queue_full'] === 100);
      assert.ok(log.sink.counters.queuedRecords <= options.maxQueuedRecords);
      const received: FlowRecord[] = [];
      void log.source.run(async (records) => void received.push(...records));
      const outcomes = (await settled).map(({ status }) => status);
      assert.deepEqual(outcomes, ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
      await until('the accepted ones received', () => received.length === 200);
      assert.deepEqual(arrivalsOf(received, '10.0.0.1'), Array.from({ length: 200 }, (_, i) => i));
      assert.equal(log.sink.counters.queuedRecords, 0);
    });

    test('closing ends both ends', async () => {
      await using log = await open();
      const running = log.source.run(async () => undefined);
      await sendAll(log.sink, recordsOf(subjects, 1), 20);
      await log.sink.close();
      await log.source.close();
      await running;
      await assert.rejects(log.sink.send(recordsOf(subjects, 1)), { name: 'TransportError', code: 'closed' });
      assert.equal(log.sink.counters.rejected['closed'], subjects.length);
    });
  });
}

function byId(a: FlowRecord, b: FlowRecord): number {
  return a['event.id'] < b['event.id'] ? -1 : 1;
}
