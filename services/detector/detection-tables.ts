import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Geography, readCountries, readNetworks, type GeoTables, type TableFile } from '#geo';
import type { Metrics } from '#runtime';

/** Table files to use instead of the built-in ones. */
export interface GeoFiles {
  /** Location tables (MaxMind DB), most trusted first. */
  located?: readonly string[] | undefined;
  /** Table of the countries in which networks are registered (MaxMind DB). */
  registered?: string | undefined;
  /** Table of autonomous systems (MaxMind DB). */
  asn?: string | undefined;
  /** A company's own operator table, consulted before the built-in one. */
  operators?: string | undefined;
  /** Anycast prefixes to use instead of the built-in list. */
  anycast?: string | undefined;
}

/**
 * npm packages with tables by the question that they answer, most trusted first; docs/jurisdictions.md gives the reasons. dbip-city is the one
 * that measures locations. asn-country has the delegations of the registries, geo-whois-asn-country their entries for parts of these, and
 * iptoasn-country the entry of the announcing network.
 */
const locationPackages = ['dbip-city-mmdb'] as const;
const registryPackages = ['asn-country', 'geo-whois-asn-country-mmdb', 'iptoasn-country-mmdb'] as const;

interface TablePaths {
  located: string[];
  registered: string[];
  asn: string;
  operators: string[];
  anycast: string;
}

/** The configured files, and otherwise the folders of the npm packages and the library's own files. */
function pathsOf(root: string, { located, registered, asn, operators, anycast }: GeoFiles): TablePaths {
  const packages = join(root, 'node_modules/@ip-location-db');
  const folders = (names: readonly string[]): string[] => names.map((name) => join(packages, name));
  return {
    located: located === undefined ? folders(locationPackages) : [...located],
    registered: registered === undefined ? folders(registryPackages) : [registered],
    asn: asn ?? join(packages, 'asn'),
    operators: [...(operators === undefined ? [] : [operators]), join(root, 'libs/geo/operators.yaml')],
    anycast: anycast ?? join(root, 'libs/geo/anycast.csv'),
  };
}

/** Reads the configured tables, and otherwise those of the npm packages and of the library. */
export async function readGeoTables(root: string, files: GeoFiles = {}): Promise<GeoTables> {
  const paths = pathsOf(root, files);
  const [located, registered, networks, operators, anycast] = await Promise.all([
    Promise.all(paths.located.map(readTable)),
    Promise.all(paths.registered.map(readTable)),
    readTable(paths.asn),
    Promise.all(paths.operators.map(readText)),
    readText(paths.anycast),
  ]);
  return { located, registered, networks, operators, anycast };
}

/** {@link readGeoTables} on a separate thread: parsing takes most of a second, for which records would have to wait. Rejects as it does. */
async function readGeoTablesAside(root: string, files: GeoFiles): Promise<GeoTables> {
  const worker = new Worker(new URL('geo-tables-worker.js', import.meta.url), { workerData: { root, files } });
  const [tables] = await once(worker, 'message') as [GeoTables];
  return tables;
}

/** Whether a path is the folder of an npm package, in which the table may consist of more than one file. */
function isPackage(path: string): boolean {
  return /@ip-location-db.[^/\\]+$/.test(path);
}

/** A MaxMind DB, or the folder of an npm package with MaxMind DBs or numeric CSV. */
function readTable(path: string): Promise<TableFile> {
  if (!isPackage(path)) return readMmdb(basename(path).replace(/\.mmdb$/, ''), [path]);
  return path.endsWith('-mmdb') ? readMmdbPackage(path) : readCsvPackage(path);
}

/** One file for both address families, or one per family. */
function readMmdbPackage(folder: string): Promise<TableFile> {
  const name = basename(folder).replace(/-mmdb$/, '');
  const whole = join(folder, `${name}.mmdb`);
  return readMmdb(name, existsSync(whole) ? [whole] : [join(folder, `${name}-ipv4.mmdb`), join(folder, `${name}-ipv6.mmdb`)]);
}

async function readMmdb(name: string, files: readonly string[]): Promise<TableFile> {
  return { name, mmdb: await Promise.all(files.map((file) => readFile(file))) };
}

/** The build date of a package is at the end of its version: 2.3.2026061719. */
async function readCsvPackage(folder: string): Promise<TableFile> {
  const name = basename(folder);
  const [ipv4, ipv6, manifest] = await Promise.all([
    readFile(join(folder, `${name}-ipv4-num.csv`)), readFile(join(folder, `${name}-ipv6-num.csv`)), readFile(join(folder, 'package.json'), 'utf8'),
  ]);
  const { version } = JSON.parse(manifest) as { version: string };
  const [, year, month, day] = /(\d{4})(\d{2})(\d{2})\d*$/.exec(version) ?? [];
  if (!year) throw new Error(`the version ${version} of ${name} does not tell on which day the table was built`);
  return {
    name,
    built: new Date(`${year}-${month}-${day}`),
    csv: name === 'asn' ? readNetworks({ name, ipv4, ipv6 }) : readCountries({ name, ipv4, ipv6 }),
  };
}

