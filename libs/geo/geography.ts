import { parseAddress, type AddressFamily, type AddressWords } from './address.ts';
import { parseAnycast } from './anycast.ts';
import { Combinations } from './combinations.ts';
import { csvField, readRangeTable } from './csv-table.ts';
import { Interner } from './interner.ts';
import { LayeredTable } from './layered-table.ts';
import { readMmdb } from './mmdb-table.ts';
import { Operators, type Operator, type OperatorFile } from './operators.ts';
import { placeless, placeOf, type Claim, type Place } from './place.ts';
import { prefixTable } from './prefix-table.ts';
import type { RangeTable } from './range-table.ts';
import { specialRanges } from './special-ranges.ts';

/** One table of countries or networks by prefix. */
export type TableFile = { readonly name: string } & (
  /** MaxMind DB: one of `@ip-location-db/*-mmdb`, or a company's own GeoIP2 or GeoLite2 file. It holds its build date. */
  | { readonly mmdb: Buffer }
  /** Numeric CSV of `@ip-location-db`, which holds no date. */
  | { readonly ipv4: Buffer; readonly ipv6: Buffer; readonly built: Date }
);

/** Contents of the table files. */
export interface GeoTables {
  /** Country by prefix, the most trusted first: it answers, the others agree or dispute. */
  readonly located: readonly TableFile[];
  /** Country in which the network is registered, by prefix. */
  readonly registered: readonly TableFile[];
  /** Autonomous system by prefix. */
  readonly networks: TableFile;
  /** Operator tables (operators.yaml), a company's own first. */
  readonly operators: readonly OperatorFile[];
  /** Anycast prefixes (anycast.csv, or a list of bgp.tools). */
  readonly anycast: { readonly name: string; readonly text: string };
}

/** A table in use, and the day it was built; undefined when it does not say. */
export interface TableVersion {
  readonly name: string;
  readonly built: Date | undefined;
}

/** Where the values of the layers stand in a combination. */
const layer = { scope: 0, anycast: 1, operator: 2, network: 3, countries: 4 } as const;
/** Marks a country's number: the table says that the address is anycast. */
const anycastTrait = 0x1_0000;
const scopes = ['', 'local', 'reserved'] as const;

interface FamilyTables { ipv4: RangeTable; ipv6: RangeTable }

/**
 * Answers where an address is located, registered and operated from, and whether it is anycast. Pure: it is given the contents of its
 * tables, and lays them over each other once, so that an address costs one binary search, whatever the number of tables.
 */
export class Geography {
  /** Tables with their days, as findings carry them. */
  readonly version: string;
  readonly tables: readonly TableVersion[];
  readonly #ipv4: LayeredTable;
  readonly #ipv6: LayeredTable;
  readonly #combinations: Combinations;
  /** Places that have been asked for, by the number of their combination. */
  readonly #places: (Place | undefined)[];
  readonly #countries = new Interner();
  readonly #organisations = new Map<number, string>();
  readonly #operators: Operators;
  readonly #anycast: readonly string[];
  /** Sources of the layers of countries, in their order. */
  readonly #sources: readonly { dimension: 'located' | 'registered'; source: string }[];
  readonly #words: AddressWords = new Uint32Array(4);

