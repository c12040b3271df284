import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSilentServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createClient } from '@clickhouse/client';
import { temporaryFolder } from '../../test/support/folder.ts';
import { serveLoopback } from './loopback.ts';
import { migrations } from './migrations/migrations.ts';
import { openStore, StoreError } from './store.ts';
import { count, findingAbout, flowRecords, run } from './testing.ts';

const fast = { backoff: 1, maxBackoff: 5, rollupInterval: 3_600_000 };

/** A server to run this file's first test against as well, such as `http://default:@127.0.0.1:8123`. */
const realServer = process.env.TELLTALE_TEST_CLICKHOUSE;

test('over HTTP: migrates, writes, rolls up and reads as the embedded store does', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  await exercise(server.url, 'telltale');
  const inserts = server.statements.filter((statement) => /^INSERT INTO (flows|findings) /.test(statement));
  assert.deepEqual(inserts.map((statement) => statement.split(' ')[2]), ['flows', 'findings', 'flows', 'findings'], 'flows first');
  assert.ok(inserts.every((statement) => statement.endsWith('FORMAT RowBinary')));
});

test(
  'a real server: the same',
  { skip: realServer === undefined ? 'TELLTALE_TEST_CLICKHOUSE is not set: no real ClickHouse server is tested' : false },
  async () => {
    const database = `telltale_test_${process.pid}`;
    await exercise(realServer!, database);
    const client = createClient({ url: realServer! });
    await client.command({ query: `DROP DATABASE ${database}` });
    await client.close();
  },
);

async function exercise(url: string, database: string): Promise<void> {
  await using store = await openStore({ url, database, ...fast });
  assert.deepEqual(await store.migrate(), migrations.map(({ name }) => name));
  assert.deepEqual(await store.migrate(), []);
  const flows = flowRecords(2000, { 'url.path': '/é/\u{1F600}\t\'"\\' });
  for (let replay = 0; replay < 2; replay++) {
    await store.write(flows, flows.slice(0, 100).map((record) => findingAbout(record)));
    await store.refreshRollups();
  }
  assert.equal(await count(store, 'flows FINAL'), 2000);
  assert.equal(await count(store, 'findings FINAL'), 100);
  assert.deepEqual(await store.query('SELECT DISTINCT url_path AS path FROM flows FINAL'), [{ path: '/é/\u{1F600}\t\'"\\' }]);
  assert.deepEqual(await store.query('SELECT sum(records) AS records FROM flows_1h'), [{ records: 2000 }]);
  assert.deepEqual(await store.query('SELECT {text:String} AS text', { text: "a' OR 1 = 1 --\n\\" }), [{ text: "a' OR 1 = 1 --\n\\" }]);
  assert.deepEqual(await store.query('SELECT {list:Array(String)} AS list', { list: ["a'b", '\\', ',]'] }), [{ list: ["a'b", '\\', ',]'] }]);
}

test('over HTTP: an insert is repeated until the server confirms it, whatever was in the way', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  const warnings: string[] = [];
  await using store = await openStore({ url: server.url, ...fast, warn: (message) => warnings.push(message) });
  await store.migrate();
  server.faults.push(
    {
      status: 500,
      body: 'Code: 252. DB::Exception: Too many parts (600). Merges are processing significantly slower than inserts. (TOO_MANY_PARTS) '
        + '(version 25.8.1.1)',
    },
    { status: 503, body: 'upstream connect error' },
    'drop',
  );
  await store.write(flowRecords(300), []);
  assert.equal(await count(store, 'flows FINAL'), 300, 'the dropped answer did not double anything');
  assert.equal(store.counters.retries, 3);
  assert.equal(store.counters.flows, 300);
  assert.match(warnings[0]!, /^insert into flows failed: TOO_MANY_PARTS \(252\); attempt 1/);
});

test('over HTTP: a refusal that will not change is an error at once', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  await using store = await openStore({ url: server.url, ...fast });
  await store.migrate();
  server.faults.push({ status: 403, body: 'Code: 516. DB::Exception: default: Authentication failed (AUTHENTICATION_FAILED) (version 25.8.1.1)' });
  await assert.rejects(
    store.write(flowRecords(1), []),
    (error) => error instanceof StoreError && error.code === 'refused' && /AUTHENTICATION_FAILED/.test(error.message),
  );
  await run(folder.path, 'DROP TABLE flows');
  await assert.rejects(
    store.write(flowRecords(1), []),
    (error) => error instanceof StoreError && error.code === 'refused' && /telltale migrate/.test(error.message),
  );
});

test('over HTTP: a row the server cannot take is found and reported, the others are stored', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  const warnings: string[] = [];
  await using store = await openStore({ url: server.url, ...fast, warn: (message) => warnings.push(message) });
  await store.migrate();
  await run(folder.path, 'ALTER TABLE flows ADD CONSTRAINT small CHECK source_bytes != 277');
  const flows = flowRecords(1000);
  await store.write(flows, []);
  assert.equal(await count(store, 'flows FINAL'), 999);
  flows[500]!['source.port'] = -1;
  await store.write(flows, []);
  assert.deepEqual(warnings, [
    `rows of flows cannot be stored and are given up (1; the first is ${flows[77]!['event.id']}): VIOLATED_CONSTRAINT (469)`,
    `rows of flows cannot be stored and are given up (2; the first is ${flows[500]!['event.id']}): field source.port must be an integer `
      + 'from 0 to 2^53 - 1, but is another number',
  ]);
  assert.equal(store.counters.rejected, 3);
  assert.equal(store.counters.flows, 999 + 998);
});

