import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/folder.ts';
import { openStore, StoreError } from './store.ts';
import { count, findingAbout, flowRecords, temporaryStore } from './testing.ts';

const here = import.meta.dirname;

/** A process of its own that runs `script`, in which `folder` is the data folder; its standard output by line. */
function child(script: string, folder: string): { process: ChildProcess; lines: AsyncIterator<string> } {
  const prelude = `
    import { openStore } from '${here}/store.js';
    import { flowRecord, findingAbout } from '${here}/testing.js';
    const folder = ${JSON.stringify(folder)};
  `;
  const started = spawn(process.execPath, ['--input-type=module', '--eval', prelude + script], { stdio: ['ignore', 'pipe', 'pipe'] });
  return { process: started, lines: createInterface({ input: started.stdout! })[Symbol.asyncIterator]() };
}

test('a second process is told who has the folder', async () => {
  await using temporary = await temporaryStore();
  const { process: second, lines } = child(
    "await openStore({ path: folder }).then(() => console.log('opened'), (error) => console.log(JSON.stringify([error.code, error.message])));",
    temporary.path,
  );
  const [code, message] = JSON.parse((await lines.next()).value as string) as [string, string];
  second.kill();
  assert.equal(code, 'folder-in-use');
  assert.match(message, new RegExp(`${temporary.path}: process ${process.pid} has it open.*CLICKHOUSE_URL`));
});

test('one process has one folder; after closing it may open another', async () => {
  await using folder = await temporaryFolder('store');
  {
    await using temporary = await temporaryStore();
    await assert.rejects(
      openStore({ path: folder.path }),
      (error) => error instanceof StoreError && error.code === 'one-folder-per-process' && error.message.includes(temporary.path),
    );
  }
  await using store = await openStore({ path: folder.path });
  assert.deepEqual(await store.query('SELECT 1 AS one'), [{ one: 1 }]);
});

test('what was confirmed before a SIGKILL is there, and sending everything again doubles nothing', async () => {
  await using folder = await temporaryFolder('store');
  const batch = 200;
  const writer = `
    const store = await openStore({ path: folder, rollupInterval: 1 });
    await store.migrate();
    for (let next = 0; ; next += ${batch}) {
      const flows = Array.from({ length: ${batch} }, (_, index) => flowRecord(next + index));
      await store.write(flows, flows.map((record) => findingAbout(record)));
      console.log(next + ${batch});
    }`;
  let confirmed = 0;
  for (const lifetime of [3, 7, 5]) { // confirmed batches until the kill, which lands within the next one
    const { process: victim, lines } = child(writer, folder.path);
    let last = 0;
    for (let batches = 0; batches < lifetime; batches++) last = Number((await lines.next()).value);
    victim.kill('SIGKILL');
    const [, signal] = await once(victim, 'exit') as [number, string];
    assert.equal(signal, 'SIGKILL');
    confirmed = Math.max(confirmed, last);
  }
  await using store = await openStore({ path: folder.path, rollupInterval: 3_600_000 });
  await store.migrate();
  const ids = new Set((await store.query<{ id: string }>('SELECT event_id AS id FROM flows FINAL')).map(({ id }) => id));
  const expected = flowRecords(ids.size + batch);
  for (const record of expected.slice(0, confirmed)) assert.ok(ids.has(record['event.id']));
  assert.equal(
    await count(store, `findings FINAL WHERE telltale_record_id IN (SELECT event_id FROM flows)`),
    await count(store, 'findings FINAL'),
    'no finding without its flow',
  );

  await store.write(expected, expected.map((record) => findingAbout(record)));
  await store.refreshRollups();
  for (const table of ['flows', 'findings']) assert.equal(await count(store, `${table} FINAL`), expected.length);
  assert.deepEqual(await store.query('SELECT sum(records) AS n FROM flows_1h'), [{ n: expected.length }]);
  assert.deepEqual(await readdir(join(folder.path, 'spool')), [], 'no batch is left behind');
});

