import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAlertmanager } from '../../test/support/alertmanager.ts';
import { BrokerView } from '../../test/support/broker-view.ts';
import { startClickHouse } from '../../test/support/clickhouse.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { startKafka } from '../../test/support/kafka.ts';
import { freePort } from '../../test/support/port.ts';
import { TelltaleProcess, type Environment } from '../../test/support/service.ts';
import { openWebhook } from '../../test/support/webhook.ts';
import { lookAtGeoTables } from './doctor-standalone.ts';

/** Ports on which nobody listens. */
const nothingThere: Environment = { TELLTALE_KAFKA_BROKERS: '127.0.0.1:1', CLICKHOUSE_URL: 'http://someone:hidden-password@127.0.0.1:1' };

interface Answer {
  readonly status: number | string;
  readonly text: string;
  /** Lines about a part, its remedy included. */
  of(part: string): string;
}

async function askDoctor(args: readonly string[], environment: Environment): Promise<Answer> {
  await using doctor = new TelltaleProcess(['doctor', ...args], environment);
  const status = await doctor.exit();
  const text = doctor.stdout;
  return {
    status,
    text,
    of: (part) =>
      new RegExp(`^  (?:ok|warn|missing) +${part}  .*(?:\n {11,}.*)*`, 'm').exec(text)?.[0] ?? `nothing about ${part} in:\n${text}\n${doctor.stderr}`,
  };
}

test('on a machine with nothing but Telltale: standalone works, and looking made nothing', async () => {
  await using folder = await temporaryFolder('doctor');
  const data = join(folder.path, 'not', 'yet');
  const { status, text, of } = await askDoctor(['--data', data], nothingThere);
  assert.equal(status, 0, text);
  assert.match(of('Node'), /ok .*the pinned one/);
  assert.match(of('data folder'), /ok .*which the first start makes/);
  assert.match(of('token key'), /ok .*the first start makes it/);
  assert.match(of('embedded ClickHouse'), /ok +embedded ClickHouse +2\d\.\d+.*no data yet/);
  assert.match(of('rules and policies'), /ok .*\d+ rules, \d+ polic\S+, \d+ services/);
  assert.match(of('geo tables'), /built on 20\d\d-\d\d-\d\d/);
  assert.match(of('Kafka'), /missing .*127\.0\.0\.1:1: nothing listens there.*\n +→ Start it .*TELLTALE_KAFKA_BROKERS/);
  assert.match(of('ClickHouse server'), /missing .*http:\/\/127\.0\.0\.1:1: nothing listens there.*\n +→ .*CLICKHOUSE_URL/);
  assert.match(of('receivers'), /ok .*none/);
  assert.match(of('dumpcap'), /ok .*may capture|warn .*it is not installed\n +→ .*apt install|warn .*permission.*\n +→ .*setcap/);
  assert.match(of('tcpdump'), /ok .*may capture|warn .*it is not installed\n +→ .*apt install|warn .*permission.*\n +→ .*setcap/);
  assert.match(text, /Standalone works: npm start\. The distributed set-up does not yet: see Kafka, ClickHouse server\.\n$/);
  assert.doesNotMatch(text, /hidden-password/);
  await assert.rejects(access(join(folder.path, 'not')), 'looking makes no folder');
});

test('what keeps standalone from working is named, with what to do, and fails', async () => {
  await using folder = await temporaryFolder('doctor');
  await writeFile(join(folder.path, 'token.key'), `${'ab'.repeat(32)}\n`);
  await chmod(join(folder.path, 'token.key'), 0o644);
  const rules = join(folder.path, 'rules');
  await mkdir(rules);
  await writeFile(join(rules, 'broken.yml'), 'title: Broken\ndetection: nothing\n');
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const { status, text, of } = await askDoctor(['--data', folder.path], {
      ...nothingThere,
      TELLTALE_HTTP_PORT: String(port),
      TELLTALE_STANDALONE_RULES: rules,
    });
    assert.equal(status, 1);
    assert.match(of('token key'), /missing .*can be read by others \(mode 644\): run chmod 600/);
    assert.doesNotMatch(text, /abab/);
    assert.match(of('rules and policies'), /missing .*broken\.yml:\d+/);
    assert.match(of('review page'), new RegExp(`missing .*port ${port} on 127\\.0\\.0\\.1 is in use by another program\n +→ .*TELLTALE_HTTP_PORT`));
    assert.match(text, /Standalone does not work yet: see token key, rules and policies, .*review page\.\n$/);
  } finally {
    other.close();
  }
});

test('a file in place of the data folder is said to be one', async () => {
  await using folder = await temporaryFolder('doctor');
  await writeFile(join(folder.path, 'file'), '');
  const { status, of } = await askDoctor(['--data', join(folder.path, 'file', 'below')], nothingThere);
  assert.equal(status, 1);
  assert.match(of('data folder'), /missing .*file is a file, but a folder is needed\n +→ Choose another folder/);
});

