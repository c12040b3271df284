import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  createTokeniser,
  createWatchKey,
  mostWatched,
  parseWatchlist,
  serialiseWatchlist,
  WatchScanner,
  WatchlistError,
  type Watch,
  type WatchKey,
  type Watchlist,
} from '#identifiers';
import { makeFolder } from '#runtime';
import { writeAtomically } from './atomic-file.ts';

const extension = '.jsonl';

/** Largest file that is read, bytes: enough for all values that a probe may watch, in all their spellings. */
const mostBytes = 128 * 1024 * 1024;

export function watchKeyOf(tokenKey: Uint8Array): WatchKey {
  return createWatchKey(tokenKey, createTokeniser(tokenKey).keyId);
}

/** File and line of a list. */
export function watchlistFile(folder: string, name: string): string {
  return path.join(folder, `${name}${extension}`);
}

/**
 * The lists of a folder, ordered by name; none if there is no such folder.
 *
 * @throws {WatchlistError} with file and line
 */
export async function readWatchlists(folder: string, keyId: string): Promise<Watchlist[]> {
  const lists: Watchlist[] = [];
  let values = 0;
  for (const name of await listFiles(folder)) {
    const file = path.join(folder, name);
    if ((await stat(file)).size > mostBytes) throw new WatchlistError(file, 0, `the file is larger than ${mostBytes / 1024 / 1024} MiB`);
    const list = parseWatchlist(await readFile(file, 'utf8'), file, keyId);
    values += list.entries.length;
    if (values > mostWatched) throw new WatchlistError(file, 0, `with this list the probe would watch more than ${mostWatched} values`);
    lists.push(list);
  }
  return lists;
}

/** Finds the values of lists; null if there are none. */
export function watchOf(lists: readonly Watchlist[], tokenKey: Uint8Array): Watch | null {
  return lists.length === 0 ? null : new WatchScanner(lists, watchKeyOf(tokenKey));
}

/** Replaced atomically, so that a probe reads either the old list or the new one. */
export async function writeWatchlist(folder: string, list: Watchlist, keyId: string): Promise<void> {
  await makeFolder(folder);
  await writeAtomically(watchlistFile(folder, list.name), serialiseWatchlist(list, keyId));
}

/** Changes when a list of the folder is written, added or removed; empty if there is no folder. */
export async function watchlistState(folder: string): Promise<string> {
  const states = await Promise.all((await listFiles(folder)).map(async (name) => {
    const { mtimeMs, size, ino } = await stat(path.join(folder, name));
    return `${name} ${mtimeMs} ${size} ${ino}`;
  }));
  return states.join('\n');
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(extension)).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
