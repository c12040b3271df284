/** `telltale up` as the person at the terminal runs it: a process of its own, its data in a folder that outlives it. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '#store';
import { temporaryFolder } from '../../test/support/folder.ts';
import { officeTraffic } from '../../test/support/office-traffic.ts';
import { runInProcess } from '../../test/support/pipeline-in-process.ts';
import { TelltaleProcess, type Environment } from '../../test/support/service.ts';
import { openWebhook } from '../../test/support/webhook.ts';

interface Shown {
  readonly total: number;
  /** Ids of the findings on the first page. */
  readonly ids: readonly string[];
}

test('the demonstration: its leaks are told and shown, Ctrl-C ends it, and a second start adds nothing', async () => {
  await using folder = await temporaryFolder('standalone');
  await using webhook = await openWebhook();
  const environment = {
    TELLTALE_ALERTER_GROUP_WAIT: '50ms',
    TELLTALE_ALERTER_RECEIVERS: JSON.stringify([{ name: 'hook', type: 'webhook', url: webhook.url, minimumLevel: 'medium' }]),
  };

  const first = await demonstrate(folder.path, environment, async (up) => {
    await up.until('has alerted', async () => (await up.metrics()).sum('telltale_alert_delay_seconds_count', 'receiver="hook"') > 0);
    const metrics = await up.metrics();
    assert.ok(metrics.sum('telltale_alert_delay_seconds_sum', 'receiver="hook"') > 0, 'from wire to receiver takes time');
    assert.ok(metrics.sum('telltale_alerts_sent_total', 'receiver="hook"') > 0);
    assert.match(up.stdout, /Demonstration: \d+ packets, \d+ flow records\./);
    assert.match(up.stdout, /Service traffic to a country its policy denies .* CN/);
    assert.match(up.stdout, /Two subjects in the same room +room_id \S+ +several /, 'what correlations find is told as well');
    const { findings: total } = await (await fetch(`${up.url}/api/summary`)).json() as { findings: number };
    assert.match(up.stdout, new RegExp(`^${total} findings`, 'm'), 'page and terminal agree');
    assert.doesNotMatch(up.stdout, /earlier runs/);
    assert.equal(metrics.sum('telltale_store_findings_total'), total, 'page and metrics agree');
  });
  assert.ok(first.total >= 8, `${first.total} findings`);
  const alerts = webhook.bodies.flatMap((body) => (JSON.parse(body) as { alerts: { labels: Record<string, string> }[] }).alerts);
  assert.ok(alerts.some(({ labels }) => labels['country'] === 'CN'), 'the key from Beijing is alerted');

  const second = await demonstrate(folder.path, environment, async (up) => {
    assert.match(up.stdout, new RegExp(`With those of earlier runs the review page has ${first.total} findings`), 'correlations are not told again');
  });
  assert.deepEqual(second, first);
});

test('the configured data folder is named at the start, and has the demonstration too', async () => {
  await using folder = await temporaryFolder('standalone');
  const data = join(folder.path, 'configured');
  await writeFile(join(folder.path, 'up.yaml'), `standalone:\n  data: ${data}\n`);
  await using up = new TelltaleProcess(['up', '--demonstration', '--config', join(folder.path, 'up.yaml')], {});
  await up.until('has told its findings', () => /Review page: http:\S+/.test(up.stdout));
  assert.match(up.stderr, /^Starting Telltale standalone in \S*configured …$/m);
  assert.ok((await readFile(join(data, 'demonstration.pcap'))).length > 0);
});

