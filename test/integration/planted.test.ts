/**
 * Nothing raw leaves the probe. A capture with identifiers of every kind is read, and every byte that any part of Telltale writes, sends
 * or shows is searched for them: as they are, percent-encoded, in base64, in hexadecimal, in either case of letters.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore, type Store } from '#store';
import { topics } from '#transport';
import { decodeBatch } from '#wire';
import { createPipeline } from '../../services/probe/create.ts';
import { replayCapture } from '../../services/probe/replay.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { BrokerView } from '../support/broker-view.ts';
import { startClickHouse } from '../support/clickhouse.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startKafka } from '../support/kafka.ts';
import { makeTokenKey } from '../support/pipeline-in-process.ts';
import { planted, plantedCapture, plantedTexts } from '../support/planted.ts';
import { Search } from '../support/search.ts';
import { TelltaleProcess, type Environment } from '../support/service.ts';
import { openWebhook } from '../support/webhook.ts';

const outspoken = { TELLTALE_LOG_LEVEL: 'trace', TELLTALE_LOG_FORMAT: 'json', TELLTALE_DEBUG: '1' };
/** A classic pcap without packets, little-endian, Ethernet. */
const emptyCapture = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

test('what is planted is there to be found: the probe recognises each of it, and --reveal shows it', async () => {
  await using folder = await temporaryFolder('planted');
  const capture = await writeCapture(folder.path);
  const recognised: string[] = [];
  const pipeline = createPipeline({
    tokenKey: Buffer.alloc(32, 1),
    onRecognised: (found) => recognised.push(...found.map(({ value }) => value.toLowerCase())),
  });
  await replayCapture({ path: capture, name: 'planted', size: 0, found: false }, { pipeline, send: async () => {} });
  const missed = Object.entries(planted).filter(([, value]) => !recognised.some((one) => one.includes(value.toLowerCase())));
  assert.deepEqual(missed, []);

  const search = new Search(plantedTexts);
  search.in('capture', await readFile(capture));
  await using scan = new TelltaleProcess(['scan', capture, '--reveal', '--data', join(folder.path, 'data')]);
  await scan.exit();
  search.in('scan --reveal', scan.stdout);
  for (const value of [planted.userInQuery, planted.emailInForm, planted.roomInBinary, planted.imeiInAgent, planted.turnUser]) {
    assert.ok(search.found.some((place) => place.startsWith('scan --reveal') && place.includes(value)), value);
  }
  assert.ok(
    search.found.some((place) => place.startsWith('capture') && place.includes(planted.emailInBase64) && place.endsWith('base64')),
    'the search finds base64',
  );
});

test('the distributed set-up holds, sends, logs and shows none of it', { timeout: 180_000 }, async (t) => {
  await using kafka = await startKafka();
  if (kafka === null) return t.skip('there is no Kafka');
  await using clickhouse = await startClickHouse();
  await using folder = await temporaryFolder('planted');
  await using brokers = await BrokerView.open(kafka.brokers);
  await brokers.clear();
  await using webhook = await openWebhook();
  await using alertmanager = await startAlertmanager(folder.path);
  const capture = await writeCapture(folder.path);
  const key = join(folder.path, 'token.key');
  await makeTokenKey(key);
  const journal = join(folder.path, 'alerter');
  const environment: Environment = {
    ...outspoken,
    TELLTALE_KAFKA_BROKERS: kafka.brokers.join(','),
    CLICKHOUSE_URL: clickhouse.url,
    TELLTALE_CLICKHOUSE_DATABASE: clickhouse.database,
    TELLTALE_PROBE_KEY: key,
    TELLTALE_ALERTER_STATE: journal,
    TELLTALE_ALERTER_GROUP_WAIT: '50ms',
    // Findings come in several batches: what the later ones say of a group is to be sent soon as well.
    TELLTALE_ALERTER_REPEAT_INTERVAL: '100ms',
    TELLTALE_ALERTER_RECEIVERS: receivers(webhook.url, alertmanager?.url),
  };

  await using migrate = new TelltaleProcess(['migrate'], environment);
  assert.equal(await migrate.exit(), 0, migrate.stderr);
  await using detector = await new TelltaleProcess(['detector'], environment).ready();
  await using alerter = await new TelltaleProcess(['alerter'], environment).ready();
  await using review = await new TelltaleProcess(['review'], environment).ready();
  await using probe = new TelltaleProcess(['probe', capture, '-'], environment);
  await probe.until('has read the capture', () => probe.stderr.includes('planted.pcapng'));
  await detector.until(
    'has read all',
    async () => (await brokers.count(topics.flows)) > 0 && (await brokers.lag('telltale-detector', topics.flows)) === 0,
  );
  await alerter.until('has alerted all', async () => {
    const metrics = await alerter.metrics();
    return (
      (await brokers.lag('telltale-alerter', topics.findings)) === 0 &&
      metrics.sum('telltale_alerter_findings_total') > 0 &&
      metrics.sum('telltale_alerts_pending') === 0
    );
  });

  const search = new Search(plantedTexts);
  for (const [name, service] of Object.entries({ probe, detector, alerter, review }))
    search.in(`metrics of the ${name}`, (await service.metrics()).text);
  await searchReview(search, review.url);
  for (const [topic, decode] of [
    [topics.flows, (value: Buffer) => JSON.stringify(decodeBatch(value))],
    [topics.findings, String],
    [topics.deadLetters, String],
  ] as const) {
    for (const message of await brokers.messages(topic))
      search.in(topic, `${message.key} ${JSON.stringify(message.headers)} ${decode(message.value)}`);
  }
  for (const body of webhook.bodies) search.in('webhook', body);
  if (alertmanager) search.in('Alertmanager', JSON.stringify(await alertmanager.alerts()));
  {
    await using store = await openStore({ url: clickhouse.url, database: clickhouse.database });
    await store.refreshRollups();
    await searchTables(search, store);
  }

  probe.stdin.end(emptyCapture);
  assert.equal(await probe.exit(), 0, probe.stderr);
  for (const service of [detector, alerter, review]) {
    service.kill('SIGTERM');
    assert.equal(await service.exit(), 0, service.stderr);
  }
  for (const [name, { stdout, stderr }] of Object.entries({ migrate, probe, detector, alerter, review }))
    search.in(`output of the ${name}`, stdout + stderr);
  await search.folder('journal', journal);
  if (alertmanager) {
    search.in('Alertmanager', alertmanager.log());
    await search.folder('Alertmanager', alertmanager.folder);
  }
  if (kafka.dataFolder) await search.folder('log segments', kafka.dataFolder, /\.log$/);
  if (clickhouse.dataFolder) await search.folder('files of ClickHouse', clickhouse.dataFolder);

  assertSearched(search, [
    'metrics of the probe', 'review', topics.flows, topics.findings, 'webhook', 'table flows', 'table findings', 'output of the probe',
    'output of the detector', 'journal', ...(alertmanager ? ['Alertmanager'] : []), ...(kafka.dataFolder ? ['log segments'] : []),
    ...(clickhouse.dataFolder ? ['files of ClickHouse'] : []),
  ]);
  assert.deepEqual(search.found, []);
});

