import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Metrics, createLogger } from '#runtime';
import { HttpComponent, OperationsModule, startHttp, type Check } from './operations.ts';

test('/healthz: the process is alive, whatever is missing', async (t) => {
  const url = await serve(t, [{ name: 'store', check: () => { throw new Error('no answer'); } }]);
  const response = await fetch(`${url}/healthz`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'ok' });
});

test('/readyz: ready when all checks pass', async (t) => {
  const url = await serve(t, [{ name: 'store', check: () => {} }, { name: 'kafka', check: async () => {} }]);
  const response = await fetch(`${url}/readyz`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'ready', checks: [{ name: 'store', ok: true }, { name: 'kafka', ok: true }] });
});

test('/readyz: a warning is told, and does not make the service unready', async (t) => {
  const url = await serve(t, [{ name: 'geo tables', check: () => 'built long ago' }]);
  const response = await fetch(`${url}/readyz`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'ready', checks: [{ name: 'geo tables', ok: true, warning: 'built long ago' }] });
});

test('/readyz: 503 says which part is missing', async (t) => {
  const url = await serve(t, [{ name: 'store', check: () => Promise.reject(new Error('connection refused')) }, { name: 'kafka', check: () => {} }]);
  const response = await fetch(`${url}/readyz`);
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), {
    status: 'not ready', checks: [{ name: 'store', ok: false, reason: 'connection refused' }, { name: 'kafka', ok: true }],
  });
});

test('/readyz: a check that never answers has failed', async (t) => {
  const url = await serve(t, [{ name: 'kafka', check: () => new Promise(() => {}) }]);
  const response = await fetch(`${url}/readyz`);
  assert.equal(response.status, 503);
  assert.match(await response.text(), /there was no answer within 2000 ms/);
});

test('/metrics: the text format, with process metrics', async (t) => {
  const metrics = new Metrics();
  metrics.counts('test', { events: 3 }, { events: 'Events.' });
  const url = await serve(t, [], metrics);
  const response = await fetch(`${url}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  assert.match(text, /^telltale_test_events_total 3$/m);
  assert.match(text, /^process_cpu_seconds_total /m);
});

test('a port in use: the error says what to do', async (t) => {
  const port = Number(new URL(await serve(t, [])).port);
  await assert.rejects(startHttp({ modules: [], host: '127.0.0.1', port, logger }), {
    message: `Cannot listen: port ${port} on 127.0.0.1 is in use. Stop what uses it, or set TELLTALE_HTTP_PORT (0 takes any free port).`,
  });
});

test('as a component: started and stopped, with a connection kept open', async () => {
  const http = new HttpComponent({
    modules: [OperationsModule.with({ checks: [], metrics: new Metrics({ process: false }) })],
    host: '127.0.0.1',
    port: 0,
    logger,
  });
  await http.start();
  const { url } = http;
  await (await fetch(`${url}/healthz`)).text();
  await http.stop();
  await assert.rejects(fetch(`${url}/healthz`));
});

const logger = createLogger({ name: 'test', level: 'silent' });

async function serve(t: TestContext, checks: Check[], metrics = new Metrics({ process: false })): Promise<string> {
  const server = await startHttp({ modules: [OperationsModule.with({ checks, metrics })], host: '127.0.0.1', port: 0, logger });
  t.after(() => server.close());
  return server.url;
}
