import { rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createTokeniser, mostWatched, watch, watchlistName, WatchlistError, type WatchEntry, type Watchlist } from '#identifiers';
import { loadOrCreateTokenKey, readTokenKey } from '../probe/token-key.ts';
import { readWatchlists, watchKeyOf, watchlistFile, writeWatchlist } from '../probe/watchlists.ts';
import { dataFolder, defaultDataFolder } from '../standalone/data-folder.ts';
import { actionOf, parseArguments, refuseIdle } from './arguments.ts';
import { exitStatus, UnusableError, UsageError, type Command } from './command.ts';
import { count } from './leaks.ts';

const help = `Usage: telltale watchlist add NAME [--kind KIND] [options]     < values
       telltale watchlist remove NAME [--kind KIND] [options]  < values
       telltale watchlist delete NAME [options]
       telltale watchlist list [options]

Manages values of your own (accounts, devices, e-mail addresses, telephone
numbers) that the probe looks for in all traffic, with or without a key name
beside them: as they are, in base64 or hexadecimal, as digests, as integers.
Lists hold only keyed digests; the values themselves are read from standard
input, one per line, and are not written anywhere. A match carries the name of
its list; the rule "Value of a watchlist in clear" reports it.
docs/watchlists.md says what can be found and what cannot.

Options:
  --kind KIND    kind of the values, such as user_id, imei, phone
                 (docs/identifiers.md).
                 Without it, a value that has the shape of a kind is of that
                 kind, and any other a watched_value.
  --data DIR     data folder that holds token.key and watchlists/ (default
                 ${defaultDataFolder})
  --key FILE     token key of the probe, and
  --lists DIR    its folder of watchlists (probe.key and probe.watchlists of its
                 configuration), instead of --data

A running probe takes over a changed list within seconds.
`;

export const watchlist: Command = {
  help,
  async run(args) {
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: { kind: { type: 'string' }, data: { type: 'string' }, key: { type: 'string' }, lists: { type: 'string' } },
    });
    const [word, name, ...rest] = positionals;
    const action = actionOf('watchlist', word, ['add', 'remove', 'delete', 'list']);
    const data = dataFolder(values.data ?? defaultDataFolder);
    const place: Place = { keyFile: values.key ?? data.tokenKey, isNamed: values.key !== undefined, folder: values.lists ?? data.watchlists };
    refuseIdle('watchlist', action, values, { kind: ['add', 'remove'] });
    if (action === 'list') {
      if (name !== undefined) throw new UsageError('watchlist list takes no NAME: it lists all');
      return list(place);
    }
    if (name === undefined || rest.length > 0) throw new UsageError(`watchlist ${action} needs one NAME`);
    if (!watchlistName.test(name)) throw new UsageError('the name of a list must consist of at most 48 small letters, digits and hyphens');
    try {
      switch (action) {
        case 'add': return await add(place, name, values.kind ?? '');
        case 'remove': return await remove(place, name, values.kind ?? '');
        case 'delete': return await discard(place, name);
      }
    } catch (error) {
      if (error instanceof WatchlistError) throw new UnusableError(error.message);
      throw error;
    }
  },
};

interface Place {
  keyFile: string;
  /** Whether the key was named with --key. Then it has to exist: a new key would match nothing that the probe sees. */
  isNamed: boolean;
  folder: string;
}

async function add(place: Place, name: string, kind: string): Promise<number> {
  const { entries: added, keyId } = await readEntries(place, kind);
  const lists = await readWatchlists(place.folder, keyId);
  const before = lists.find((one) => one.name === name);
  const entries = new Map([...(before?.entries ?? []), ...added].map((entry) => [entry.token, entry]));
  const others = lists.reduce((sum, one) => (one === before ? sum : sum + one.entries.length), 0);
  if (others + entries.size > mostWatched)
    throw new UnusableError(`a probe watches at most ${mostWatched} values, and with these it would watch ${others + entries.size}`);
  await writeWatchlist(place.folder, { name, entries: [...entries.values()] }, keyId);
  const more = entries.size - (before?.entries.length ?? 0);
  say(`${name}: ${count(more, 'value')} added, so that it has ${entries.size} (${kindsOf([...entries.values()])})`);
  return exitStatus.ok;
}

async function remove(place: Place, name: string, kind: string): Promise<number> {
  const { entries, keyId } = await readEntries(place, kind);
  const before = existing(await readWatchlists(place.folder, keyId), name);
  const gone = new Set(entries.map(({ token }) => token));
  const kept = before.entries.filter(({ token }) => !gone.has(token));
  await writeWatchlist(place.folder, { name, entries: kept }, keyId);
  say(`${name}: ${count(before.entries.length - kept.length, 'value')} removed, so that it has ${kept.length}`);
  return exitStatus.ok;
}

async function discard({ folder }: Place, name: string): Promise<number> {
  const file = watchlistFile(folder, name);
  if (await stat(file).catch(() => null) === null) throw new UnusableError(`there is no list ${name} in ${folder}`);
  await rm(file);
  say(`${name}: the list was deleted`);
  return exitStatus.ok;
}

async function list({ keyFile, folder }: Place): Promise<number> {
  const { keyId } = watchKeyOf(await readKey(keyFile));
  const lists = await readWatchlists(folder, keyId).catch((error: unknown) => {
    throw error instanceof WatchlistError ? new UnusableError(error.message) : error;
  });
  for (const { name, entries } of lists)
    process.stdout.write(`${name.padEnd(24)} ${count(entries.length, 'value').padStart(14)}  ${kindsOf(entries)}\n`);
  if (lists.length === 0) say(`there are no watchlists in ${folder}`);
  return exitStatus.ok;
}

/** Reads the values on standard input, in the form in which they are stored: all of them, or none when one cannot be watched. */
async function readEntries({ keyFile, isNamed }: Place, kind: string): Promise<{ entries: WatchEntry[]; keyId: string }> {
  if (process.stdin.isTTY) say('reading values from standard input, one per line; Ctrl-D ends');
  const tokenKey = await (isNamed ? readKey(keyFile) : loadOrCreateTokenKey(keyFile));
  const tokeniser = createTokeniser(tokenKey);
  const key = watchKeyOf(tokenKey);
  const entries: WatchEntry[] = [];
  const problems: string[] = [];
  let line = 0;
  for await (const value of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    line++;
    if (value.trim() === '') continue;
    try {
      entries.push(watch(value, kind, tokeniser, key));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(`stdin:${line}: ${error.message}`);
    }
  }
  if (problems.length > 0) {
    const more = problems.length > mostProblems ? [`and ${problems.length - mostProblems} more`] : [];
    throw new UnusableError(['nothing was changed:', ...problems.slice(0, mostProblems), ...more].join('\n'));
  }
  if (entries.length === 0) throw new UnusableError('standard input has no values');
  return { entries, keyId: key.keyId };
}

const mostProblems = 20;

async function readKey(file: string): Promise<Buffer> {
  return readTokenKey(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UnusableError(
      `there is no token key at ${file}: the probe makes one on its first start, and so does telltale watchlist add in a data folder (--data)`,
    );
  });
}

function existing(lists: readonly Watchlist[], name: string): Watchlist {
  const found = lists.find((one) => one.name === name);
  if (found === undefined) throw new UnusableError(`there is no list ${name}`);
  return found;
}

/** `12 email, 3 phone` */
function kindsOf(entries: readonly WatchEntry[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of entries) counts.set(kind.name, (counts.get(kind.name) ?? 0) + 1);
  return [...counts].map(([kind, values]) => `${values} ${kind}`).join(', ');
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
