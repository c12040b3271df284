/**
 * The distributed set-up on real parts: `telltale migrate`, `probe` and `detector` as separate processes, with Kafka and ClickHouse between
 * and behind them. Whatever happens to the detectors, ClickHouse finally holds what the same code finds in a single process.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Finding, FlowRecord } from '#flow';
import { openStore, type Store } from '#store';
import { projectRoot } from '#runtime';
import { topics } from '#transport';
import { loadDetection } from '../../services/detector/packs.ts';
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
  const key = join(folder.path, 'token.key');
  const { morning, afternoon } = await readTheDay(folder.path, await makeTokenKey(key));
  const day = [morning, afternoon];

  const environment = environmentOf(kafka.brokers, clickhouse.url, clickhouse.database, key);
  await using store = await openStore({ url: clickhouse.url, database: clickhouse.database });
  const stored = async () => (await store.query<{ n: number }>('SELECT count() AS n FROM findings FINAL'))[0]!.n;

  await assertMigrates(environment);
  await using gateA = await Gate.before(clickhouse.url, 'INSERT INTO findings');
  await using gateB = await Gate.before(clickhouse.url, 'INSERT INTO findings');
  await using detectorA = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: gateA.url }).ready();
  await using detectorB = await new TelltaleProcess(['detector'], { ...environment, CLICKHOUSE_URL: gateB.url }).ready();
  await until('two detectors share the partitions', async () => (await brokers.members(group)).length === 2);

  await step(t, 'a detector is killed when some findings are stored, and it does not know of the last ones', async () => {
    for (const gate of [gateA, gateB]) gate.close(2);
    await assertProbe([morning], environment);
    await until('answers are kept from both', () => gateA.held > 0 && gateB.held > 0);
    const inStore = await stored();
    assert.ok(inStore > 0 && inStore < morning.findings.size, `killed in the middle: ${inStore} of ${morning.findings.size} findings are stored`);
    detectorB.kill('SIGKILL');
    assert.equal(await detectorB.exit(), 'SIGKILL');
  });

  await using detectorC = await new TelltaleProcess(['detector'], environment).ready();
  await step(t, 'another takes its place', async () => {
    gateA.open();
    await detectorC.until('and the first have read all', async () => await brokers.lag(group, topics.flows) === 0, 120_000);
    await assertStored(store, [morning]);
  });

  await step(t, 'a detector is stopped in the middle of its work, and the other goes on', async () => {
    gateA.close(2);
    await assertProbe([afternoon], environment);
    await until('an answer is kept from the detector that is to be stopped', () => gateA.held > 0);
    assert.ok(await brokers.lag(group, topics.flows) > 0, 'in the middle');
    detectorA.kill('SIGTERM');
    gateA.open();
    assert.equal(await detectorA.exit(), 0, detectorA.stderr);
    await detectorC.until('has read all', async () => await brokers.lag(group, topics.flows) === 0, 90_000);
    await assertStored(store, day);
    assert.equal(await brokers.count(topics.deadLetters), 0);
  });

  await step(t, 'a message that nobody can read is put aside, the rest goes on; a replay adds nothing', async () => {
    const before = await detectorC.metrics();
    const poison = Buffer.from('no flow records: uid=1840273651');
    await brokers.produce(topics.flows, 3, poison);
    await assertProbe(day, environment);
    await detectorC.until('has read all', async () => await brokers.lag(group, topics.flows) === 0);

    const after = await detectorC.metrics();
    const gained = (name: string, ...labels: string[]) => after.sum(name, ...labels) - before.sum(name, ...labels);
    const [records, findings] = [sizeOf(day, 'records'), sizeOf(day, 'findings')];
    assert.equal(gained('telltale_source_dead_letters_total', 'log="flows"'), 1);
    assert.equal(gained('telltale_source_records_total', 'log="flows"'), records);
    assert.equal(gained('telltale_detector_records_total'), records);
    assert.equal(gained('telltale_store_flows_total'), records);
    assert.equal(gained('telltale_detector_findings_total'), findings);
    assert.equal(gained('telltale_store_findings_total'), findings);
    assert.equal(gained('telltale_sink_records_total', 'log="findings"'), findings);
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
    await assertStored(store, day);
    await assertRollups(store, day);
    assert.equal(await brokers.lag(group, topics.flows), 0);
    const sent = (await brokers.messages(topics.findings)).map(({ value }) => (JSON.parse(value.toString()) as Finding)['event.id']);
    assert.deepEqual(new Set(sent), new Set(day.flatMap(({ findings }) => [...findings.keys()])), 'each finding reached the alerter\'s topic');
  });
});

/** A folder of captures, and what has to be found in it. */
interface Part extends InProcessResult {
  readonly captures: string;
}

