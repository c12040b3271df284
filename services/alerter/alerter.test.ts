import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { kill, openHook, sketchFinding, spawnAlerter, startAlerter, until, type Settings } from './testing.ts';

const fast = { groupWait: '50ms', repeatInterval: '200ms', quietPeriod: '1h' };

describe('alerter and webhooks', () => {
  let root = '';
  let folders = 0;
  before(() => { root = mkdtempSync(join(tmpdir(), 'telltale-alerter-')); });
  after(() => rmSync(root, { recursive: true }));
  const newState = () => join(root, String(folders++));

  async function running(t: TestContext, settings: Settings) {
    const started = await startAlerter({ ...fast, state: newState(), ...settings });
    t.after(() => started.alerter.stop());
    return started;
  }

  test('findings become one signed alert per group; metrics agree', async (t) => {
    await using hook = await openHook();
    const key = 'a key of enough length';
    const { alerter, sample } = await running(t, {
      reviewUrl: 'http://127.0.0.1:8080/findings',
      receivers: [{ name: 'hook', type: 'webhook', url: hook.url, signingKey: key, bearerToken: 'tok' }],
    });
    const created = Date.now() - 3000;
    await alerter.handle([1, 2, 3].map((index) => sketchFinding({ id: `a${index}`, created })));
    await alerter.handle([sketchFinding({ id: 'b', subject: '10.0.0.6', created }), sketchFinding({ id: 'a1' })]);
    await until('two alerts', () => hook.accepted.length >= 2);

    const alert = hook.accepted.find(({ labels }) => labels['subject'] === '10.0.0.5');
    assert.deepEqual(alert?.labels, {
      alertname: 'Rule r1',
      severity: 'high',
      subject: '10.0.0.5',
      service: 'clubhouse',
      rule_id: 'r1',
      verdict: 'violation',
      country: 'CN',
    });
    assert.deepEqual(alert.annotations, {
      summary: 'Rule r1: 10.0.0.5 to clubhouse',
      description: 'User id of 10.0.0.5 in clear',
      count: '3',
      first_seen: '2021-02-10T23:33:20.000Z',
      last_seen: '2021-02-10T23:33:20.000Z',
      identifiers: 'user_id 12****89',
      destinations: 'edge.example',
      roles: 'media',
      rule_version: 'abcd1234',
      last_finding: 'a3',
      link: 'http://127.0.0.1:8080/findings#subject=10.0.0.5&rule=r1',
    });
    assert.equal(alert.startsAt, new Date(created).toISOString());
    assert(Date.parse(alert.endsAt) > Date.now() + 3_500_000);

    const { headers, body } = hook.requests[0] ?? { headers: {}, body: '' };
    const [, seconds = '', mac = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-telltale-signature'])) ?? [];
    assert.equal(mac, createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex'));
    assert.equal(headers.authorization, 'Bearer tok');

    await until('both are settled', async () => await sample('telltale_alerts_sent_total{receiver="hook"}') === 2);
    assert.equal(await sample('telltale_alerter_findings_total'), 4);
    assert.equal(await sample('telltale_alerter_duplicates_total'), 1);
    assert.equal(await sample('telltale_alerter_groups'), 2);
    assert.equal(await sample('telltale_alerts_pending{receiver="hook"}'), 0);
    assert.equal(await sample('telltale_alert_delay_seconds_count{receiver="hook"}'), 2);
    assert((await sample('telltale_alert_delay_seconds_sum{receiver="hook"}') ?? 0) >= 6, 'from the wire, 3 s ago, for each of two');
    assert.equal(await sample('telltale_alert_delay_seconds_bucket{le="2",receiver="hook"}'), 0);
  });

  test('more of the same waits for repeatInterval, then says how many, under the same fingerprint', async (t) => {
    await using hook = await openHook();
    const { alerter } = await running(t, { receivers: [{ name: 'hook', type: 'webhook', url: hook.url }] });
    await alerter.handle([sketchFinding({ id: '1' })]);
    await until('the first', () => hook.accepted.length === 1);
    await alerter.handle([sketchFinding({ id: '2' })]);
    await alerter.handle([sketchFinding({ id: '3' })]);
    await until('the second', () => hook.accepted.length === 2);
    assert.deepEqual(hook.accepted.map(({ annotations }) => annotations['count']), ['1', '3']);
    assert.equal(hook.accepted[0]?.fingerprint, hook.accepted[1]?.fingerprint);
    assert.equal(hook.accepted[0]?.startsAt, hook.accepted[1]?.startsAt);
  });

  test('500, 401, a redirect: tried again until accepted, counted by reason', async (t) => {
    await using hook = await openHook();
    const answers = [500, 401, 302];
    hook.answer = () => ({ status: answers.shift() ?? 204, headers: { location: 'http://127.0.0.1:1/' } });
    const { alerter, sample, log } = await running(t, { receivers: [{ name: 'hook', type: 'webhook', url: hook.url }] });
    await alerter.handle([sketchFinding({ id: '1' })]);
    await until('accepted', () => hook.accepted.length === 1);
    assert.equal(hook.requests.length, 4);
    assert.deepEqual(new Set(hook.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
    assert.equal(await sample('telltale_alerts_retried_total{receiver="hook",reason="server_error"}'), 1);
    assert.equal(await sample('telltale_alerts_retried_total{receiver="hook",reason="denied"}'), 2);
    assert(!log().includes(hook.url), 'the URL of a webhook is a secret');
  });

  test('429 with Retry-After: nothing is sent before', async (t) => {
    await using hook = await openHook();
    const at: number[] = [];
    hook.answer = () => (at.push(Date.now()) === 1 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 200, body: 'ok' });
    const { alerter, sample } = await running(t, { receivers: [{ name: 'hook', type: 'webhook', url: hook.url }] });
    await alerter.handle([sketchFinding({ id: '1' })]);
    await until('accepted', () => hook.accepted.length === 1);
    assert((at[1] ?? 0) - (at[0] ?? 0) >= 1990);
    assert.equal(await sample('telltale_alerts_retried_total{receiver="hook",reason="busy"}'), 1);
  });

  test('a receiver that never answers, and one that is not there, hold up neither the other nor the findings; their queues are bounded', async (t) => {
    await using silent = await openHook();
    silent.answer = () => undefined;
    await using gone = await openHook();
    await gone.close();
    await using good = await openHook();
    const { alerter, sample, log } = await running(t, {
      receivers: [
        { name: 'silent', type: 'webhook', url: silent.url, timeout: '100ms', queue: 10 },
        { name: 'gone', type: 'alertmanager', url: gone.url, queue: 10 },
        { name: 'good', type: 'webhook', url: good.url },
      ],
    });
    for (let index = 0; index < 30; index++) await alerter.handle([sketchFinding({ id: `${index}`, rule: `r${index}` })]);
    await until('all at the good one', () => new Set(good.accepted.map(({ labels }) => labels['rule_id'])).size === 30);
    await until('both have failed', async () => (await sample('telltale_alerts_retried_total{receiver="silent",reason="timeout"}') ?? 0) > 0
      && (await sample('telltale_alerts_retried_total{receiver="gone",reason="connection"}') ?? 0) > 0);
    for (const receiver of ['silent', 'gone']) {
      assert.equal(await sample(`telltale_alerts_pending{receiver="${receiver}"}`), 10);
      assert.equal(await sample(`telltale_alerts_dropped_total{receiver="${receiver}",reason="queue_full"}`), 20);
    }
    assert.equal(await sample('telltale_alerts_dropped_total{receiver="good",reason="queue_full"}'), undefined);
    await until('the drops are said', () => /alerts are dropped because the queue is full/.test(log()));
    assert.ok(log().split('\n').filter((line) => line.includes('dropped')).length < 20, 'not a line per alert');
  });

  test('one alert that a receiver refuses does not hold up the others', async (t) => {
    await using hook = await openHook();
    hook.answer = ({ alerts }) => ({ status: alerts.some(({ labels }) => labels['rule_id'] === 'bad') ? 400 : 200 });
    const { alerter, sample } = await running(t, { receivers: [{ name: 'hook', type: 'webhook', url: hook.url }] });
    await alerter.handle(['a', 'bad', 'b'].map((rule) => sketchFinding({ id: rule, rule })));
    await until('the others', () => hook.accepted.length === 2);
    await until('counted', async () => await sample('telltale_alerts_failed_total{receiver="hook",reason="rejected"}') === 1);
    await until('nothing waits', async () => await sample('telltale_alerts_pending{receiver="hook"}') === 0);
  });

  test('a group that changes while its alert is refused is sent as it is then', async (t) => {
    await using hook = await openHook();
    const { alerter } = await running(t, { receivers: [{ name: 'hook', type: 'webhook', url: hook.url }] });
    hook.answer = () => {
      hook.answer = undefined;
      void alerter.handle([sketchFinding({ id: '2' })]);
      return { status: 400 };
    };
    await alerter.handle([sketchFinding({ id: '1' })]);
    await until('accepted', () => hook.accepted.length === 1);
    assert.equal(hook.accepted[0]!.annotations['count'], '2');
  });

  test('least level of a receiver', async (t) => {
    await using hook = await openHook();
    const { alerter } = await running(t, { receivers: [{ name: 'hook', type: 'webhook', url: hook.url, minimumLevel: 'high' }] });
    await alerter.handle([sketchFinding({ id: '1', level: 'medium', rule: 'm' }), sketchFinding({ id: '2', level: 'critical', rule: 'c' })]);
    await until('the critical one', () => hook.accepted.length > 0);
    assert.deepEqual(hook.accepted.map(({ labels }) => labels['rule_id']), ['c']);
  });

  test('what waits outlives a restart, also behind a damaged end of the journal', async (t) => {
    const state = newState();
    await using hook = await openHook();
    hook.answer = () => ({ status: 500 });
    const receivers = [{ name: 'hook', type: 'webhook', url: hook.url }];
    const first = await startAlerter({ ...fast, state, receivers });
    await first.alerter.handle([sketchFinding({ id: '1' }), sketchFinding({ id: '2' })]);
    await first.alerter.stop();
    appendFileSync(join(state, 'groups.v1.journal'), '00000000 {"groups":[{"k');
    hook.answer = undefined;
    const { alerter, sample } = await running(t, { state, receivers });
    await until('delivered after the restart', () => hook.accepted.length === 1);
    assert.equal(hook.accepted[0]?.annotations['count'], '2');
    await alerter.handle([sketchFinding({ id: '1' })]);
    assert.equal(await sample('telltale_alerter_duplicates_total'), 1);
    assert.equal(await sample('telltale_alerter_journal_corrupt_lines_total'), 1);
  });

  test('the journal cannot be written: nothing is confirmed, readiness says so; then it can again, and nothing is missing', async (t) => {
    const state = newState();
    const { alerter, sample } = await running(t, { state, receivers: [] });
    alerter.check();
    await using probe = await open(join(state, 'groups.v1.journal'), 'r');
    const failing = t.mock.method(Object.getPrototypeOf(probe) as FileHandle, 'datasync', () =>
      Promise.reject(new Error('ENOSPC: no space left on device')),
    );
    await assert.rejects(alerter.handle([sketchFinding({ id: '1' })]), /ENOSPC/);
    assert.throws(() => alerter.check(), /the journal in .* cannot be written: ENOSPC/);
    failing.mock.restore();
    await alerter.handle([sketchFinding({ id: '1' })]);
    alerter.check();
    await alerter.stop();
    assert.equal(await sample('telltale_alerter_duplicates_total'), 1);
    const again = await running(t, { state, receivers: [] });
    assert.equal(await again.sample('telltale_alerter_groups'), 1);
  });

  test('the journal is compacted', async (t) => {
    const { alerter, sample } = await running(t, { journalSize: '4KiB', rememberedFindings: 10, receivers: [] });
    for (let index = 0; index < 100; index++) await alerter.handle([sketchFinding({ id: `${index}` })]);
    assert((await sample('telltale_alerter_journal_compactions_total') ?? 0) > 5);
    assert((await sample('telltale_alerter_journal_bytes') ?? Infinity) < 8192);
  });

  test('killed at random points: every finding is in an alert, none counts twice, and a resend has the same fingerprint', async () => {
    await using hook = await openHook();
    hook.answer = () => (Math.random() < 0.3 ? { status: 503, headers: { 'retry-after': '0' } } : { status: 204 });
    const settings = {
      ...fast,
      repeatInterval: '50ms',
      journalSize: '16KiB',
      state: newState(),
      receivers: [{ name: 'hook', type: 'webhook', url: hook.url }],
    };
    const groups = 7;
    const batches = Array.from({ length: 150 }, (_, batch) =>
      Array.from({ length: 3 }, (__, index) => sketchFinding({ id: `${batch}-${index}`, rule: `r${(batch * 3 + index) % groups}` })),
    );
    let confirmed = 0;
    let kills = 0;
    while (confirmed < batches.length) {
      const child = await spawnAlerter(settings);
      const dieAt = confirmed + Math.floor(Math.random() * 30);
      try {
        while (confirmed < batches.length) {
          child.send(batches[confirmed] ?? []);
          // Before, during and after the batch is written.
          if (confirmed === dieAt) {
            kills++;
            setTimeout(() => child.kill('SIGKILL'), Math.random() * 5);
          }
          if (!(await answerOf(child))) break;
          confirmed++;
        }
      } finally {
        await kill(child);
      }
    }
    assert(kills >= 3, `${kills} kills`);
    hook.answer = undefined;
    const last = await spawnAlerter(settings);
    const latest = () => new Map(hook.accepted.map((alert) => [alert.labels['rule_id'], alert]));
    const expected = new Map<string, number>();
    for (const finding of batches.flat()) expected.set(finding['rule.id'], (expected.get(finding['rule.id']) ?? 0) + 1);
    try {
      await until('all findings in alerts', () => [...expected].every(([rule, count]) => Number(latest().get(rule)?.annotations['count']) >= count));
      await sleep(300);
    } finally {
      await kill(last);
    }
    assert.deepEqual(new Map([...latest()].map(([rule, alert]) => [rule, Number(alert.annotations['count'])])), expected);
    for (const rule of expected.keys()) {
      const alerts = hook.accepted.filter(({ labels }) => labels['rule_id'] === rule);
      assert.equal(new Set(alerts.map(({ fingerprint }) => fingerprint)).size, 1);
      assert.equal(new Set(alerts.map(({ startsAt }) => startsAt)).size, 1);
    }
  });
});

/** Whether the child confirmed the batch, or died before. */
async function answerOf(child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return false;
  const settled = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: settled.signal }).then(() => true),
      once(child, 'exit', { signal: settled.signal }).then(() => false),
    ]);
  } finally {
    settled.abort();
  }
}
