import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './port.ts';
import { until } from './until.ts';

const program = '/usr/bin/prometheus-alertmanager';

export interface TestAlertmanager extends AsyncDisposable {
  readonly url: string;
  /** Its log, its state and its configuration. */
  readonly folder: string;
  /** What it knows, as its API tells it. */
  alerts(): Promise<string>;
  log(): string;
}

/** A real Alertmanager that keeps its files in `folder`; null, with a loud line, where none is installed, and an error when `CI` is `true`. */
export async function startAlertmanager(folder: string): Promise<TestAlertmanager | null> {
  if (!await access(program).then(() => true, () => false)) {
    const message = `${program} is not installed (apt install prometheus-alertmanager)`;
    if (process.env['CI'] === 'true') throw new Error(message);
    process.stderr.write(`\n!!! SKIPPED: ${message}\n\n`);
    return null;
  }
  const own = await mkdtemp(join(folder, 'alertmanager-'));
  const configuration = join(own, 'alertmanager.yml');
  await writeFile(configuration, JSON.stringify({ route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] }));
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(program, [
    `--config.file=${configuration}`, `--storage.path=${join(own, 'data')}`, `--web.listen-address=${url.slice('http://'.length)}`, '--cluster.listen-address=', '--log.level=debug',
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
    alerts: async () => (await fetch(`${url}/api/v2/alerts`)).text(),
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