async function readTheDay(folder: string, tokenKey: Buffer): Promise<{ morning: Part; afternoon: Part }> {
  const files = officeTraffic({ seed: 20_260_302, captures: 6, flowsPerCapture: 500 });
  const { detection } = await loadDetection({ root: projectRoot });
  const part = async (name: string, captures: readonly Buffer[]): Promise<Part> => {
    const path = join(folder, name);
    await mkdir(path);
    for (const [index, bytes] of captures.entries()) await writeFile(join(path, `${name}-${index}.pcap`), bytes);
    const result = await runInProcess(path, { tokenKey, observer, detection });
    assert.ok([...result.findings.values()].some((finding) => finding['telltale.linked.kinds'].length > 0), 'no links');
    assert.ok(result.findings.size > 2_500, `${result.findings.size} findings`);
    return { captures: path, ...result };
  };
  return { morning: await part('morning', files.slice(0, 3)), afternoon: await part('afternoon', files.slice(3)) };
}

function environmentOf(brokers: readonly string[], url: string, database: TestClickHouse['database'], key: string): Environment {
  return {
    TELLTALE_KAFKA_BROKERS: brokers.join(','), CLICKHOUSE_URL: url, TELLTALE_CLICKHOUSE_DATABASE: database,
    TELLTALE_PROBE_NAME: observer, TELLTALE_PROBE_KEY: key,
    // Small batches, so that a detector can be killed in the middle.
    TELLTALE_DETECTOR_BATCH: '200',
  };
}

/** `t.test` that ends the whole story when it fails, since later steps would only fail again. */
async function step(t: TestContext, name: string, work: () => Promise<void>): Promise<void> {
  let failure: unknown;
  await t.test(name, () => work().catch((error: unknown) => {
    failure = error;
    throw error;
  }));
  if (failure !== undefined) throw failure;
}

async function assertMigrates(environment: Environment): Promise<void> {
  for (const [run, said] of [
    ['the first', /topics were created.*migrations were applied/s],
    ['the second', /all topics exist already.*the schema is up to date/s],
  ] as const) {
    await using migrate = new TelltaleProcess(['migrate'], environment);
    assert.equal(await migrate.exit(), 0, migrate.stderr);
    assert.match(migrate.stderr, said, run);
  }
}

/** Replays the captures. The probe then waits on standard input, so that its metrics can be read when they are final. */
async function assertProbe(parts: readonly Part[], environment: Environment): Promise<void> {
  await using probe = new TelltaleProcess(['probe', ...parts.map(({ captures }) => captures), '-'], environment);
  await probe.until('has read all captures', () => probe.stderr.split('the capture was read').length > 3 * parts.length);
  const metrics = await probe.metrics();
  const total = (count: (part: Part) => number): number => parts.reduce((sum, part) => sum + count(part), 0);
  const flows = total(({ pipeline }) => pipeline.capture.flowsStarted);
  assert.equal(metrics.sum('telltale_probe_packets_total'), total(({ pipeline }) => pipeline.capture.packets));
  assert.equal(metrics.sum('telltale_probe_flows_started_total'), flows);
  assert.equal(metrics.sum('telltale_probe_flows_ended_total'), flows);
  assert.equal(metrics.sum('telltale_probe_records_total'), sizeOf(parts, 'records'));
  assert.equal(metrics.sum('telltale_sink_records_total', 'log="flows"'), sizeOf(parts, 'records'), 'all that was made was accepted by Kafka');
  assert.equal(metrics.sum('telltale_sink_queued_records', 'log="flows"'), 0);
  for (const [kind, count] of Object.entries(metrics.by('kind', 'telltale_identifiers_recognised_total'))) {
    assert.equal(count, total(({ pipeline }) => pipeline.identifiers.recognised.get(kind) ?? 0), kind);
  }
  probe.stdin.end(emptyCapture);
  assert.equal(await probe.exit(), 0, probe.stderr);
}

function sizeOf(parts: readonly Part[], what: 'records' | 'findings'): number {
  return parts.reduce((sum, part) => sum + part[what].size, 0);
}

async function assertStored(store: Store, parts: readonly Part[]): Promise<void> {
  const { records, findings } = joined(parts);
  const ids = async (table: string) =>
    (await store.query<{ id: string }>(`SELECT event_id AS id FROM ${table} FINAL ORDER BY id`)).map(({ id }) => id);
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

async function assertRollups(store: Store, parts: readonly Part[]): Promise<void> {
  const { records, findings } = joined(parts);
  const { observables, ...sums } = sumsOf(records.values());
  for (const period of ['1m', '1h']) {
    assert.deepEqual(await store.query(
      `SELECT sum(source_bytes) AS source_bytes, sum(destination_bytes) AS destination_bytes, sum(source_packets) AS source_packets,
         sum(destination_packets) AS destination_packets, sum(observables) AS observables, sum(records) AS records FROM flows_${period}`,
    ), [{ ...sums, observables, records: records.size }]);
    assert.deepEqual(await store.query(`SELECT sum(findings) AS findings FROM findings_${period}`), [{ findings: findings.size }]);
  }
}

function joined(parts: readonly Part[]): { records: Map<string, FlowRecord>; findings: Map<string, Finding> } {
  return { records: new Map(parts.flatMap((part) => [...part.records])), findings: new Map(parts.flatMap((part) => [...part.findings])) };
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
