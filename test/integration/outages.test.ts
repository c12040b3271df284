/** What a detector says and does while a part that it needs is down: `telltale detector` as a process of its own, on a real Kafka. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '#store';
import { KafkaFlowSink, topics } from '#transport';
import { demonstrationCapture } from '../../services/probe/demonstration.ts';
import { dnsEvent } from '../../services/probe/testing/suricata-event.ts';
import { BrokerView } from '../support/broker-view.ts';
import { startClickHouse } from '../support/clickhouse.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Gate } from '../support/gate.ts';
import { recordsOf, subjects } from '../support/kafka-records.ts';
import { startKafka } from '../support/kafka.ts';
import { TelltaleProcess, type Environment } from '../support/service.ts';

const group = 'telltale-detector';

/** The parts that are missing, according to /readyz. */
async function missing({ url }: TelltaleProcess): Promise<string[]> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: { name: string; ok: boolean; reason?: string }[] };
  assert.equal(response.status, checks.every(({ ok }) => ok) ? 200 : 503);
  return checks.filter(({ ok }) => !ok).map(({ name, reason }) => `${name}: ${reason}`);
}

async function stopWhileKafkaIsAway(args: string[], environment: Environment): Promise<{ status: unknown; stderr: string }> {
  await using probe = new TelltaleProcess(['probe', ...args], environment);
  await probe.until('to say that Kafka is away', () => probe.stderr.includes('sending to Kafka failed'));
  probe.kill('SIGTERM');
  return { status: await probe.exit(), stderr: probe.stderr };
}

test('ClickHouse and Kafka go away: readiness and lag say so, a stop is no failure, and nothing is missing in the end', { timeout: 360_000 }, async (t) => {
  await using kafka = await startKafka();
  if (kafka === null) return t.skip('there is no Kafka');
  if (kafka.outage === null) return t.skip('the broker is not ours to stop');
  await using clickhouse = await startClickHouse();
  await using brokers = await BrokerView.open(kafka.brokers);
  await brokers.clear();
  await using store = await openStore({ url: clickhouse.url, database: clickhouse.database });
  const stored = async (): Promise<number> => (await store.query<{ n: number }>('SELECT count() AS n FROM flows FINAL'))[0]!.n;
  const environment = { TELLTALE_KAFKA_BROKERS: kafka.brokers.join(','), TELLTALE_CLICKHOUSE_DATABASE: clickhouse.database };
  await using migration = new TelltaleProcess(['migrate'], { ...environment, CLICKHOUSE_URL: clickhouse.url });
  assert.equal(await migration.exit(), 0, migration.stderr);
  const sink = new KafkaFlowSink({ brokers: kafka.brokers, clientId: 'test' });
  t.after(() => sink.close());

  await using folder = await temporaryFolder('outages');
  const [capture, log] = [join(folder.path, 'demonstration.pcap'), join(folder.path, 'eve.json')];
  await writeFile(capture, demonstrationCapture(1_775_217_600_000_000));
  await writeFile(log, dnsEvent('portal.example'));
  const probes = {
    ...environment, TELLTALE_PROBE_KEY: join(folder.path, 'token.key'), TELLTALE_PROBE_POSITIONS: join(folder.path, 'positions.json'),
  };

  await using gate = await Gate.before(clickhouse.url, ''); // all requests
  await using first = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: gate.url }).ready();
  await sink.send(recordsOf(subjects, 1));
  await first.until('to store the first records', async () => (await stored()) === 20);

  gate.close(0);
  await sink.send(recordsOf(subjects, 4, 1));
  await first.until('to wait for the store', () => gate.held > 0);
  const stopped = performance.now();
  first.kill('SIGTERM');
  assert.equal(await first.exit(), 0, first.stderr);
  assert.ok(performance.now() - stopped < 15_000, 'within the time that a stop may take');
  assert.match(first.stderr, /ClickHouse has not answered for 5 s/);
  assert.doesNotMatch(first.stderr, /did not stop in time|failed to stop/);
  assert.notEqual(await brokers.lag(group, topics.flows), 0, 'what the store did not confirm is not committed');

  const secondGate = await Gate.before(clickhouse.url, 'no words');
  await using second = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: secondGate.url }).ready();
  await second.until('to store what was left', async () => (await stored()) === 100);
  await secondGate[Symbol.asyncDispose]();
  await sink.send(recordsOf(subjects, 6, 5));
  await second.until('to say that the store is away', async () => (await missing(second)).some((part) => part.startsWith('store: ')));
  await second.until('to fall behind', async () => (await second.metrics()).sum('telltale_source_lag', 'log="flows"') > 0);
  second.kill('SIGTERM');
  assert.equal(await second.exit(), 0, second.stderr);

  await using third = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: clickhouse.url }).ready();
  await third.until('to store what was left', async () => (await stored()) === 220 && (await brokers.lag(group, topics.flows)) === 0);

  await kafka.outage.kill();
  await third.until('to say that Kafka is away', async () => (await missing(third)).some((part) => part.startsWith('flow records: ')));
  const [job, follower] = await Promise.all([[capture], ['--follow', log]].map((args) => stopWhileKafkaIsAway(args, probes)));
  assert.equal(job!.status, 1, 'whoever waits for a capture to be read must learn that it was not');
  assert.match(job!.stderr, /stopped before all was read and accepted by Kafka/);
  assert.equal(follower!.status, 0, follower!.stderr);
  await kafka.outage.start();
  await third.ready();
  await sink.send(recordsOf(subjects, 1, 11));
  await third.until('to read on', async () => (await stored()) === 240);

  await using again = new TelltaleProcess(['probe', capture], probes);
  assert.equal(await again.exit(), 0, again.stderr);
  await third.until('to store the capture', async () => (await stored()) > 240);
  const withCapture = await stored();
  await using follows = await new TelltaleProcess(['probe', '--follow', log], probes).ready();
  await third.until('to store what the file that is followed holds', async () => (await stored()) === withCapture + 1);
  follows.kill('SIGTERM');
  assert.equal(await follows.exit(), 0, follows.stderr);
  third.kill('SIGTERM');
  assert.equal(await third.exit(), 0, third.stderr);
});