/** Runs the demonstration until it has told its findings, asks the page for them, and stops it with Ctrl-C. */
async function demonstrate(data: string, environment: Environment, look: (up: TelltaleProcess) => Promise<void>): Promise<Shown> {
  await using up = new TelltaleProcess(['up', '--demonstration', '--data', data], environment);
  await up.until('has told its findings', () => /Review page: http:\S+/.test(up.stdout));
  assert.match(await (await fetch(`${up.url}/`)).text(), /<title>Telltale/);
  const { findings } = await (await fetch(`${up.url}/api/findings`)).json() as { findings: Record<string, string>[] };
  const { findings: total } = await (await fetch(`${up.url}/api/summary`)).json() as { findings: number };
  const metrics = await up.metrics();
  assert.equal(metrics.sum('telltale_store_flows_total'), metrics.sum('telltale_probe_records_total'));
  assert.equal(metrics.sum('telltale_detector_records_total'), metrics.sum('telltale_probe_records_total'));
  await look(up);
  up.kill('SIGINT');
  assert.equal(await up.exit(), 0, up.stderr);
  // Installed tables grow old with the calendar, and that is worth its line.
  const said = up.stderr.replace(/^.*geo tables are old.*$/m, '');
  assert.doesNotMatch(said, /error|fatal|warn|at .*\.js:\d+/i);
  return { total, ids: findings.map((finding) => finding['event.id']!).toSorted() };
}

test('killed in the middle of its captures and started again, it has all findings, each once', async () => {
  await using folder = await temporaryFolder('standalone');
  const captures = join(folder.path, 'captures');
  const data = join(folder.path, 'data');
  await mkdir(captures);
  for (const [index, bytes] of officeTraffic({ seed: 7, captures: 8, flowsPerCapture: 300 }).entries())
    await writeFile(join(captures, `office-${index}.pcap`), bytes);
  {
    await using killed = new TelltaleProcess(['up', captures, '--data', data], { TELLTALE_LOG_LEVEL: 'info' });
    await killed.until('stores findings', () => stores(killed));
    killed.kill('SIGKILL');
    assert.equal(await killed.exit(), 'SIGKILL');
    assert.doesNotMatch(killed.stdout, /Review page/, 'in the middle');
  }
  {
    await using up = new TelltaleProcess(['up', captures, '--data', data]);
    await up.until('has read all', () => up.stdout.includes('Review page'));
    up.kill('SIGTERM');
    assert.equal(await up.exit(), 0, up.stderr);
  }
  const tokenKey = Buffer.from((await readFile(join(data, 'token.key'), 'utf8')).trim(), 'hex');
  const expected = await runInProcess(captures, { tokenKey, observer: 'local' });
  await using store = await openStore({ path: join(data, 'clickhouse') });
  for (const [table, wanted] of [['findings', expected.findings], ['flows', expected.records]] as const) {
    const rows = await store.query<{ id: string }>(`SELECT event_id AS id FROM ${table} FINAL ORDER BY id`);
    assert.deepEqual(rows.map(({ id }) => id), [...wanted.keys()].toSorted(), table);
  }
  assert.deepEqual(await store.query('SELECT sum(findings) AS n FROM findings_1h'), [{ n: expected.findings.size }]);
  assert.deepEqual(await store.query('SELECT sum(records) AS n FROM flows_1h'), [{ n: expected.records.size }]);
});

async function stores(up: TelltaleProcess): Promise<boolean> {
  return up.url !== '' && (await up.metrics()).sum('telltale_store_findings_total') > 0;
}

test('a port in use and a folder in use are said in a sentence that helps', async () => {
  await using folder = await temporaryFolder('standalone');
  await using up = new TelltaleProcess(['up', '--demonstration', '--data', folder.path]);
  await up.until('has told its findings', () => up.stdout.includes('Review page'));
  const { port } = new URL(up.url);

  await using other = await temporaryFolder('standalone');
  await using samePort = new TelltaleProcess(['up', '--data', other.path], { TELLTALE_HTTP_PORT: port });
  assert.equal(await samePort.exit(), 1);
  assert.match(samePort.stderr, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use.*TELLTALE_HTTP_PORT`));

  await using sameFolder = new TelltaleProcess(['up', '--data', folder.path]);
  assert.equal(await sameFolder.exit(), 1);
  assert.match(sameFolder.stderr, /process \d+ has it open.*choose another folder/);
  // The engine's own words, which it writes where it does not get its lock. Only Linux tells beforehand who has it.
  if (process.platform === 'linux') assert.doesNotMatch(sameFolder.stderr, /DB::Exception|Failed to create connection/);
});
