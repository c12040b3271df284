import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '#runtime';
import { StoreError } from './errors.ts';
import { StatementQueue } from './statement-queue.ts';
import type { Clients } from './statements.ts';

type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;
type ExecParams = Parameters<Connection['exec']>[0];

/** The folder that the engine has open: it allows one per process, which several stores may share. */
let openFolder = '';
let openStores = 0;
/** Numbers the files in the spool folder, which the stores of this process share. */
let spooled = 0;

/**
 * ClickHouse in this process (https://clickhouse.com/docs/chdb), one session of it, its data in `path`:
 *
 *     clickhouse/   the engine's own folder, which it locks (flock) for as long as the process lives, SIGKILL included
 *     spool/        the batch being inserted
 *     owner         id of the process that holds the folder, for the message to the next one
 */
export async function openEmbedded(path: string): Promise<Clients> {
  const create = await loadEngine();
  await makeFolder(path, 0o700);
  const folder = await realpath(path);
  if (openStores > 0 && openFolder !== folder) {
    throw new StoreError('one-folder-per-process', `cannot open ${folder}: this process has ${openFolder} open, and the embedded ClickHouse `
      + 'holds one data folder per process. Close that store first, or use a server (CLICKHOUSE_URL).');
  }
  const holder = await holderOf(folder);
  if (holder !== '') throw inUse(folder, holder);
  const connection = await connect(create, folder);
  const spool = join(folder, 'spool');
  if (openStores === 0) { // synchronously, so that a second store that is opened meanwhile finds the spool in its final state
    writeFileSync(join(folder, 'owner'), `${process.pid}\n`);
    rmSync(spool, { recursive: true, force: true }); // left by a process that was killed: never confirmed, so it is sent again
    mkdirSync(spool, { mode: 0o700 });
  }
  openFolder = folder;
  openStores++;
  const queue = new StatementQueue();
  const client = (urgent: boolean): ClickHouseClient => createClient({ connection: spooling(taking(connection, queue, urgent), spool) });
  return { client: client(false), urgent: client(true) };
}

type CreateConnection = (options: { path: string }) => Connection;

/** Not a literal in `import`, so that the project compiles without the optional package. */
const engine: string = 'chdb/connection';

async function loadEngine(): Promise<CreateConnection> {
  try {
    return ((await import(engine)) as { createChdbConnection: CreateConnection }).createChdbConnection;
  } catch (error) {
    throw new StoreError(
      'embedded-missing',
      `the embedded ClickHouse (npm package chdb) cannot be loaded on ${process.platform}-${process.arch}. ` +
        'It is an optional dependency with binaries for Linux (glibc) and macOS: ' +
        'run `npm install --include=optional`, or use a server (CLICKHOUSE_URL).',
      { cause: error },
    );
  }
}

/** Id of the process that last opened the data folder, as text; empty where none did. */
export async function ownerOf(folder: string): Promise<string> {
  return readFile(join(folder, 'owner'), 'utf8').then((text) => text.trim(), () => '');
}

/**
 * Id of another process that has the data folder open, as text; empty where none has it, or the system does not tell. Linux lists the engine's lock
 * with the process and the inode (proc_locks(5)). To be asked first: an engine that does not get its lock writes a complaint of its own to standard
 * error.
 */
async function holderOf(folder: string): Promise<string> {
  const owner = await ownerOf(folder);
  if (owner === '' || owner === String(process.pid)) return '';
  try {
    const { ino } = await stat(join(folder, 'clickhouse', 'status'));
    const locks = (await readFile('/proc/locks', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
    return locks.some(([, kind, , , pid, inode = '']) => kind === 'FLOCK' && pid === owner && inode.endsWith(`:${ino}`)) ? owner : '';
  } catch {
    return '';
  }
}

function inUse(folder: string, owner: string): StoreError {
  const reason = owner === '' ? 'it is not a folder of Telltale, or cannot be written to' : `process ${owner} has it open`;
  return new StoreError('folder-in-use', `cannot open the data folder ${folder}: ${reason}. `
    + 'One process at a time can use it: stop that process, choose another folder, or use a server (CLICKHOUSE_URL).');
}

/** The engine's error says nothing that is not said here, and so is not the cause. */
async function connect(create: CreateConnection, folder: string): Promise<Connection> {
  try {
    return create({ path: join(folder, 'clickhouse') });
  } catch {
    throw inUse(folder, await ownerOf(folder));
  }
}

/**
 * A session runs one statement at a time. By itself it would run them in order of arrival, and each waiting statement would occupy one of the few
 * threads that Node uses for file access. A statement that has begun cannot be stopped.
 */
function taking(connection: Connection, queue: StatementQueue, urgent: boolean): Connection {
  const inTurn = <Params extends { abort_signal?: AbortSignal }, T>(statement: (params: Params) => Promise<T>) =>
    ({ abort_signal: signal, ...params }: Params): Promise<T> => queue.run(() => statement(params as Params), { urgent, signal });
  return {
    ping: (params) => queue.run(() => connection.ping(params), { urgent }),
    query: inTurn((params) => connection.query(params)),
    command: inTurn((params) => connection.command(params)),
    insert: inTurn((params) => connection.insert(params)),
    exec: inTurn((params) => connection.exec(params)),
    close: () => connection.close(),
  };
}

/**
 * chdb's `exec` decodes the body as UTF-8, which destroys binary formats (chdb 3.4, streamToString in dist/connection). Here the body goes
 * through a file, which the engine reads itself; the statement is the one that a server would get.
 */
function spooling(connection: Connection, spool: string): Connection {
  return {
    ping: (params) => connection.ping(params),
    query: (params) => connection.query(params),
    command: (params) => connection.command(params),
    insert: (params) => connection.insert(params),
    exec: (params) => (params.values === undefined ? connection.exec(params) : insertFile(params)),
    async close() {
      await connection.close();
      if (--openStores === 0) openFolder = '';
    },
  };

  async function insertFile({ values, query, ...params }: ExecParams) {
    const file = join(spool, `${spooled++}.bin`);
    try {
      await writeFile(file, values!);
      return await connection.exec({ ...params, query: query.replace(/ FORMAT (\w+)\s*$/, ` FROM INFILE ${quoted(file)} FORMAT $1`) });
    } finally {
      await rm(file, { force: true });
    }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