test('a configuration that cannot be used is said, and the rest is looked at', async () => {
  await using folder = await temporaryFolder('doctor');
  const file = join(folder.path, 'telltale.yaml');
  await writeFile(file, 'kafka:\n  broker: a:9092\nclickhouse:\n  database: from-file\n');
  const { status, of } = await askDoctor(['--config', file, '--data', folder.path], nothingThere);
  assert.equal(status, 1);
  assert.match(
    of('configuration'),
    /missing .*telltale\.yaml:2:3: kafka\.broker: no option has this name\. Did you mean brokers\?(.|\n)*telltale\.yaml:4:3: clickhouse\.database/,
  );
  assert.match(of('data folder'), /ok .*writable/);
});

test('beside a Telltale that runs: its folder and its port are in use by itself', async () => {
  await using folder = await temporaryFolder('doctor');
  await using up = new TelltaleProcess(['up', '--data', folder.path]);
  await up.until('is up', () => up.stdout.includes('Review page'));
  const beside = await askDoctor(['--data', folder.path], { ...nothingThere, TELLTALE_HTTP_PORT: new URL(up.url).port });
  assert.equal(beside.status, 0, beside.text);
  assert.match(beside.of('embedded ClickHouse'), /warn .*in use by the Telltale that runs/);
  assert.match(beside.of('review page'), /warn .*Telltale already runs on http/);
  assert.match(beside.of('token key'), /ok .*which only its owner can read/);

  const another = await askDoctor(['--data', folder.path], nothingThere);
  assert.equal(another.status, 1, another.text);
  assert.match(another.of('embedded ClickHouse'), /missing .*process \d+ has it open\n +→ .*choose another folder/);
});

test('servers and receivers, before and after the migration', { timeout: 120_000 }, async (t) => {
  await using kafka = await startKafka();
  if (kafka === null) return t.skip('there is no Kafka');
  await using clickhouse = await startClickHouse();
  await using folder = await temporaryFolder('doctor');
  await using brokers = await BrokerView.open(kafka.brokers);
  await brokers.clear();
  await using webhook = await openWebhook();
  await using alertmanager = await startAlertmanager(folder.path);
  const receivers = [
    { name: 'hook', type: 'webhook', url: `${webhook.url}/hidden-key` },
    { name: 'gone', type: 'webhook', url: `http://127.0.0.1:${await freePort()}/hidden-key` },
    ...(alertmanager ? [{ name: 'am', type: 'alertmanager', url: alertmanager.url }] : []),
  ];
  const environment = {
    TELLTALE_KAFKA_BROKERS: kafka.brokers.join(','),
    CLICKHOUSE_URL: clickhouse.url,
    TELLTALE_CLICKHOUSE_DATABASE: clickhouse.database,
    TELLTALE_ALERTER_RECEIVERS: JSON.stringify(receivers),
  };

  const before = await askDoctor(['--data', join(folder.path, 'data')], environment);
  assert.equal(before.status, 0, before.text);
  assert.match(before.of('Kafka'), /missing .*1 broker at .*the topics telltale\.flows\.v1, .* are missing\n +→ Run telltale migrate\./);
  assert.match(before.of('ClickHouse server'), /missing .*2\d\.\d+\S* at http.*no tables of Telltale\n +→ Run telltale migrate\./);

  await using migrate = new TelltaleProcess(['migrate'], environment);
  assert.equal(await migrate.exit(), 0, migrate.stderr);
  const after = await askDoctor(['--data', join(folder.path, 'data')], environment);
  assert.equal(after.status, 0, after.text);
  assert.match(after.of('Kafka'), /ok .*telltale\.flows\.v1 \(12\)/);
  assert.match(after.of('ClickHouse server'), /ok .*\d+ tables/);
  assert.match(after.of('receiver hook'), /ok .*webhook at http:\/\/127\.0\.0\.1:\d+ answers/);
  assert.match(after.of('receiver gone'), /warn .*nothing listens there.*\n +→ .*wait in the alerter's journal/);
  if (alertmanager) assert.match(after.of('receiver am'), /ok .*alertmanager at .* answers/);
  assert.doesNotMatch(after.text, /hidden-key/);
  assert.match(after.text, /Standalone and the distributed set-up work\.\n$/);
  assert.deepEqual(webhook.bodies.filter((body) => body !== ''), [], 'a receiver is sent nothing');
});

test('geo tables older than 60 days are a warning', () => {
  const on = (date: string) =>
    lookAtGeoTables([{ built: new Date('2026-08-01') }, { built: new Date('2026-06-17') }, { built: undefined }], Date.parse(date)).mark;
  assert.equal(on('2026-08-16'), 'ok');
  assert.equal(on('2026-08-17'), 'warn');
});
