import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { GeoTables, TableFile } from '#geo';

/** Table files to use instead of those that ship. */
export interface GeoFiles {
  /** Location tables (MaxMind DB), the most trusted first. */
  located?: readonly string[] | undefined;
  /** Table of the countries in which networks are registered (MaxMind DB). */
  registered?: string | undefined;
  /** Table of autonomous systems (MaxMind DB). */
  asn?: string | undefined;
  /** A company's own operator table, read before the one that ships. */
  operators?: string | undefined;
  /** Anycast prefixes instead of the list that ships. */
  anycast?: string | undefined;
}

/** Location tables of npm packages, the most trusted first: those that are installed are used. */
const locationPackages = ['dbip-city', 'geo-whois-asn-country', 'iptoasn-country'] as const;

/** Reads the tables that are configured, and for the others those of the npm packages and of the library. */
export async function readGeoTables(root: string, files: GeoFiles = {}): Promise<GeoTables> {
  const packages = join(root, 'node_modules/@ip-location-db');
  const [located, registered, networks, operators, anycast] = await Promise.all([
    files.located === undefined ? installedLocations(packages) : Promise.all(files.located.map(readMmdbFile)),
    files.registered === undefined ? readPackage(packages, 'asn-country') : readMmdbFile(files.registered),
    files.asn === undefined ? readPackage(packages, 'asn') : readMmdbFile(files.asn),
    Promise.all([...(files.operators === undefined ? [] : [files.operators]), join(root, 'libs/geo/operators.yaml')].map(readText)),
    readText(files.anycast ?? join(root, 'libs/geo/anycast.csv')),
  ]);
  return { located, registered: [registered], networks, operators, anycast };
}

async function installedLocations(packages: string): Promise<TableFile[]> {
  const installed = new Set(await readdir(packages));
  const names = locationPackages.filter((name) => installed.has(`${name}-mmdb`));
  return Promise.all(names.map(async (name) => ({ name, mmdb: await readFile(join(packages, `${name}-mmdb/${name}.mmdb`)) })));
}

/** A numeric CSV package. It was built on the day that its version ends in: 2.3.2026061719. */
async function readPackage(packages: string, name: string): Promise<TableFile> {
  const [ipv4, ipv6, manifest] = await Promise.all([
    readFile(join(packages, name, `${name}-ipv4-num.csv`)), readFile(join(packages, name, `${name}-ipv6-num.csv`)), readFile(join(packages, name, 'package.json'), 'utf8'),
  ]);
  const { version } = JSON.parse(manifest) as { version: string };
  const [, year, month, day] = /(\d{4})(\d{2})(\d{2})\d*$/.exec(version) ?? [];
  if (!year) throw new Error(`${name}: version ${version} does not tell the day the table was built`);
  return { name, ipv4, ipv6, built: new Date(`${year}-${month}-${day}`) };
}

async function readMmdbFile(file: string): Promise<TableFile> {
  return { name: basename(file).replace(/\.mmdb$/, ''), mmdb: await readFile(file) };
}

async function readText(file: string): Promise<{ name: string; text: string }> {
  return { name: basename(file), text: await readFile(file, 'utf8') };
}
