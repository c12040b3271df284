import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './port.ts';
import { until } from './until.ts';

const program = '/usr/bin/prometheus-alertmanager';

/** An alert as Alertmanager returns it, GET /api/v2/alerts. */
export interface KnownAlert {
  readonly fingerprint: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: { readonly state: string };
}

export interface AlertmanagerOptions {
  /** Port on the loopback interface; a free one by default. */
  port?: number;
  /** Whom it notifies, at once, by subject, service and rule; nobody by default. */
  webhook?: string;
}

export interface TestAlertmanager extends AsyncDisposable {
  readonly url: string;
  /** Its log, its state and its configuration. */
  readonly folder: string;
  /** The alerts that it has, from its API. */
  alerts(): Promise<KnownAlert[]>;
  log(): string;
}

/** Why no Alertmanager can be started, or false: none is installed, which is an error when `CI` is `true`. */
export async function noAlertmanager(): Promise<string | false> {
  if (await access(program).then(() => true, () => false)) return false;
  const message = `${program} is not installed (apt install prometheus-alertmanager)`;
  if (process.env['CI'] === 'true') throw new Error(message);
  return message;
}

/** A real Alertmanager that keeps its files in `folder`; null, with a message on stderr, where there is none. */
export async function startAlertmanager(folder: string, { port, webhook }: AlertmanagerOptions = {}): Promise<TestAlertmanager | null> {
  const missing = await noAlertmanager();
  if (missing) {
    process.stderr.write(`\n!!! SKIPPED: ${missing}\n\n`);
    return null;
  }
  const own = await mkdtemp(join(folder, 'alertmanager-'));
  const configuration = join(own, 'alertmanager.yml');
  await writeFile(configuration, JSON.stringify({
    route: { receiver: 'hook', group_by: ['subject', 'service', 'rule_id'], group_wait: '100ms', group_interval: '200ms', repeat_interval: '4h' },
    receivers: [{ name: 'hook', ...(webhook === undefined ? {} : { webhook_configs: [{ url: webhook, send_resolved: false }] }) }],
  }));
  const url = `http://127.0.0.1:${port ?? await freePort()}`;
  const child = spawn(program, [
    `--config.file=${configuration}`, `--storage.path=${join(own, 'data')}`, `--web.listen-address=${url.slice('http://'.length)}`,
    '--cluster.listen-address=', '--log.level=debug',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text; });
  await until('Alertmanager is ready', async () => {
    if (child.exitCode !== null) throw new Error(`Alertmanager ended: ${log}`);
    return fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false);
  });
  return {
    url,
    folder: own,
    alerts: async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as KnownAlert[],
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
