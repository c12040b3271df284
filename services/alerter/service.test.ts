import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Finding } from '#flow';
import { runService } from '#runtime';
import type { FindingSource } from '#transport';
import { alerterService } from './service.ts';
import { kill, openHook, sketchFinding, until } from './testing.ts';

/** The service as a separate process; its findings arrive as messages. */
if (process.argv[2] === 'program') {
  await runService(alerterService(() => messageSource()));
} else {
  describe('alerter as a service', () => {
    test('findings in, alerts out; health, readiness, metrics; no secret in the log; stops with 0', async (t) => {
      await using hook = await openHook();
      const signingKey = 'a-key-that-nobody-may-see';
      const service = await run(t, {
        TELLTALE_ALERTER_GROUP_WAIT: '50ms',
        TELLTALE_ALERTER_RECEIVERS: JSON.stringify([{ name: 'hook', type: 'webhook', url: `${hook.url}?key=${signingKey}`, signingKey }]),
      });
      service.child.send([sketchFinding({ id: '1', created: Date.now() })]);
      await until('the alert', () => hook.accepted.length === 1);

      assert.deepEqual(await (await fetch(`${service.url}/healthz`)).json(), { status: 'ok' });
      assert.deepEqual(await (await fetch(`${service.url}/readyz`)).json(), {
        status: 'ready',
        checks: [
          { name: 'alerter', ok: true },
          { name: 'findings', ok: true },
        ],
      });
      const sent = async () =>
        (await (await fetch(`${service.url}/metrics`)).text())
          .split('\n')
          .filter((line) => /^telltale_(alerts_sent|alerter_findings)_total/.test(line));
      await until('the metric', async () => (await sent()).includes('telltale_alerts_sent_total{receiver="hook"} 1'));
      assert((await sent()).includes('telltale_alerter_findings_total 1'));
      const { receivers, groups, total } = (await (await fetch(`${service.url}/alerts`)).json()) as {
        receivers: { name: string; pending: number }[];
        groups: { ruleId: string }[];
        total: number;
      };
      assert.deepEqual(
        { pending: receivers.map(({ name, pending }) => [name, pending]), rules: groups.map(({ ruleId }) => ruleId), total },
        { pending: [['hook', 0]], rules: ['r1'], total: 1 },
      );

      assert.equal(await statusUnder('telltale.attacker.example', `${service.url}/alerts`), 403, 'DNS rebinding');
      assert.equal(await statusUnder('alerter:9103', `${service.url}/alerts`), 200);

      service.child.send('fail');
      await until('not ready', async () => (await fetch(`${service.url}/readyz`).then(({ status }) => status, () => 503)) === 503);
      const [code] = await service.exited;
      assert.equal(code, 1, 'a source that cannot go on ends the service');
      assert.match(service.log(), /the reader of findings cannot go on/);
      assert(!service.log().includes(signingKey), service.log());
    });

    test('SIGTERM: stops cleanly', async (t) => {
      const service = await run(t, {});
      service.child.kill('SIGTERM');
      assert.deepEqual(await service.exited, [0, null]);
      assert.match(service.log(), /no receiver is configured/);
    });

    test('a configuration that cannot be used: exit code 2, what and where, no value', async (t) => {
      const service = await run(t, {
        TELLTALE_ALERTER_RECEIVERS: '[{"type":"webhook","name":"A B","url":"s3cret"}]',
        TELLTALE_ALERTER_GROUPWAIT: '1s',
      });
      assert.equal((await service.exited)[0], 2);
      assert.match(
        service.log(),
        /environment variable TELLTALE_ALERTER_GROUPWAIT: no option has this name\. Did you mean TELLTALE_ALERTER_GROUP_WAIT\?/,
      );
      assert.match(service.log(), /environment variable TELLTALE_ALERTER_RECEIVERS: alerter\.receivers\.0\.url: expected an http or https URL/);
      assert(!service.log().includes('s3cret'));
    });

    test('two receivers of one name are refused', async (t) => {
      const receiver = { type: 'webhook', name: 'a', url: 'http://127.0.0.1:1' };
      const service = await run(t, { TELLTALE_ALERTER_RECEIVERS: JSON.stringify([receiver, receiver]) });
      assert.equal((await service.exited)[0], 2);
      assert.match(service.log(), /alerter\.receivers: two receivers have the same name/);
    });
  });
}

function messageSource(): FindingSource {
  const closed = Promise.withResolvers<void>();
  return {
    trouble: '',
    run(handle) {
      process.on('message', (message) =>
        message === 'fail' ? closed.reject(new Error('rights were taken away')) : void handle(message as Finding[]),
      );
      return closed.promise;
    },
    async close() {
      closed.resolve();
      process.disconnect();
    },
  };
}

/** Status of the response to a request with this host name. */
function statusUnder(host: string, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => resolve(response.resume().statusCode!)).once('error', reject);
  });
}

/** Runs the service until the test ends. Resolves when it listens, or has ended. */
async function run(t: TestContext, environment: Record<string, string>) {
  const state = mkdtempSync(join(tmpdir(), 'telltale-alerter-service-'));
  const child = fork(import.meta.filename, ['program'], {
    execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], TELLTALE_HTTP_PORT: '0', TELLTALE_ALERTER_STATE: state, ...environment },
  });
  t.after(async () => {
    await kill(child);
    rmSync(state, { recursive: true });
  });
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { log += text; });
  const urlOf = () => /"url":"(http:[^"]+)"/.exec(log)?.[1] ?? '';
  await until('listening', () => urlOf() !== '' || child.exitCode !== null);
  return { child, exited, url: urlOf(), log: () => log };
}
