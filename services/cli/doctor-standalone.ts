import { access, constants, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectRoot } from '#runtime';
import { openStore, ownerOf, StoreError } from '#store';
import { loadDetection, type LoadedDetection } from '../detector/packs.ts';
import { readTokenKey } from '../probe/token-key.ts';
import { dataFolder } from '../standalone/data-folder.ts';
import type { Diagnosis, Look } from './doctor-diagnosis.ts';
import { count } from './leaks.ts';

export interface StandaloneParts {
  /** Data folder, absolute. */
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly rules?: string | undefined;
  readonly policy?: string | undefined;
}

type Finding = Omit<Diagnosis, 'part'>;

/** Checks what `telltale up` and `telltale scan` need. Checking changes nothing: no key and no data are created. */
export function standaloneLooks({ data, host, port, rules, policy }: StandaloneParts): Look[] {
  const files = dataFolder(data);
  const detection = loadDetection({ root: projectRoot, ...(rules && { rules }), ...(policy && { policy }) });
  detection.catch(() => {}); // each of the checks that wait for it reports the error
  const telltaleListens = isTelltale(host, port);
  return [
    { part: 'Node', remedy: 'Run npm install in the folder of Telltale.', look: lookAtNode },
    { part: 'data folder', look: () => lookAtFolder(data) },
    { part: 'token key', look: () => lookAtTokenKey(files.tokenKey) },
    { part: 'embedded ClickHouse', look: async () => lookAtEmbedded(files.clickhouse, await telltaleListens) },
    {
      part: 'rules and policies',
      remedy: 'Correct the file, or remove standalone.rules and standalone.policy to use those that ship.',
      look: async () => lookAtDetection(await detection),
    },
    {
      part: 'geo tables',
      remedy: 'Run npm install in the folder of Telltale.',
      look: async () => lookAtGeoTables((await detection).geography.tables, Date.now()),
    },
    { part: 'review page', look: async () => lookAtPort(host, port, await telltaleListens) },
  ];
}

function lookAtDetection({ pack, policies, catalogue, warnings }: LoadedDetection): Finding {
  const found = [
    count(pack.rules.length + pack.correlations.length, 'rule'),
    count(policies.policies.length, 'policy', 'policies'),
    count(catalogue.services.size, 'service'),
  ].join(', ');
  const [first] = warnings;
  if (first === undefined) return { mark: 'ok', found };
  return { mark: 'warn', found: `${found}; ${warnings.length} warnings, of which the first is ${first.file}:${first.line}: ${first.message}` };
}

async function lookAtNode(): Promise<Finding> {
  const pinned = (JSON.parse(await readFile(path.join(projectRoot, 'node_modules/node/package.json'), 'utf8')) as { version: string }).version;
  const running = process.versions.node;
  if (running === pinned) return { mark: 'ok', found: `${running}, the pinned one` };
  return {
    mark: 'warn',
    found: `${running}; Telltale is tested with ${pinned}`,
    remedy: 'Start Telltale by bin/telltale or npm start, which use the pinned one.',
  };
}

async function lookAtFolder(folder: string): Promise<Finding> {
  const existing = await nearestExisting(folder);
  const isThere = existing === folder;
  if (!(await stat(existing)).isDirectory())
    return { mark: 'missing', found: `${existing} is a file, but a folder is needed`, remedy: 'Choose another folder (--data, TELLTALE_STANDALONE_DATA).' };
  if (await access(existing, constants.W_OK | constants.X_OK).then(() => true, () => false)) {
    return { mark: 'ok', found: isThere ? `${folder}, which is writable` : `${folder}, which the first start makes` };
  }
  return {
    mark: 'missing',
    found: `${existing} is not writable${isThere ? '' : `, so that ${folder} cannot be made`}`,
    remedy: 'Change its owner or mode, or choose another folder (--data, TELLTALE_STANDALONE_DATA).',
  };
}

async function nearestExisting(folder: string): Promise<string> {
  return await stat(folder).then(() => true, () => false) ? folder : nearestExisting(path.dirname(folder));
}

async function lookAtTokenKey(file: string): Promise<Finding> {
  try {
    await readTokenKey(file);
    return { mark: 'ok', found: `${file}, which only its owner can read` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { mark: 'ok', found: 'there is none yet; the first start makes it' };
    throw error;
  }
}

/** Opens the engine on the data folder, or if there is none yet, on an empty folder that is removed again. */
async function lookAtEmbedded(folder: string, telltaleListens: boolean): Promise<Finding> {
  const isThere = await stat(folder).then(() => true, () => false);
  // Not opened in that case: the engine would write its own error message into the report.
  if (telltaleListens && await isHeld(folder)) return { mark: 'warn', found: heldByTelltale };
  const place = isThere ? folder : await mkdtemp(path.join(tmpdir(), 'telltale-doctor-'));
  try {
    await using store = await openStore({ path: place });
    const [row] = await store.query<{ version: string }>('SELECT version() AS version');
    return { mark: 'ok', found: `${row!.version}${isThere ? '' : ', no data yet'}` };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === 'folder-in-use' && telltaleListens) return { mark: 'warn', found: heldByTelltale };
    const [found, ...remedy] = error.message.split(/(?<=[.:]) (?=One process|It is an optional)/);
    return { mark: 'missing', found: found!.replace(/[.:]$/, ''), remedy: remedy.join(' ') };
  } finally {
    if (!isThere) await rm(place, { recursive: true, force: true });
  }
}

const heldByTelltale = 'it is in use by the Telltale that runs (see review page)';

/** Whether the process that last held the folder is still alive. */
async function isHeld(folder: string): Promise<boolean> {
  const pid = Number(await ownerOf(folder));
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

const dayMillis = 24 * 60 * 60 * 1000;
const maxAgeDays = 60;

/** The oldest table counts; tables without a build date are ignored. */
export function lookAtGeoTables(tables: readonly { built: Date | undefined }[], now: number): Finding {
  const oldest = Math.min(...tables.flatMap(({ built }) => (built ? [built.getTime()] : [])));
  if (!Number.isFinite(oldest)) return { mark: 'ok', found: 'the tables do not say when they were built' };
  const days = Math.floor((now - oldest) / dayMillis);
  const found = `built on ${new Date(oldest).toISOString().slice(0, 10)}, ${days} days ago`;
  if (days <= maxAgeDays) return { mark: 'ok', found };
  return {
    mark: 'warn',
    found,
    remedy: 'Addresses have moved since: update the packages @ip-location-db/* of package.json, or configure tables of your own (standalone.geo).',
  };
}

async function lookAtPort(host: string, port: number, telltaleListens: boolean): Promise<Finding> {
  const place = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  if (port === 0) return { mark: 'ok', found: `any free port of ${host}` };
  if (telltaleListens) return { mark: 'warn', found: `Telltale already runs on ${place}` };
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    return { mark: 'ok', found: `${place} is free` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw error;
    return {
      mark: 'missing',
      found: `port ${port} on ${host} is in use by another program`,
      remedy: 'Stop that program, or choose another port (TELLTALE_HTTP_PORT; 0 takes any free one).',
    };
  } finally {
    server.close();
  }
}

async function isTelltale(host: string, port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`, { signal: AbortSignal.timeout(2_000) });
    return (await answer.text()).includes('telltale_build_info{');
  } catch {
    return false;
  }
}
