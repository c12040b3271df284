/** Standalone on a live interface: loopback, dumpcap or tcpdump as installed, a real server and a real client. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { temporaryFolder } from '../support/folder.ts';
import { TelltaleProcess } from '../support/service.ts';

const user = '1840273651';

test('traffic on an interface becomes findings; the child is restarted, counted, and ends with the probe', { timeout: 120_000 }, async (t) => {
  await using folder = await temporaryFolder('live');
  const server = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (): Promise<void> => void await (await fetch(`http://127.0.0.1:${port}/v1/users/${user}/rooms?uid=${user}`)).text();
  try {
    await using up = new TelltaleProcess(['up', '--interface', 'lo', '--filter', `tcp port ${port}`, '--data', folder.path], {
      TELLTALE_LOG_LEVEL: 'info',
    });
    try {
      await up.until('to capture', () => up.stdout.includes('Reading interface lo.'));
    } catch (error) {
      if (!/cannot capture|neither dumpcap nor tcpdump/.test(String(error))) throw error;
      process.stderr.write(`\n!!! SKIPPED: nothing can be captured on loopback here: ${String(error)}\n\n`);
      return t.skip('capturing is not permitted');
    }
    await up.ready();
    const found = async (): Promise<number> => (await up.metrics()).sum('telltale_detector_findings_total');
    await ask();
    await up.until('to find the user', async () => await found() > 0);

    const child = Number(/"pid":(\d+),"filter"/.exec(up.stderr)?.[1]);
    process.kill(child, 'SIGKILL');
    await up.until('to start the child again', async () => (await up.metrics()).sum('telltale_probe_live_restarts_total') === 1);
    assert.match(up.stderr, /"interface":"lo".*"reason":"it was ended by SIGKILL".*is started again/);
    const before = await found();
    await up.until('to find the user again', async () => {
      await ask();
      return await found() > before;
    });
    const metrics = await up.metrics();
    assert.equal(metrics.sum('telltale_probe_kernel_drops_total'), 0);
    assert.equal(metrics.sum('telltale_probe_interface_drops_total'), 0);
    assert.ok(metrics.sum('telltale_probe_live_delay_seconds') < 60);
    const findings = await (await fetch(`${up.url}/api/findings`)).text();
    assert.ok(findings.includes('user_id') && !findings.includes(user));

    up.kill('SIGTERM');
    assert.equal(await up.exit(), 0, up.stderr);
    for (const output of [up.stdout, up.stderr, metrics.text]) assert.ok(!output.includes(user));
    assert.throws(() => process.kill(child, 0), { code: 'ESRCH' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
