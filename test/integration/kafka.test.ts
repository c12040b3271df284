import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Partitioners } from 'kafkajs';
import { createFinding, type FlowRecord } from '#flow';
import { ensureTopics, KafkaFindingSink, KafkaFindingSource, TransportError, type KafkaFlowSource } from '#transport';
import { decodeBatch, encodeBatch } from '#wire';
import { KafkaFixture } from '../support/kafka-fixture.ts';
import { arrivalsOf, idsOf, recordOf, recordsOf, subjects } from '../support/kafka-records.ts';
import { startKafka } from '../support/kafka.ts';
import { until } from '../support/until.ts';

const kafka = await startKafka();
after(() => kafka?.[Symbol.asyncDispose]());

/** The partition, of four, in which kafkajs puts a message with this key. */
function partitionOf(key: string): number {
  const partitionMetadata = [0, 1, 2, 3].map((partitionId) => ({ partitionId, partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] }));
  return Partitioners.DefaultPartitioner()({ topic: '', partitionMetadata, message: { key, value: null } });
}

function subjectIn(partition: number): string {
  return subjects.find((subject) => partitionOf(subject) === partition)!;
}

const outageSkip = kafka?.outage === null && 'the broker is not ours to stop';

describe('Kafka', { skip: kafka === null }, () => {
  test('a subject stays in the partition that its key has, and messages hold many records', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sent = recordsOf(subjects, 100);
    await fixture.sink().send(sent);
    const messages = await fixture.messages(fixture.topic, 4);
    for (const { partition, value } of messages) {
      for (const record of decodeBatch(value!)) assert.equal(partition, partitionOf(record['telltale.subject.ip']));
    }
    assert.deepEqual(idsOf(messages.flatMap(({ value }) => decodeBatch(value!))), idsOf(sent));
    assert.deepEqual((await fixture.ends()).reduce((sum, end) => sum + end), 4, 'one message per partition');
  });

  test('small sends that come while a request is in flight share messages', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink({ maxWaitingSends: 1_000 });
    await Promise.all(recordsOf(['10.0.0.1'], 500).map((record) => sink.send([record])));
    assert.equal(sink.counters.records, 500);
    assert.ok(sink.counters.messages < 10, `${sink.counters.messages} messages`);
  });

  test('a request stays below its bound of bytes, and a record that alone exceeds it becomes a dead letter', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink({ maxMessageBytes: 3_000 });
    const sent = recordsOf(['10.0.0.1'], 200);
    const giant = recordOf('10.0.0.1', 1_000);
    giant['dns.resolved_ip'] = Array.from({ length: 2_000 }, (_, i) => `PLANTED${Math.sin(i)}`);
    await sink.send([...sent.slice(0, 100), giant, ...sent.slice(100)]);

    const received: FlowRecord[] = [];
    void fixture.source().run(async (records) => void received.push(...records));
    await until('the others received', () => received.length >= 200);
    assert.deepEqual(arrivalsOf(received, '10.0.0.1'), Array.from({ length: 200 }, (_, i) => i));
    const [letter] = await fixture.messages(fixture.deadLetterTopic, 1);
    assert.equal(letter!.headers['reason'], 'too_large');
    assert.equal(letter!.value, null);
    assert.deepEqual(sink.counters.deadLetters, { too_large: 1 });
    const sizes = (await fixture.messages(fixture.topic, sink.counters.messages)).map(({ value }) => value!.length);
    assert.ok(Math.max(...sizes) <= 3_000);
  });

  test('a record that cannot be written holds up no other', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink();
    const sent = recordsOf(['10.0.0.1'], 10);
    const impossible = Object.assign(recordOf('10.0.0.1', 99), { 'source.port': -1 });
    await sink.send([...sent.slice(0, 5), impossible, ...sent.slice(5)]);
    assert.deepEqual(sink.counters.deadLetters, { unencodable: 1 });
    const received: FlowRecord[] = [];
    void fixture.source().run(async (records) => void received.push(...records));
    await until('the others received', () => received.length >= 10);
    assert.deepEqual(arrivalsOf(received, '10.0.0.1'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('an offset moves when the handler has confirmed, not before', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    await fixture.sink().send(recordsOf(subjects, 10));
    const source = fixture.source();
    const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
    let calls = 0;
    void source.run(() => (calls++, confirmed));
    await until('the handler is called', () => calls === 1);
    await sleep(500);
    assert.deepEqual(await fixture.committed(), [-1, -1, -1, -1]);
    confirm();
    await until('the handler is done', () => source.counters.records === 200);
    assert.deepEqual(await fixture.committed(), await fixture.ends());
    assert.deepEqual(Object.values(source.counters.lag), [0, 0, 0, 0]);
  });

  test('messages of several partitions make one batch for the handler', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    await fixture.sink().send(recordsOf(subjects, 10));
    const sizes: number[] = [];
    void fixture.source().run(async (records) => void sizes.push(records.length));
    await until('all received', () => sizes.reduce((sum, size) => sum + size, 0) === 200);
    assert.deepEqual(sizes, [200]);
  });

  test('a handler that fails gets the same batch again, and nothing behind it first', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const subject = subjectIn(2);
    await fixture.produce(recordsOf([subject], 10).map((record) => encodeBatch([record])), 2);
    const source = fixture.source({ maxBatchRecords: 2 });
    const handed: number[][] = [];
    void source.run(async (records) => {
      handed.push(records.map((record) => record['telltale.flow.sequence']));
      if (handed.length === 2 || handed.length === 3) throw new Error('the store is away');
    });
    await until('all confirmed', () => source.counters.records === 10);
    assert.deepEqual(handed, [[0, 1], [2, 3], [2, 3], [2, 3], [4, 5], [6, 7], [8, 9]]);
    assert.equal(source.counters.retries, 2);
    assert.equal((await fixture.committed())[2], 10);
  });

  test('what a killed consumer had not confirmed goes to the next one', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sent = recordsOf(subjects, 10);
    await fixture.sink().send(sent);
    const script = fileURLToPath(new URL('../support/kafka-hanging-consumer.js', import.meta.url));
    const args = [script, kafka!.brokers.join(), fixture.topic, fixture.groupId];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(child.stdout, 'data') as [Buffer];
    assert.equal(Number(line.toString()), 200, 'it has got the records');
    child.kill('SIGKILL');
    await once(child, 'exit');

    const received: FlowRecord[] = [];
    void fixture.source().run(async (records) => void received.push(...records));
    await until('received by the next', () => received.length >= 200);
    assert.deepEqual(idsOf(received), idsOf(sent));
  });

  test('a consumer that stops in the middle leaves off where it has confirmed', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const subject = subjectIn(1);
    await fixture.produce(recordsOf([subject], 10).map((record) => encodeBatch([record])), 1);
    const first = fixture.source({ maxBatchRecords: 2 });
    const confirmed: FlowRecord[] = [];
    const running = first.run(async (records) => {
      if (confirmed.length === 4) throw new Error('the store is away');
      confirmed.push(...records);
    });
    await until('it fails', () => first.counters.retries > 0);
    await first.close();
    await running;
    assert.equal((await fixture.committed())[1], 4);
    void fixture.source().run(async (records) => void confirmed.push(...records));
    await until('the rest is confirmed', () => confirmed.length >= 10);
    assert.deepEqual(confirmed.map((record) => record['telltale.flow.sequence']), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a handler that runs longer than the session keeps its membership', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    await fixture.sink().send(recordsOf(subjects, 1));
    const source = fixture.source({ sessionTimeoutMillis: 1_500 });
    let calls = 0;
    void source.run(async () => {
      calls++;
      await sleep(4_000);
    });
    await until('confirmed', () => source.counters.records > 0);
    assert.equal(calls, 1);
    assert.equal(source.counters.restarts, 0);
    assert.deepEqual(await fixture.committed(), await fixture.ends());
  });

  test('members that come and go lose nothing', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink();
    const confirmed: FlowRecord[] = [];
    const handle = async (records: FlowRecord[]): Promise<void> => {
      await sleep(30);
      confirmed.push(...records);
    };
    const sending = (async () => {
      for (let i = 0; i < 100; i++) {
        await sink.send(recordsOf(subjects, 1, i));
        await sleep(20);
      }
    })();
    const first = fixture.source();
    void first.run(handle);
    await until('the first member works', () => first.counters.records > 0);
    const second = fixture.source();
    void second.run(handle);
    await until('the second member works', () => second.counters.records > 0);
    await first.close();
    await sending;
    await until('all confirmed', () => new Set(idsOf(confirmed)).size === 2_000);
    for (const subject of subjects) assert.deepEqual(arrivalsOf(confirmed, subject), Array.from({ length: 100 }, (_, i) => i));
  });

  test('what cannot be decoded becomes a dead letter without payload, and the rest goes on', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const subject = subjectIn(3);
    const good = recordsOf([subject], 2).map((record) => encodeBatch([record]));
    const poison = [Buffer.from('PLANTED is no batch'), Buffer.concat([good[0]!.subarray(0, 30), Buffer.from('PLANTED')]), Buffer.alloc(0)];
    await fixture.produce([good[0]!, ...poison, good[1]!], 3);
    const source = fixture.source();
    const received: FlowRecord[] = [];
    void source.run(async (records) => void received.push(...records));
    await until('the rest confirmed', () => source.counters.records === 2);
    assert.deepEqual(arrivalsOf(received, subject), [0, 1]);
    assert.equal((await fixture.committed())[3], 5);

    const letters = await fixture.messages(fixture.deadLetterTopic, 3);
    const origins = letters.map(({ headers }) => ['source.topic', 'source.partition', 'source.offset', 'bytes'].map((name) => headers[name]));
    assert.deepEqual(origins, [[fixture.topic, '3', '1', '19'], [fixture.topic, '3', '2', '37'], [fixture.topic, '3', '3', '0']]);
    assert.equal(letters[0]!.headers['reason'], 'unknown_version');
    assert.equal(letters[0]!.headers['sha256'], 'd23aa431046d45b6e1658277dd725daf4ceca09e303600481940366a34ad81fe');
    assert.deepEqual(letters.map(({ value, key }) => value ?? key), [null, null, null]);
    assert.equal(Object.values(source.counters.deadLetters).reduce((sum, count) => sum + count), 3);
    assert.doesNotMatch(JSON.stringify(letters) + fixture.logged.join('\n'), /PLANTED/);
  });

  test('a flood of what cannot be decoded is put aside, said once, and holds up nothing', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const subject = subjectIn(0);
    const poison = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`no batch ${i}`));
    await fixture.produce([...poison, encodeBatch([recordOf(subject, 0)])]);
    const source = fixture.source();
    void source.run(async () => undefined);
    await until('what is behind it is confirmed', () => source.counters.records === 1);
    assert.equal(source.counters.deadLetters['unknown_version'], 20_000);
    assert.equal((await fixture.committed())[0], 20_001);
    const lines = fixture.logged.filter((line) => line.startsWith('messages cannot be decoded'));
    assert.ok(lines.length < 20, `${lines.length} lines`);
    assert.match(lines[0]!, /"partition":0,"offset":"0","reason":"unknown_version","error":"[^"]+","messages":\d+/);
  });

  test('the lag grows while a handler waits, and the source says what troubles it', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const [first] = recordsOf([subjectIn(2)], 1);
    const source = fixture.source({ lagIntervalMillis: 50 });
    assert.equal(source.trouble, 'the brokers have not answered yet');
    let away = true;
    void source.run(async () => { if (away) throw new Error('the store is away'); });
    await fixture.produce([encodeBatch([first!])], 2);
    await until('the handler fails', () => source.counters.retries > 0);
    assert.equal(source.trouble, 'a batch is not confirmed: the store is away');
    await fixture.produce([encodeBatch([first!]), encodeBatch([first!])], 2);
    await until('what comes meanwhile is seen', () => source.counters.lag[2] === 3);
    away = false;
    await until('all is read', () => source.counters.lag[2] === 0 && source.counters.records === 3);
    assert.equal(source.trouble, '');
    assert.deepEqual(Object.keys(source.counters.lag), ['0', '1', '2', '3'], 'partitions of which nothing was read have none');
  });

  test('what retention deletes before it is read is counted and said, whether the consumer was away or slow', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const messages = recordsOf([subjectIn(1)], 10).map((record) => encodeBatch([record]));
    const read = async (source: KafkaFlowSource, handle = async (): Promise<void> => undefined): Promise<void> => void source.run(handle);
    const earlier = fixture.source();
    await fixture.produce(messages.slice(0, 2), 1);
    void read(earlier);
    await until('the first are confirmed', () => earlier.counters.records === 2);
    await earlier.close();

    await fixture.produce(messages.slice(2), 1);
    await fixture.deleteBefore(5, 1);
    const later = fixture.source();
    let release = (): void => {};
    void read(later, () => new Promise((resolve) => { release = resolve; }));
    await until('the rest is read', () => later.counters.lost > 0);
    assert.equal(later.counters.lost, 3);
    assert.ok(fixture.logged.some((line) => /deleted before they were read.*"offset":2,"lost":3/.test(line)), fixture.logged.join('\n'));

    await fixture.produce(messages, 1);
    await fixture.deleteBefore(17, 1);
    const pump = setInterval(() => release(), 20);
    await until('what is left is read', () => later.counters.lag[1] === 0 && later.counters.records === 5 + 3);
    clearInterval(pump);
    assert.equal(later.counters.lost, 3 + 7);
  });

  test('while a dead letter is not acknowledged the offset stays', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    await fixture.produce([Buffer.from('no batch')]);
    const source = fixture.source({ deadLetterTopic: 'does-not-exist' });
    void source.run(async () => undefined);
    await until('it tries', () => source.counters.retries > 0);
    assert.deepEqual(await fixture.committed(), [-1, -1, -1, -1]);
    assert.deepEqual(source.counters.deadLetters, {});
  });

  test('producer and consumer outlive an outage of the broker', { skip: outageSkip }, async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink();
    const source = fixture.source();
    const confirmed: FlowRecord[] = [];
    void source.run(async (records) => void confirmed.push(...records));
    await sink.send(recordsOf(subjects, 5));
    await until('the first confirmed', () => confirmed.length >= 100);
    await kafka!.outage!.kill();
    const sent = [sink.send(recordsOf(subjects, 5, 5)), sink.send(recordsOf(subjects, 5, 10))];
    await until('sending fails', () => sink.counters.retries > 1);
    await kafka!.outage!.start();
    await Promise.all(sent);
    await until('all confirmed', () => new Set(idsOf(confirmed)).size === 300);
    for (const subject of subjects) assert.deepEqual(arrivalsOf(confirmed, subject), Array.from({ length: 15 }, (_, i) => i));
    assert.equal(sink.counters.records, 300);
    const told = fixture.logged.filter((line) => line.includes('sending to Kafka'));
    assert.ok(told.length < sink.counters.retries, `${told.length} lines, ${sink.counters.retries} retries`);
    assert.match(told[0]!, /^sending to Kafka failed/);
    assert.match(told.at(-1)!, /^sending to Kafka goes on .*"failures":\d+,"seconds":/);
  });

  test('a sink that is closed during an outage rejects what was not acknowledged', { skip: outageSkip }, async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink({ patienceMillis: 300 });
    await sink.send(recordsOf(subjects, 1));
    await kafka!.outage!.kill();
    const rejected = assert.rejects(sink.send(recordsOf(subjects, 1, 1)), { code: 'closed' });
    await sink.close();
    await rejected;
    await kafka!.outage!.start();
  });

  test('a sink that is drained sends on while brokers accept, and does not wait for those that are away', { skip: outageSkip }, async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const sink = fixture.sink({ patienceMillis: 2_000 });
    sink.drain();
    await sink.send(recordsOf(subjects, 1));
    sink.check();
    await kafka!.outage!.kill();
    const rejected = assert.rejects(sink.send(recordsOf(subjects, 1, 1)), { code: 'closed' });
    await until('the outage is told', () => fixture.logged.some((line) => line.startsWith('sending to Kafka failed')));
    assert.throws(() => sink.check(), Error);
    await rejected;
    await assert.rejects(sink.send(recordsOf(subjects, 1, 2)), { code: 'closed' });
    assert.deepEqual([sink.counters.records, sink.counters.rejected], [20, { closed: 40 }]);
    await kafka!.outage!.start();
  });

  test('where brokers take smaller messages, smaller ones are sent, and a record too large for them becomes a dead letter', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const topic = `${fixture.topic}-small`;
    const admin = fixture.client.admin();
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries: [{ name: 'max.message.bytes', value: '6000' }] }],
    });
    await admin.disconnect();
    const giant = recordOf('10.0.0.1', 1_000);
    giant['dns.resolved_ip'] = Array.from({ length: 2_000 }, (_, i) => `PLANTED${Math.sin(i)}`);
    const sent = recordsOf(subjects, 200);
    const sink = fixture.sink({ topic });
    await sink.send([...sent.slice(0, 100), giant, ...sent.slice(100)]);
    assert.deepEqual([sink.counters.records, sink.counters.deadLetters, sink.counters.rejected], [sent.length, { too_large: 1 }, {}]);

    const received: FlowRecord[] = [];
    void fixture.source({ topic }).run(async (records) => void received.push(...records));
    await until('the others received', () => received.length >= sent.length);
    assert.deepEqual(idsOf(received), idsOf(sent));
  });

  test('what repeating cannot mend is said at once', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const topic = 'not/a/topic';
    const send = fixture.sink({ topic }).send(recordsOf(subjects, 1));
    await assert.rejects(send, (error) => error instanceof TransportError && error.code === 'refused' && error.cause instanceof Error);
    await assert.rejects(fixture.source({ topic }).run(async () => undefined), /topic/i);
  });

  test('a sink waits for its topic, and ends that were never used close', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const topic = `${fixture.topic}-late`;
    const sink = fixture.sink({ topic });
    const sent = sink.send(recordsOf(subjects, 1));
    await until('it tries', () => sink.counters.retries > 0);
    assert.match(fixture.logged.join('\n'), /there is no topic \S+-late: telltale migrate creates it/);
    await ensureTopics(fixture.connection, [{ topic, partitions: 1, replicationFactor: 1, retentionMillis: 3_600_000, compression: 'gzip' }]);
    await sent;
    await Promise.all([fixture.sink().close(), fixture.source().close()]);
  });

  test('findings are JSON, one per message, keyed by subject', async () => {
    await using fixture = await KafkaFixture.create(kafka!.brokers);
    const options = { topic: fixture.topic, deadLetterTopic: fixture.deadLetterTopic };
    const sink = new KafkaFindingSink(fixture.connection, options);
    const source = new KafkaFindingSource(fixture.connection, { ...options, groupId: fixture.groupId, maxWaitMillis: 50 });
    const filled = { 'rule.id': 'r', 'telltale.observables.related': ['user_id=tk1.a'] };
    const findings = subjects.map((subject) => Object.assign(createFinding(recordOf(subject, 0)), { ...filled, 'event.id': subject }));
    await sink.send(findings);
    await fixture.produce([Buffer.from('{"rule.id":7,"message":"PLANTED"}'), Buffer.from('[PLANTED')]);

    const received: unknown[] = [];
    const running = source.run(async (batch) => void received.push(...batch));
    await until('all received', () => received.length === findings.length && source.counters.deadLetters['malformed'] === 2);
    const written = (some: unknown[]): Set<string> => new Set(some.map((finding) => JSON.stringify(finding)));
    assert.deepEqual(written(received), written(findings));
    const messages = await fixture.messages(fixture.topic, subjects.length + 2);
    assert.deepEqual(new Set(messages.map(({ key }) => key)), new Set([...subjects, null]));
    assert.doesNotMatch(fixture.logged.join('\n'), /PLANTED/);
    await Promise.all([sink.close(), source.close()]);
    await running;
  });
});