test('standalone holds, sends, logs and shows none of it', { timeout: 90_000 }, async () => {
  await using folder = await temporaryFolder('planted');
  await using webhook = await openWebhook();
  const capture = await writeCapture(folder.path);
  const data = join(folder.path, 'data');
  await using up = new TelltaleProcess(['up', capture, '--data', data], {
    ...outspoken, TELLTALE_ALERTER_GROUP_WAIT: '50ms', TELLTALE_ALERTER_RECEIVERS: receivers(webhook.url),
  });
  await up.until('has read the capture', () => up.stdout.includes('Review page: '));
  await up.until('has alerted', () => webhook.bodies.length > 0);

  const search = new Search(plantedTexts);
  search.in('metrics', (await up.metrics()).text);
  await searchReview(search, up.url);
  up.kill('SIGINT');
  assert.equal(await up.exit(), 0, up.stderr);
  search.in('output', up.stdout + up.stderr);
  for (const body of webhook.bodies) search.in('webhook', body);

  for (const format of ['ndjson', 'table']) {
    await using scan = new TelltaleProcess(['scan', capture, '--format', format, '--data', data], { ...outspoken });
    assert.equal(await scan.exit(), 0, scan.stderr);
    search.in(`scan --format ${format}`, scan.stdout + scan.stderr);
  }
  await search.folder('data folder', data);
  {
    await using store = await openStore({ path: join(data, 'clickhouse') });
    await searchTables(search, store);
  }
  assertSearched(search, [
    'metrics',
    'review',
    'output',
    'webhook',
    'scan --format ndjson',
    'scan --format table',
    'data folder',
    'table flows',
    'table findings',
  ]);
  assert.deepEqual(search.found, []);
});

async function writeCapture(folder: string): Promise<string> {
  const file = join(folder, 'planted.pcapng');
  await writeFile(file, plantedCapture());
  return file;
}

function receivers(webhook: string, alertmanager?: string): string {
  return JSON.stringify([
    { name: 'hook', type: 'webhook', url: webhook, minimumLevel: 'informational' },
    ...(alertmanager === undefined ? [] : [{ name: 'am', type: 'alertmanager', url: alertmanager, minimumLevel: 'informational' }]),
  ]);
}

/** Searches every answer that the review page can give. */
async function searchReview(search: Search, url: string): Promise<void> {
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`${url}${path}`);
    const answer = await response.text();
    assert.equal(response.status, 200, answer);
    search.in('review', answer);
    return answer;
  };
  await ask('/');
  await ask('/api/summary');
  const ofFlow = new Map<string, string>();
  let found = 0;
  for (let page = 1, rows = 1; rows > 0; page++) {
    const { findings } = JSON.parse(await ask(`/api/findings?page=${page}`)) as { findings: Record<string, string>[] };
    for (const finding of findings) ofFlow.set(finding['telltale.flow.id']!, finding['event.id']!);
    rows = findings.length;
    found += rows;
  }
  assert.ok(found > 300 && ofFlow.size > 20, `${found} findings in ${ofFlow.size} flows`);
  for (const finding of ofFlow.values()) await ask(`/api/findings/${finding}`);
}

/** Searches all rows of all tables, including rollups and materialised parts. */
async function searchTables(search: Search, store: Store): Promise<void> {
  const tables = await store.query<{ name: string }>('SELECT name FROM system.tables WHERE database = currentDatabase()');
  assert.ok(tables.length >= 7, `${tables.length} tables`);
  for (const { name } of tables) {
    const rows = await store.query(`SELECT toString(tuple(*)) AS row FROM ${name}`);
    search.in(`table ${name}`, JSON.stringify(rows));
  }
}

/** Makes sure that every place was searched: a search that looked nowhere finds nothing either. */
function assertSearched(search: Search, places: readonly string[]): void {
  for (const place of places) assert.ok((search.searched.get(place) ?? 0) > 100, `${place}: ${search.searched.get(place) ?? 0} bytes searched`);
}
