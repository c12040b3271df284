/**
 * The distributed set-up on real parts: `telltale migrate`, `probe` and `detector` as processes of their own, Kafka and ClickHouse
 * between and behind them. Whatever happens to the detectors, what is in ClickHouse in the end is what the same code finds in process.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Finding, FlowRecord } from '#flow';
import { openStore, type Store } from '#store';
import { topics } from '#transport';
import { BrokerView } from '../support/broker-view.ts';
import { startClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Gate } from '../support/gate.ts';
import { startKafka } from '../support/kafka.ts';
import { officeTraffic } from '../support/office-traffic.ts';
import { makeTokenKey, runInProcess, type InProcessResult } from '../support/pipeline-in-process.ts';
import { TelltaleProcess, type Environment } from '../support/service.ts';
import { until } from '../support/until.ts';

const observer = 'office';
const group = 'telltale-detector';
/** A classic pcap without packets, little-endian, Ethernet. */
const emptyCapture = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

test('detectors come, are killed and go: no finding is lost, none doubled, and the metrics agree', { timeout: 240_000 }, async (t) => {
  await using kafka = await startKafka();
  if (kafka === null) return t.skip('there is no Kafka');
  await using clickhouse = await startClickHouse();
  await using folder = await temporaryFolder('distributed');
  await using brokers = await BrokerView.open(kafka.brokers);
  await brokers.clear();
  const captures = join(folder.path, 'captures');
  await mkdir(captures);
  const files = officeTraffic({ seed: 20_260_302, captures: 6, flowsPerCapture: 500 });
  for (const [index, bytes] of files.entries()) await writeFile(join(captures, `office-${index}.pcap`), bytes);
  const key = join(folder.path, 'token.key');
  const expected = await runInProcess(captures, { tokenKey: await makeTokenKey(key), observer });
  assert.ok(expected.findings.size > 5_000, `${expected.findings.size} findings`);

  const environment = environmentOf(kafka.brokers, clickhouse.url, clickhouse.database, key);
  await using store = await openStore({ url: clickhouse.url, database: clickhouse.database });
  const stored = async () => (await store.query<{ n: number }>('SELECT count() AS n FROM findings FINAL'))[0]!.n;

  await assertMigrates(environment);
  await using gateA = await Gate.before(clickhouse.url, 'INSERT INTO findings');
  await using gateB = await Gate.before(clickhouse.url, 'INSERT INTO findings');
  await using detectorA = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: gateA.url }).ready();
  await using detectorB = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: gateB.url }).ready();
  await until('two detectors share the partitions', async () => (await brokers.members(group)).length === 2);

  await step(t, 'a probe replays the captures', async () => {
    await using probe = new TelltaleProcess(['probe', captures, '-'], environment);
    await detectorB.until('stores findings', async () => await stored() > 0);
    // From here on no detector learns that its findings were stored.
    gateA.close();
    gateB.close();
    await assertProbe(probe, expected);
  });

  await step(t, 'a detector is killed between the store\'s work and its confirmation', async () => {
    await until('answers are kept from both', () => gateA.held > 0 && gateB.held > 0);
    const inStore = await stored();
    assert.ok(inStore > 0 && inStore < expected.findings.size, `killed in the middle: ${inStore} of ${expected.findings.size} findings are stored`);
    detectorB.kill('SIGKILL');
    assert.equal(await detectorB.exit(), 'SIGKILL');
  });

  await using detectorC = await new TelltaleProcess(['detector'], environment).ready();
  await step(t, 'another takes its place, and one is stopped in the middle of its work', async () => {
    const before = await brokers.members(group);
    gateA.open();
    const isShared = (members: readonly string[]) => members.length === 2 && members.some((member) => !before.includes(member));
    await until('the killed one\'s partitions have gone to the others', async () => isShared(await brokers.members(group)), 90_000);
    gateA.close();
    await until('an answer is kept from the detector that is to be stopped', () => gateA.held > 0);
    detectorA.kill('SIGTERM');
    assert.ok(await stored() < expected.findings.size, 'stopped in the middle');
    gateA.open();
    assert.equal(await detectorA.exit(), 0, detectorA.stderr);
    await detectorC.until('has read all', async () => await brokers.lag(group, topics.flows) === 0, 90_000);
    await assertStored(store, expected);
    assert.equal(await brokers.count(topics.deadLetters), 0);
  });

  await step(t, 'a message that nobody can read is put aside, the rest goes on; a replay adds nothing', async () => {
    const before = await detectorC.metrics();
    const poison = Buffer.from('no flow records: uid=1840273651');
    await brokers.produce(topics.flows, 3, poison);
    await using probe = new TelltaleProcess(['probe', captures, '-'], environment);
    await assertProbe(probe, expected);
    await detectorC.until('has read all', async () => await brokers.lag(group, topics.flows) === 0);

    const after = await detectorC.metrics();
    const gained = (name: string, ...labels: string[]) => after.sum(name, ...labels) - before.sum(name, ...labels);
    assert.equal(gained('telltale_source_dead_letters_total', 'log="flows"'), 1);
    assert.equal(gained('telltale_source_records_total', 'log="flows"'), expected.records.size);
    assert.equal(gained('telltale_detector_records_total'), expected.records.size);
    assert.equal(gained('telltale_store_flows_total'), expected.records.size);
    assert.equal(gained('telltale_store_findings_total'), gained('telltale_detector_findings_total'));
    assert.equal(gained('telltale_store_findings_total'), expected.findings.size);
    assert.equal(gained('telltale_sink_records_total', 'log="findings"'), expected.findings.size);
    assert.equal(after.sum('telltale_store_rejected_total'), 0);
    assert.deepEqual(new Set(Object.values(after.by('partition', 'telltale_source_lag'))), new Set([0]));

    const [letter, ...others] = await brokers.messages(topics.deadLetters);
    assert.equal(others.length, 0);
    assert.equal(letter!.value.length, 0, 'a dead letter has no payload');
    assert.equal(letter!.headers['source.partition'], '3');
    assert.equal(letter!.headers['bytes'], String(poison.length));
    assert.ok(letter!.headers['reason']);
    assert.doesNotMatch(detectorC.stderr, /1840273651/);
  });

  await step(t, 'at the end', async () => {
    detectorC.kill('SIGTERM');
    assert.equal(await detectorC.exit(), 0, detectorC.stderr);
    await assertStored(store, expected);
    await assertRollups(store, expected);
    assert.equal(await brokers.lag(group, topics.flows), 0);
    const sent = (await brokers.messages(topics.findings)).map(({ value }) => (JSON.parse(value.toString()) as Finding)['event.id']);
    assert.deepEqual(new Set(sent), new Set(expected.findings.keys()), 'each finding reached the alerter\'s topic');
  });
});