async function readText(file: string): Promise<{ name: string; text: string }> {
  return { name: basename(file), text: await readFile(file, 'utf8') };
}

/** Older tables deserve a warning, since address blocks are sold and moved every day. */
const oldTableDays = 60;

export interface GeoTableWatch {
  root: string;
  files: GeoFiles;
  /** The tables in use when watching starts. */
  geography: Geography;
  /** Puts new tables into use. It runs between two batches: a batch is looked up in one set of tables from beginning to end. */
  replace(geography: Geography): void;
  warn(message: string): void;
  checkMillis: number;
  now?(): number;
}

/**
 * Watches the geo tables of a running detector: their age, and whether their files have changed. Changed files are read by another thread
 * while the old tables are in use, and then replace them at once; unreadable ones change nothing.
 */
export class GeoTableWatcher {
  readonly name = 'geo tables';
  readonly counters = { reloads: 0, failures: 0 };
  readonly #watch: GeoTableWatch;
  #geography: Geography;
  #seen = '';
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> = Promise.resolve();

  constructor(watch: GeoTableWatch) {
    this.#watch = watch;
    this.#geography = watch.geography;
  }

  async start(): Promise<void> {
    this.#seen = await this.#fingerprint();
    this.#warnOfAge();
    this.#timer = setInterval(() => { this.#checking = this.check(); }, this.#watch.checkMillis);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  /** Reads the tables again if a file has changed since the last check. */
  async check(): Promise<void> {
    const { root, files, replace, warn } = this.#watch;
    try {
      const seen = await this.#fingerprint();
      if (seen === this.#seen) return;
      this.#seen = seen;
      const geography = new Geography(await readGeoTablesAside(root, files));
      replace(geography);
      this.#geography = geography;
      this.counters.reloads++;
      this.#warnOfAge();
    } catch (error) {
      this.counters.failures++;
      warn(`the changed geo tables cannot be used, and the previous ones stay in use: ${(error as Error).message}`);
    }
  }

  /** Days since each table was built; tables without a build date are left out. */
  ages(): Record<string, number> {
    const now = (this.#watch.now ?? Date.now)();
    return Object.fromEntries(
      this.#geography.tables
        .filter(({ built }) => built !== undefined)
        .map(({ name, built }) => [name, Math.floor((now - built!.getTime()) / 86_400_000)]),
    );
  }

  /** A warning about the tables in use; undefined: none. */
  warning(): string | undefined {
    const doubts: string[] = [];
    const old = Object.entries(this.ages()).filter(([, days]) => days > oldTableDays).map(([name, days]) => `${name} (${days} days)`);
    if (old.length > 0)
      doubts.push(`geo tables are old: ${old.join(', ')}. Addresses have moved since: update the packages or configure newer files`);
    if (this.#geography.faults > 0)
      doubts.push(`geo tables are damaged: for ${this.#geography.faults} blocks of addresses, one of them gives no answer`);
    return doubts.length === 0 ? undefined : doubts.join('; ');
  }

  /** Number of address blocks for which a table turned out to be damaged. */
  faults(): number {
    return this.#geography.faults;
  }

  #warnOfAge(): void {
    const warning = this.warning();
    if (warning !== undefined) this.#watch.warn(warning);
  }

  /** Size and time of every file. */
  async #fingerprint(): Promise<string> {
    const paths = pathsOf(this.#watch.root, this.#watch.files);
    // Files of a package change together with its package.json.
    const files = [...paths.located, ...paths.registered, paths.asn, ...paths.operators, paths.anycast].map((path) =>
      isPackage(path) ? join(path, 'package.json') : path,
    );
    const stats = await Promise.all(files.map((file) => stat(file)));
    return stats.map(({ size, mtimeMs }, i) => `${files[i]} ${size} ${mtimeMs}`).join('\n');
  }
}

export function reportGeoTables(metrics: Metrics, watcher: Pick<GeoTableWatcher, 'ages' | 'faults' | 'counters'>): void {
  metrics.gauge('telltale_geo_table_faults', 'Address blocks for which a damaged geo table gives no answer.', () => watcher.faults());
  metrics.gauge(
    'telltale_geo_table_age_days', `Days since a geo table was built; above ${oldTableDays} it should be updated.`, () => watcher.ages(), {}, 'table',
  );
  metrics.counts('geo', watcher.counters, { reloads: 'Reloads of changed geo tables.', failures: 'Changed geo tables that could not be read.' });
}