test('over HTTP: a server that is not there is waited for until the store closes', async () => {
  const store = await openStore({ url: 'http://127.0.0.1:1', ...fast });
  const write = store.write(flowRecords(1), []);
  write.catch(() => {});
  while (store.counters.retries < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await store.close();
  await assert.rejects(write, (error) => error instanceof StoreError && error.code === 'closed');
  await assert.rejects(store.write([], []), (error) => error instanceof StoreError && error.code === 'closed');
});

test('an embedded store rejects rows and refuses statements alike', async () => {
  await using folder = await temporaryFolder('store');
  const warnings: string[] = [];
  await using store = await openStore({ path: folder.path, ...fast, warn: (message) => warnings.push(message) });
  await assert.rejects(store.write(flowRecords(1), []), (error) => error instanceof StoreError && error.code === 'refused');
  await store.migrate();
  await run(folder.path, 'ALTER TABLE flows ADD CONSTRAINT small CHECK source_bytes != 203');
  await store.write(flowRecords(10), []);
  assert.equal(await count(store, 'flows FINAL'), 9);
  assert.deepEqual(warnings, [
    `rows of flows cannot be stored and are given up (1; the first is ${flowRecords(4)[3]!['event.id']}): VIOLATED_CONSTRAINT (469)`,
  ]);
});

test('over HTTP: while an insert is tried again the store says why', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  await using store = await openStore({ url: server.url, ...fast });
  await store.migrate();
  assert.equal(store.trouble, '');
  const full = { status: 500, body: 'Code: 243. DB::Exception: Cannot reserve 1.00 MiB (NOT_ENOUGH_SPACE) (version 25.8.1.1)' };
  server.faults.push(full, full, full);
  const write = store.write(flowRecords(1), []);
  while (store.counters.retries < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(store.trouble, 'insert into flows failed: NOT_ENOUGH_SPACE (243)');
  await write;
  assert.equal(store.trouble, '');
});

test('over HTTP: a look for stale rollups that fails makes those of new rows no later', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  await using store = await openStore({ url: server.url, ...fast });
  await store.migrate();
  await store.write(flowRecords(10), []);
  const late = { status: 500, body: 'Code: 159. DB::Exception: Timeout exceeded (TIMEOUT_EXCEEDED) (version 25.8.1.1)' };
  server.faults.push('none', 'none', 'none', 'none', late);
  await assert.rejects(store.refreshRollups(), /TIMEOUT_EXCEEDED|Timeout exceeded/);
  assert.equal(await count(store, 'flows_1h'), 2, 'a cell for either country');
  assert.equal(store.counters.rollupMinutes, 1);
  await store.refreshRollups();
});

test('a server is not waited for longer than it is told to work', async (t) => {
  let asked = '';
  const silent = createServer((request) => { asked = request.url!; }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close().closeAllConnections());
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using store = await openStore({ url, ...fast, statementTimeout: 1_000 });
  await assert.rejects(store.query('SELECT 1'), (error) => error instanceof StoreError && error.code === 'query-failed');
  assert.equal(new URL(asked, url).searchParams.get('max_execution_time'), '1');
});

/** Accepts connections and never answers. */
async function silentServer(): Promise<AsyncDisposable & { url: string; connections: () => number }> {
  const sockets = new Set<Socket>();
  const server = createSilentServer((socket) => void sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

test('a store that closes lets go of a server that does not answer, confirms nothing, and says so once', async () => {
  await using silent = await silentServer();
  const warnings: string[] = [];
  const store = await openStore({ url: silent.url, ...fast, statementTimeout: 600_000, patience: 50, warn: (message) => warnings.push(message) });
  const outcomes = Promise.allSettled([
    store.write(flowRecords(1), []), store.write(flowRecords(2), []), // one that was sent, and one that waits for it
    store.query('SELECT 1'), store.ask('SELECT 1'), store.recordDetectionRun('rule', 1), store.refreshRollups(),
  ]);
  while (silent.connections() < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  await store.close();
  const reasons = (await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason as unknown);
  assert.ok(reasons.every((reason) => reason instanceof StoreError), String(reasons));
  assert.deepEqual(reasons.slice(0, 2).map((reason) => (reason as StoreError).code), ['closed', 'closed']);
  assert.equal(store.counters.flows, 0);
  assert.deepEqual(warnings, ['ClickHouse has not answered for 0.05 s: the store closes without it, and what was not confirmed must be sent again']);
});

test('a store that is drained still writes to a server that answers', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  const warnings: string[] = [];
  const store = await openStore({ url: server.url, ...fast, warn: (message) => warnings.push(message) });
  await store.migrate();
  store.drain();
  await store.write(flowRecords(3), []);
  await store.close();
  assert.equal(store.counters.flows, 3);
  assert.ok(server.statements.some((statement) => statement.startsWith('INSERT INTO flows_1h_buckets')), 'rollups are brought up to date');
  assert.deepEqual(warnings, []);
});

test('a migration may take as long as it needs', async () => {
  await using folder = await temporaryFolder('store');
  await using server = await serveLoopback(folder.path);
  await using store = await openStore({ url: server.url, ...fast, statementTimeout: 1 });
  assert.deepEqual(await store.migrate(), migrations.map(({ name }) => name));
});

test('a server that does not answer is named, without the password of its address', async () => {
  await using store = await openStore({ url: 'http://telltale:s3cret@127.0.0.1:1', ...fast });
  await assert.rejects(store.migrate(), (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, /^ClickHouse at 127\.0\.0\.1:1 does not answer \(ECONNREFUSED\)/);
    assert.doesNotMatch(error.message, /s3cret/);
    return true;
  });
});