function environmentOf(brokers: readonly string[], url: string, database: TestClickHouse['database'], key: string): Environment {
  return {
    TELLTALE_KAFKA_BROKERS: brokers.join(','), CLICKHOUSE_URL: url, TELLTALE_CLICKHOUSE_DATABASE: database,
    TELLTALE_PROBE_NAME: observer, TELLTALE_PROBE_KEY: key,
    // Small batches, so that there is a middle.
    TELLTALE_DETECTOR_BATCH: '200',
  };
}

/** `t.test` that ends the whole story when it fails: what follows would only repeat it. */
async function step(t: TestContext, name: string, work: () => Promise<void>): Promise<void> {
  let failure: unknown;
  await t.test(name, () => work().catch((error: unknown) => {
    failure = error;
    throw error;
  }));
  if (failure !== undefined) throw failure;
}

async function assertMigrates(environment: Environment): Promise<void> {
  for (const [run, said] of [['the first', /topics created.*migrations applied/s], ['the second', /all topics exist.*the schema is up to date/s]] as const) {
    await using migrate = new TelltaleProcess(['migrate'], environment);
    assert.equal(await migrate.exit(), 0, migrate.stderr);
    assert.match(migrate.stderr, said, run);
  }
}

/** The probe waits on standard input when it has read the folder: its metrics are final then. */
async function assertProbe(probe: TelltaleProcess, expected: InProcessResult): Promise<void> {
  const { pipeline, records } = expected;
  await probe.until('has read all captures', () => probe.stderr.includes('office-5.pcap'));
  const metrics = await probe.metrics();
  assert.equal(metrics.sum('telltale_probe_packets_total'), pipeline.capture.packets);
  assert.equal(metrics.sum('telltale_probe_flows_started_total'), pipeline.capture.flowsStarted);
  assert.equal(metrics.sum('telltale_probe_flows_ended_total'), pipeline.capture.flowsStarted);
  assert.equal(metrics.sum('telltale_probe_records_total'), records.size);
  assert.equal(metrics.sum('telltale_sink_records_total', 'log="flows"'), records.size, 'all that was made was accepted by Kafka');
  assert.equal(metrics.sum('telltale_sink_queued_records', 'log="flows"'), 0);
  assert.deepEqual(metrics.by('kind', 'telltale_identifiers_recognised_total'), Object.fromEntries(pipeline.identifiers.recognised));
  probe.stdin.end(emptyCapture);
  assert.equal(await probe.exit(), 0, probe.stderr);
}