test('closing rolls up and releases the folder to another process', async () => {
  await using folder = await temporaryFolder('store');
  const first = await openStore({ path: folder.path, rollupInterval: 3_600_000 });
  await first.migrate();
  const write = first.write(flowRecords(100), []);
  await first.close(); // waits for the write in progress
  await write;
  await first.close();
  const { process: next, lines } = child(`
    const store = await openStore({ path: folder });
    console.log(JSON.stringify(await store.query('SELECT sum(records) AS n FROM flows_1m')));
    await store.close();`, folder.path);
  assert.equal((await lines.next()).value, '[{"n":100}]');
  const [code] = await once(next, 'exit') as [number];
  assert.equal(code, 0);
});

test('where chdb is missing the error says what to do', async () => {
  await using folder = await temporaryFolder('store');
  const { lines } = child(`
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(specifier, context, next) {
      if (specifier.startsWith('chdb')) throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(specifier, context);
    } });
    await openStore({ path: folder }).catch((error) => console.log(JSON.stringify([error.code, error.message])));`, folder.path);
  const [code, message] = JSON.parse((await lines.next()).value as string) as [string, string];
  assert.equal(code, 'embedded-missing');
  assert.match(message, /npm install --include=optional.*CLICKHOUSE_URL/);
});

test('a folder that is not writable is named', async () => {
  await using folder = await temporaryFolder('store');
  await assert.rejects(openStore({ path: join(folder.path, 'owner-is-a-file', '\0') }), /null bytes|invalid/i);
  await using store = await openStore({ path: join(folder.path, "it's a folder") });
  await store.migrate();
  await store.write(flowRecords(3), []);
  assert.equal(await count(store, 'flows FINAL'), 3, 'quotes in the path are data');
  assert.match(await readFile(join(folder.path, "it's a folder", 'owner'), 'utf8'), new RegExp(`^${process.pid}\n$`));
});

test('stores that share the folder do not mix up their batches', async () => {
  await using temporary = await temporaryStore();
  const others = await Promise.all([1, 2, 3].map(() => openStore({ path: temporary.path, rollupInterval: 3_600_000 })));
  await Promise.all(others.map(async (store, part) => {
    for (let round = 0; round < 8; round++) await store.write(flowRecords(400).filter((_, index) => index % 3 === part && index % 8 === round), []);
  }));
  assert.equal(await count(temporary.store, 'flows FINAL'), 400);
  for (const store of others) await store.close();
});

test('what a person asks is answered before what waits in the background', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const answered: string[] = [];
  const noting = (name: string) => () => void answered.push(name);
  await Promise.all([
    store.query('SELECT sleep(0.1)').then(noting('running')),
    store.write(flowRecords(10), []).then(noting('insert')),
    store.query('SELECT 1').then(noting('detection')),
    store.ask('SELECT {number:UInt8} AS number', { number: 1 }).then(noting('page')),
  ]);
  assert.deepEqual(answered.slice(0, 2), ['running', 'page']);
  assert.deepEqual(answered.toSorted(), ['detection', 'insert', 'page', 'running']);
});

test('statements that wait for the engine hold no thread that reads files', async () => {
  await using temporary = await temporaryStore();
  const answered: string[] = [];
  const statements = Array.from({ length: 8 }, () => temporary.store.query('SELECT sleep(0.2)').then(() => answered.push('statement')));
  await readFile(join(temporary.path, 'owner'));
  answered.push('file');
  await Promise.all(statements);
  assert.equal(answered[0], 'file');
});

test('what nobody waits for any more is not begun', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const leaving = new AbortController();
  const running = store.query('SELECT sleep(0.1)');
  const given = store.until(leaving.signal).ask("INSERT INTO detection_runs (name, until) SELECT 'begun', now64(6)");
  leaving.abort();
  await assert.rejects(given, (error) => error instanceof StoreError && error.code === 'query-failed');
  await running;
  assert.equal(await count(store, 'detection_runs'), 0);
});
