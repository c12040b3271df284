import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createTokeniser, watch, type Watch } from '#identifiers';
import { WatchlistWatcher } from './watchlist-watcher.ts';
import { readWatchlists, watchKeyOf, watchlistFile, writeWatchlist } from './watchlists.ts';

const tokenKey = Buffer.alloc(32, 7);
const key = watchKeyOf(tokenKey);
const tokeniser = createTokeniser(tokenKey);

async function folderOf(context: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'telltale-watchlists-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function watcherOf(folder: string) {
  const given: (Watch | null)[] = [];
  const logged: string[] = [];
  const logger = { info: () => {}, error: (fields: unknown) => { logged.push(JSON.stringify(fields)); } } as never;
  const watcher = new WatchlistWatcher({ folder, tokenKey, pipeline: { watch: (one) => given.push(one) }, logger });
  return { watcher, given, logged };
}

const listOf = (name: string, ...values: string[]) => ({ name, entries: values.map((value) => watch(value, '', tokeniser, key)) });

test('changed lists are taken, and taken away, without a restart', async (context) => {
  const folder = await folderOf(context);
  const { watcher, given } = watcherOf(folder);
  await watcher.look();
  assert.equal(given.length, 0, 'no folder, no lists');
  await writeWatchlist(folder, listOf('accounts', 'harbour-admin7'), key.keyId);
  await watcher.look();
  await watcher.look();
  assert.equal(given.length, 1);
  assert.equal((given[0] as Watch).listOf(tokeniser.token('harbour-admin7')), 'accounts');
  await rm(watchlistFile(folder, 'accounts'));
  await watcher.look();
  assert.deepEqual([given.length, given[1], watcher.counters.watchlistReloads], [2, null, 2]);
});

test('lists with an error are refused with their place, and those in use stay', async (context) => {
  const folder = await folderOf(context);
  const { watcher, given, logged } = watcherOf(folder);
  await writeWatchlist(folder, listOf('accounts', 'harbour-admin7'), key.keyId);
  await watcher.look();
  await writeFile(path.join(folder, 'people.jsonl'), '{"watchlist":"people","version":1,"key":"00000000"}\n');
  await watcher.look();
  await watcher.look();
  assert.deepEqual([given.length, watcher.counters.watchlistReloadsRefused, logged.length], [1, 1, 1], 'told once');
  assert.match(logged[0]!, /people\.jsonl:1: the list was made with token key 00000000/);
});

test('a list is written for its owner alone, and holds no value', async (context) => {
  const folder = await folderOf(context);
  await writeWatchlist(folder, listOf('people', 'jane.doe@example.org'), key.keyId);
  const file = watchlistFile(folder, 'people');
  if (process.platform !== 'win32') assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readWatchlists(folder, key.keyId), [listOf('people', 'jane.doe@example.org')]);
  await assert.rejects(readWatchlists(folder, '11111111'), /people\.jsonl:1: the list was made with token key/);
});