async function assertStored(store: Store, { records, findings }: InProcessResult): Promise<void> {
  const ids = async (table: string) => (await store.query<{ id: string }>(`SELECT event_id AS id FROM ${table} FINAL ORDER BY id`)).map(({ id }) => id);
  assert.deepEqual(await ids('findings'), [...findings.keys()].toSorted());
  assert.deepEqual(await ids('flows'), [...records.keys()].toSorted());
  assert.deepEqual(await store.query(
    `SELECT sum(source_bytes) AS source_bytes, sum(destination_bytes) AS destination_bytes, sum(source_packets) AS source_packets,
       sum(destination_packets) AS destination_packets, sum(length(telltale_observables.kind)) AS observables FROM flows FINAL`,
  ), [sumsOf(records.values())]);
  assert.deepEqual(await store.query(
    `SELECT rule_id AS rule, event_severity_name AS level, telltale_observable_token AS token, count() AS n FROM findings FINAL
     GROUP BY rule, level, token ORDER BY rule, level, token`,
  ), tallyOf(findings.values()));
}

async function assertRollups(store: Store, { records, findings }: InProcessResult): Promise<void> {
  const { observables, ...sums } = sumsOf(records.values());
  for (const period of ['1m', '1h']) {
    assert.deepEqual(await store.query(
      `SELECT sum(source_bytes) AS source_bytes, sum(destination_bytes) AS destination_bytes, sum(source_packets) AS source_packets,
         sum(destination_packets) AS destination_packets, sum(observables) AS observables, sum(records) AS records FROM flows_${period}`,
    ), [{ ...sums, observables, records: records.size }]);
    assert.deepEqual(await store.query(`SELECT sum(findings) AS findings FROM findings_${period}`), [{ findings: findings.size }]);
  }
}

function sumsOf(records: Iterable<FlowRecord>) {
  const sums = { source_bytes: 0, destination_bytes: 0, source_packets: 0, destination_packets: 0, observables: 0 };
  for (const record of records) {
    sums.source_bytes += record['source.bytes'];
    sums.destination_bytes += record['destination.bytes'];
    sums.source_packets += record['source.packets'];
    sums.destination_packets += record['destination.packets'];
    sums.observables += record['telltale.observables'].length;
  }
  return sums;
}

function tallyOf(findings: Iterable<Finding>) {
  const tally = new Map<string, { rule: string; level: string; token: string; n: number }>();
  for (const finding of findings) {
    const [rule, level, token] = [finding['rule.id'], finding['event.severity_name'], finding['telltale.observable.token']];
    const entry = tally.get(`${rule} ${level} ${token}`);
    if (entry) entry.n++;
    else tally.set(`${rule} ${level} ${token}`, { rule, level, token, n: 1 });
  }
  return [...tally.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