  /** Reads all tables (about a second with those that ship). Throws LocatedError or Error when one is unreadable. */
  constructor(files: GeoTables) {
    const anycast = parseAnycast(files.anycast.text, files.anycast.name);
    this.#anycast = anycast.prefixes.map(({ text }) => text);
    this.#operators = Operators.parse(files.operators);
    const tables: TableVersion[] = [];
    const read = (file: TableFile): FamilyTables => {
      const { built, ...ranges } = this.#readCountries(file);
      tables.push({ name: file.name, built });
      return ranges;
    };
    const countries = [...files.located, ...files.registered].map(read);
    const networks = this.#readNetworks(files.networks);
    tables.push({ name: files.networks.name, built: networks.built });
    this.tables = tables;
    this.#sources = tables.slice(0, countries.length).map((table, i) => ({ dimension: i < files.located.length ? 'located' : 'registered', source: versionText(table) }));

    this.#combinations = new Combinations(layer.countries + countries.length);
    const lay = (family: AddressFamily): LayeredTable => new LayeredTable([
      prefixTable(family, specialRanges.map(({ cidr, scope }) => ({ cidr, value: scopes.indexOf(scope) }))),
      prefixTable(family, anycast.prefixes.map(({ cidr }, i) => ({ cidr, value: i + 1 }))),
      prefixTable(family, this.#operators.prefixes.map(({ cidr }, i) => ({ cidr, value: i + 1 }))),
      networks[family === 4 ? 'ipv4' : 'ipv6'],
      ...countries.map((table) => table[family === 4 ? 'ipv4' : 'ipv6']),
    ], this.#combinations);
    this.#ipv4 = lay(4);
    this.#ipv6 = lay(6);
    this.#places = Array.from({ length: this.#combinations.length });
    this.version = [...tables.map(versionText), this.#operators.version, `anycast ${anycast.version || files.anycast.name}`].join(', ');
  }

  /** Bytes of the search tables. Places that were asked for and names come on top. */
  get byteLength(): number {
    return this.#ipv4.byteLength + this.#ipv6.byteLength + this.#combinations.byteLength;
  }

  /** Place of the address `ip` in text form. A special-purpose range, and what is no address, has no country. */
  lookup(ip: string): Place {
    const words = this.#words;
    const family = parseAddress(ip, words);
    if (family === 4) return this.lookupIpv4(words[0]!);
    return family === 6 ? this.lookupIpv6(words) : noAddress;
  }

  /** Place of an IPv4 address, as an unsigned 32-bit number. */
  lookupIpv4(address: number): Place {
    const number = this.#ipv4.findIpv4(address);
    return this.#places[number] ??= this.#place(number);
  }

  /** Place of an IPv6 address, as four words. */
  lookupIpv6(address: AddressWords): Place {
    const number = this.#ipv6.findIpv6(address);
    return this.#places[number] ??= this.#place(number);
  }

  /** Operator that a table names for a host name; it goes before what the address says. */
  operatorOfDomain(name: string): Operator | undefined {
    return this.#operators.ofDomain(name);
  }

  #place(number: number): Place {
    const value = (place: number): number => this.#combinations.value(number, place);
    const scope = scopes[value(layer.scope)];
    if (scope) return scope === 'local' ? localAddress : reservedAddress;
    const asn = value(layer.network);
    const operator = this.#operators.prefixes[value(layer.operator) - 1]?.operator ?? this.#operators.byAsn.get(asn);
    const claims: Claim[] = [];
    let trait = '';
    for (const [i, { dimension, source }] of this.#sources.entries()) {
      const answer = value(layer.countries + i);
      if ((answer & anycastTrait) !== 0) trait = 'isAnycast';
      const country = this.#countries.text(answer & ~anycastTrait);
      if (country !== '') claims.push({ dimension, country, source, confidence: '' });
    }
    if (operator) claims.push({ dimension: 'operated', country: operator.controlledFrom, source: operator.table, confidence: operator.confidence });
    return placeOf({
      claims, asn, operator: operator?.name ?? '', organisation: this.#organisations.get(asn) ?? '',
      anycast: this.#anycast[value(layer.anycast) - 1] ?? trait,
    });
  }

  #readCountries(file: TableFile): FamilyTables & { built: Date } {
    if ('mmdb' in file) {
      return readMmdb(file.mmdb, (data) => this.#countries.number(countryOf(data)) | (isAnycast(data) ? anycastTrait : 0));
    }
    const read = (family: AddressFamily, bytes: Buffer): RangeTable =>
      readRangeTable(family, bytes, `${file.name}-ipv${family}-num.csv`, (start, end) => this.#countries.number(csvField(bytes, start, end)));
    return { ipv4: read(4, file.ipv4), ipv6: read(6, file.ipv6), built: file.built };
  }

  #readNetworks(file: TableFile): FamilyTables & { built: Date } {
    if ('mmdb' in file) return readMmdb(file.mmdb, (data) => this.#networkOf(data));
    const read = (family: AddressFamily, bytes: Buffer): RangeTable =>
      readRangeTable(family, bytes, `${file.name}-ipv${family}-num.csv`, (start, end) => this.#networkOfLine(bytes, start, end));
    return { ipv4: read(4, file.ipv4), ipv6: read(6, file.ipv6), built: file.built };
  }

  /** Value of a line of the network table, `asn,organisation`; remembers the name. */
  #networkOfLine(bytes: Buffer, start: number, end: number): number {
    const comma = bytes.indexOf(0x2c, start);
    const asn = Number(bytes.toString('latin1', start, comma));
    if (!this.#organisations.has(asn)) this.#organisations.set(asn, csvField(bytes, comma + 1, end));
    return asn;
  }

  /** Value of a record of GeoIP2 ISP or GeoLite2 ASN. */
  #networkOf(data: unknown): number {
    const { autonomous_system_number: asn, autonomous_system_organization: name } = (data ?? {}) as { autonomous_system_number?: unknown; autonomous_system_organization?: unknown };
    if (typeof asn !== 'number') return 0;
    if (typeof name === 'string' && !this.#organisations.has(asn)) this.#organisations.set(asn, name);
    return asn;
  }
}

const localAddress = placeless('local');
const reservedAddress = placeless('reserved');
/** What is no address is treated like one that says nothing. */
const noAddress = reservedAddress;

function versionText({ name, built }: TableVersion): string {
  return built === undefined ? name : `${name} ${built.toISOString().slice(0, 10)}`;
}

/** `country_code` of ip-location-db, or `country.iso_code` of GeoIP2; `''` for anything else, and for `ZZ` (unknown). */
function countryOf(data: unknown): string {
  const { country_code: flat, country: nested } = (data ?? {}) as { country_code?: unknown; country?: { iso_code?: unknown } };
  const code = flat ?? nested?.iso_code;
  return typeof code === 'string' && code !== 'ZZ' ? code : '';
}

/** `traits.is_anycast` of GeoIP2, `is_anycast` or `isAnycast` of other builders. */
function isAnycast(data: unknown): boolean {
  const { traits, is_anycast: flat, isAnycast: camel } = (data ?? {}) as { traits?: { is_anycast?: unknown }; is_anycast?: unknown; isAnycast?: unknown };
  return traits?.is_anycast === true || flat === true || camel === true;
}
