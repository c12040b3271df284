import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  noAlertmanager,
  startAlertmanager,
  type AlertmanagerOptions,
  type KnownAlert,
  type TestAlertmanager,
} from '../../test/support/alertmanager.ts';
import { freePort } from '../../test/support/port.ts';
import { kill, openHook, sketchFinding, spawnAlerter, startAlerter, until, type Settings } from './testing.ts';

describe('alerter and a real Alertmanager', { skip: await noAlertmanager() }, () => {
  let root = '';
  let folders = 0;
  before(() => { root = mkdtempSync(join(tmpdir(), 'telltale-alertmanager-')); });
  after(() => rmSync(root, { recursive: true }));
  const newFolder = () => join(root, String(folders++));
  const settingsFor = (url: string, more: Settings = {}): Settings => ({
    groupWait: '50ms',
    repeatInterval: '300ms',
    quietPeriod: '1h',
    state: newFolder(),
    receivers: [{ name: 'am', type: 'alertmanager', url, resendInterval: '200ms' }],
    ...more,
  });

  test('alerts arrive grouped with their labels; resends make neither a second alert nor a second notification; amtool agrees', async () => {
    await using hook = await openHook();
    await using manager = await openAlertmanager(root, { webhook: hook.url });
    await using running = await startAlerter(settingsFor(manager.url, { reviewUrl: 'http://127.0.0.1:8080/' }));
    const created = Date.now() - 2000;
    await running.alerter.handle(Array.from({ length: 5 }, (_, index) => sketchFinding({ id: `a${index}`, created })));
    await running.alerter.handle([
      sketchFinding({ id: 'b', service: 'zoom', rule: 'r2', level: 'critical', verdict: 'indeterminate', country: '', created }),
    ]);
    await until('resends', async () => ((await running.sample('telltale_alerts_resent_total{receiver="am"}')) ?? 0) >= 6);

    const alerts = await manager.alerts();
    assert.deepEqual(alerts.map(({ labels }) => labels).toSorted((a, b) => ((a['rule_id'] ?? '') < (b['rule_id'] ?? '') ? -1 : 1)), [
      { alertname: 'Rule r1', severity: 'high', subject: '10.0.0.5', service: 'clubhouse', rule_id: 'r1', verdict: 'violation', country: 'CN' },
      { alertname: 'Rule r2', severity: 'critical', subject: '10.0.0.5', service: 'zoom', rule_id: 'r2', verdict: 'indeterminate' },
    ]);
    const first = alerts.find(({ labels }) => labels['rule_id'] === 'r1');
    assert.equal(first?.annotations['count'], '5');
    assert.equal(first.annotations['description'], 'User id of 10.0.0.5 in clear');
    assert.equal(Date.parse(first.startsAt), created);
    assert.equal(first.status.state, 'active');
    assert.equal(first.generatorURL, 'http://127.0.0.1:8080/#subject=10.0.0.5&rule=r1');

    const { stdout } = await promisify(execFile)('amtool', ['--alertmanager.url', manager.url, 'alert', 'query', 'severity=critical', '-o', 'json']);
    assert.deepEqual((JSON.parse(stdout) as KnownAlert[]).map(({ labels }) => labels['rule_id']), ['r2']);

    await until('notified', () => new Set(hook.accepted.map(({ labels }) => labels['rule_id'])).size === 2);
    assert.equal(hook.accepted.length, 2, 'one notification for each');
    assert.equal(await running.sample('telltale_alert_delay_seconds_count{receiver="am"}'), 2);
    assert((await running.sample('telltale_alert_delay_seconds_sum{receiver="am"}') ?? 0) >= 4);
    assert.equal(await running.sample('telltale_alerts_pending{receiver="am"}'), 0);
  });

  test('alerts wait while Alertmanager is down, and come back after it has restarted with nothing', async () => {
    const port = await freePort();
    await using running = await startAlerter(settingsFor(`http://127.0.0.1:${port}`));
    await running.alerter.handle([sketchFinding({ id: '1' })]);
    await until('a failed attempt', async () => (await running.sample('telltale_alerts_retried_total{receiver="am",reason="connection"}') ?? 0) > 0);
    assert.equal(await running.sample('telltale_alerts_pending{receiver="am"}'), 1);
    for (let round = 0; round < 2; round++) {
      await using manager = await openAlertmanager(root, { port });
      await until('there', async () => (await manager.alerts()).length === 1);
    }
    assert.equal(await running.sample('telltale_alerts_sent_total{receiver="am"}'), 1, 'the second time it was a resend');
  });

  test('the alerter is killed before and after it has delivered: nothing is missing, nothing is there twice', async () => {
    const port = await freePort();
    const settings = settingsFor(`http://127.0.0.1:${port}`);
    const first = await spawnAlerter(settings);
    first.send([sketchFinding({ id: '1' }), sketchFinding({ id: '2', rule: 'r2' })]);
    await once(first, 'message');
    await kill(first);

    await using manager = await openAlertmanager(root, { port });
    const second = await spawnAlerter(settings);
    await until('both', async () => (await manager.alerts()).length === 2);
    const before = await manager.alerts();
    await kill(second);

    const third = await spawnAlerter(settings);
    third.send([sketchFinding({ id: '2', rule: 'r2' }), sketchFinding({ id: '3', rule: 'r2' })]);
    await until('an update', async () => (await manager.alerts()).some(({ annotations }) => annotations['count'] === '2'));
    const names = (alerts: KnownAlert[]) => alerts.map(({ fingerprint, startsAt }) => `${fingerprint} ${startsAt}`).toSorted();
    assert.deepEqual(names(await manager.alerts()), names(before));
    await kill(third);
  });

  test('an alert resolves after the quiet period', async () => {
    await using manager = await openAlertmanager(root);
    await using running = await startAlerter(settingsFor(manager.url, { quietPeriod: '1500ms' }));
    await running.alerter.handle([sketchFinding({ id: '1' })]);
    await until('there', async () => (await manager.alerts()).length === 1);
    await until('resolved', async () => (await manager.alerts()).length === 0);
    await until('forgotten', async () => await running.sample('telltale_alerter_groups_ended_total') === 1);
    assert.equal(await running.sample('telltale_alerter_groups'), 0);
  });

  test('a capture and a probe with odd clocks: Alertmanager still takes the alert', async () => {
    await using manager = await openAlertmanager(root);
    await using running = await startAlerter(settingsFor(manager.url));
    await running.alerter.handle([
      { ...sketchFinding({ id: '1', rule: 'ahead', created: Date.now() + 86_400_000 }), '@timestamp': Number.MAX_SAFE_INTEGER },
      { ...sketchFinding({ id: '2', rule: 'none' }), '@timestamp': 0 },
    ]);
    await until('both', async () => (await manager.alerts()).length === 2);
  });
});

async function openAlertmanager(folder: string, options: AlertmanagerOptions = {}): Promise<TestAlertmanager> {
  const manager = await startAlertmanager(folder, options);
  assert(manager);
  return manager;
}
