import { parseAddress, type AddressFamily, type AddressWords } from './address.ts';
import { parseAnycast } from './anycast.ts';
import { BoundedCache } from './bounded-cache.ts';
import { CityTable, type City } from './city.ts';
import { Combinations } from './combinations.ts';
import { countryNumber, countryText, type CsvTable } from './csv-table.ts';
import { LayeredTable, type Layer } from './layered-table.ts';
import type { MmdbRecord } from './mmdb-record.ts';
import { MmdbLayer, MmdbTable } from './mmdb-table.ts';
import { Operators, type Operator, type OperatorFile } from './operators.ts';
import { placeless, placeOf, type Claim, type Dimension, type Place } from './place.ts';
import { prefixTable } from './prefix-table.ts';
import { RangeTable } from './range-table.ts';
import { specialRanges } from './special-ranges.ts';

/** One table of countries or networks by prefix. */
export type TableFile = { readonly name: string } & (
  /**
   * MaxMind DB: one of `@ip-location-db/*-mmdb` (one file, or one per family), or a GeoIP2 or GeoLite2 file of the user's. It holds its build date.
   */
  | { readonly mmdb: readonly Uint8Array[] }
  /** Numeric CSV of `@ip-location-db`, which holds no date. */
  | { readonly csv: CsvTable; readonly built: Date }
);

/** Contents of the table files. */
export interface GeoTables {
  /** Country by prefix, the most trusted table first: it answers, the others agree or dispute. */
  readonly located: readonly TableFile[];
  /** Country in which the network is registered, by prefix. */
  readonly registered: readonly TableFile[];
  /** Autonomous system by prefix. */
  readonly networks: TableFile;
  /** Operator tables (operators.yaml), the user's own first. */
  readonly operators: readonly OperatorFile[];
  /** Anycast prefixes (anycast.csv, or a list of bgp.tools). */
  readonly anycast: { readonly name: string; readonly text: string };
}

/** A table in use, and the date it was built; undefined when it does not say. */
export interface TableVersion {
  readonly name: string;
  readonly built: Date | undefined;
}

/** Position of each layer's value in a combination. */
const layer = { scope: 0, anycast: 1, operator: 2, network: 3, countries: 4 } as const;
/** Flag on a country's number: the table says that the address is anycast. */
const anycastTrait = 0x1_0000;
const scopes = ['', 'local', 'reserved'] as const;

interface FamilyLayers {
  readonly built: Date;
  readonly ipv4: Layer;
  readonly ipv6: Layer;
}

interface KnownAddress {
  readonly ip: string;
  readonly place: Place;
  /** The country for which a city was last looked up; `''`: none yet. */
  located: string;
  city: City | undefined;
}

/**
 * Answers where an address is located, registered and operated from, and whether it is anycast. Pure: it is given the contents of its
 * tables. They are merged, so that an address costs one binary search whatever the number of tables. A block of addresses is merged when an
 * address in it is first looked up, so that opening a Geography costs little, however large its tables are.
 */
export class Geography {
  /** The tables with their dates, as findings carry them. */
  readonly version: string;
  readonly tables: readonly TableVersion[];
  /** The tables that answer each dimension, with their dates: `dbip-city 2026-06-05`. */
  readonly tablesOf: Readonly<Record<Dimension, string>>;
  readonly #ipv4: LayeredTable;
  readonly #ipv6: LayeredTable;
  readonly #combinations: Combinations;
  /** Places made so far, by the number of their combination. */
  readonly #places: (Place | undefined)[] = [];
  readonly #organisations = new Map<number, string>();
  readonly #operators: Operators;
  readonly #anycast: readonly string[];
  /** What the country layers answer, in their order. */
  readonly #sources: readonly { dimension: 'located' | 'registered'; source: string }[];
  /** Location tables that are MaxMind DBs, which may know cities. */
  readonly #cityTables: readonly (readonly CityTable[])[];
  /** Recent answers by the address's text, since each step into a table may be a CPU cache miss. */
  readonly #addresses = new BoundedCache<KnownAddress>(16_384);
  /** The latest two of them, since records of a flow often follow each other. */
  #last: KnownAddress = { ip: '', place: noAddress, located: '', city: undefined };
  #before = this.#last;
  readonly #mmdbLayers: MmdbLayer[] = [];
  readonly #words: AddressWords = new Uint32Array(4);

  /** Opens the tables. Throws LocatedError or Error when one is unreadable. */
  constructor(files: GeoTables) {
    const anycast = parseAnycast(files.anycast.text, files.anycast.name);
    this.#anycast = anycast.prefixes.map(({ text }) => text);
    this.#operators = Operators.parse(files.operators);
    const opened = new Map(
      [...files.located, ...files.registered, files.networks].map((file) => [
        file,
        'mmdb' in file ? file.mmdb.map((bytes) => mmdbTable(file.name, bytes)) : [],
      ]),
    );
    const layers = (file: TableFile, valueOf: (record: MmdbRecord) => number): FamilyLayers => this.#layersOf(file, opened.get(file)!, valueOf);
    const countries = [...files.located, ...files.registered].map((file) => layers(file, countryValue));
    const networks = layers(files.networks, (record) => this.#networkOf(record));
    this.tables = [...files.located, ...files.registered, files.networks].map(({ name }, i) => ({ name, built: (countries[i] ?? networks).built }));
    this.#sources = this.tables
      .slice(0, -1)
      .map((table, i) => ({ dimension: i < files.located.length ? 'located' : 'registered', source: versionText(table) }));
    const asked = (dimension: Dimension): string =>
      this.#sources
        .filter((source) => source.dimension === dimension)
        .map(({ source }) => source)
        .join(', ');
    this.tablesOf = { located: asked('located'), registered: asked('registered'), operated: this.#operators.version };
    this.#cityTables = files.located.map((file, i) => opened.get(file)!.map((table) => new CityTable(table, this.#sources[i]!.source)));

    this.#combinations = new Combinations(layer.countries + countries.length);
    const lay = (family: AddressFamily): LayeredTable => new LayeredTable(family, [
      prefixTable(family, specialRanges.map(({ cidr, scope }) => ({ cidr, value: scopes.indexOf(scope) }))),
      prefixTable(family, anycast.prefixes.map(({ cidr }, i) => ({ cidr, value: i + 1 }))),
      prefixTable(family, this.#operators.prefixes.map(({ cidr }, i) => ({ cidr, value: i + 1 }))),
      networks[family === 4 ? 'ipv4' : 'ipv6'],
      ...countries.map((table) => table[family === 4 ? 'ipv4' : 'ipv6']),
    ], this.#combinations);
    this.#ipv4 = lay(4);
    this.#ipv6 = lay(6);
    this.version = [...this.tables.map(versionText), this.#operators.version, `anycast ${anycast.version || files.anycast.name}`].join(', ');
  }

  /** Bytes of the merged tables so far. The original tables, places and names are not included. */
  get byteLength(): number {
    return this.#ipv4.byteLength + this.#ipv6.byteLength + this.#combinations.byteLength;
  }

  /** How many blocks of addresses have no answer from a table file because it is damaged there. */
  get faults(): number {
    return this.#mmdbLayers.reduce((sum, { faults }) => sum + faults, 0);
  }

  /** Place of the address `ip` in text form. Special-purpose ranges and invalid addresses have no country. */
  lookup(ip: string): Place {
    return this.#addressOf(ip).place;
  }

  #addressOf(ip: string): KnownAddress {
    const last = this.#last;
    if (ip === last.ip) return last;
    let address: KnownAddress | undefined = this.#before;
    if (ip !== address.ip) address = this.#addresses.get(ip);
    if (address === undefined) this.#addresses.set(ip, address = { ip, place: this.#find(ip), located: '', city: undefined });
    this.#before = last;
    return this.#last = address;
  }

  #find(ip: string): Place {
    const words = this.#words;
    const family = parseAddress(ip, words);
    if (family === 4) return this.lookupIpv4(words[0]!);
    return family === 6 ? this.lookupIpv6(words) : noAddress;
  }

  /** Place of an IPv4 address, as an unsigned 32-bit number. */
  lookupIpv4(address: number): Place {
    const number = this.#ipv4.findIpv4(address);
    return this.#places[number] ?? this.#place(number);
  }

  /** Place of an IPv6 address, as four words. */
  lookupIpv6(address: AddressWords): Place {
    const number = this.#ipv6.findIpv6(address);
    return this.#places[number] ?? this.#place(number);
  }

  /**
   * City of the address `ip`, from the first location table that names one in the country `located`, so that it never contradicts that
   * answer. It is the claim of one table; undefined when none names any.
   */
  cityIn(located: string, ip: string): City | undefined {
    if (located === '' || this.#cityTables.length === 0) return undefined;
    const address = this.#addressOf(ip);
    if (address.located !== located) {
      address.city = this.#findCity(located, ip);
      address.located = located;
    }
    return address.city;
  }

  #findCity(located: string, ip: string): City | undefined {
    const words = this.#words;
    const family = parseAddress(ip, words);
    if (family === 0) return undefined;
    for (const tables of this.#cityTables) {
      const city = tables.find((one) => one.holds(family))?.find(family, words);
      if (city?.country === located) return city;
    }
    return undefined;
  }

  /** The operator that a table names for a host name; it takes precedence over that of the address. */
  operatorOfDomain(name: string): Operator | undefined {
    return this.#operators.ofDomain(name);
  }

  /** Makes the place of a combination and caches it, in a dense list, since V8 would turn one with gaps into a slow dictionary. */
  #place(number: number): Place {
    while (this.#places.length <= number) this.#places.push(undefined);
    return this.#places[number] = this.#placeOf(number);
  }

  #placeOf(number: number): Place {
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
      const country = countryText(answer & ~anycastTrait);
      if (country !== '') claims.push({ dimension, country, source, confidence: '' });
    }
    if (operator) claims.push({ dimension: 'operated', country: operator.controlledFrom, source: operator.table, confidence: operator.confidence });
    return placeOf({
      claims, asn, operator: operator?.name ?? '', organisation: this.#organisations.get(asn) ?? '',
      anycast: this.#anycast[value(layer.anycast) - 1] ?? trait,
    });
  }

  #layersOf(file: TableFile, tables: readonly MmdbTable[], valueOf: (record: MmdbRecord) => number): FamilyLayers {
    if ('csv' in file) {
      for (const [asn, name] of file.csv.organisations) this.#organisations.set(asn, name);
      return { built: file.built, ipv4: RangeTable.of(4, file.csv.ipv4), ipv6: RangeTable.of(6, file.csv.ipv6) };
    }
    const layerOf = (family: AddressFamily): Layer => {
      const table = tables.find((one) => one.holds(family));
      if (table === undefined) return new RangeTable(family, 0);
      const made = new MmdbLayer(table, family, valueOf);
      this.#mmdbLayers.push(made);
      return made;
    };
    // Of two files the older date: an answer may come from either.
    const built = new Date(Math.min(...tables.map((table) => table.built.getTime())));
    return { built, ipv4: layerOf(4), ipv6: layerOf(6) };
  }

  /** The network's number from a record of GeoIP2 ISP or GeoLite2 ASN; notes its name. */
  #networkOf(record: MmdbRecord): number {
    const asn = record.number('autonomous_system_number') ?? 0;
    if (asn !== 0 && !this.#organisations.has(asn)) this.#organisations.set(asn, record.text('autonomous_system_organization'));
    return asn;
  }
}

const localAddress = placeless('local');
const reservedAddress = placeless('reserved');
/** A text that is no address is treated like a reserved address. */
const noAddress = reservedAddress;

function versionText({ name, built }: TableVersion): string {
  return built === undefined ? name : `${name} ${built.toISOString().slice(0, 10)}`;
}

/** Country of a record, with {@link anycastTrait}: `country_code` of ip-location-db, or `country.iso_code` and `traits.is_anycast` of GeoIP2. */
function countryValue(record: MmdbRecord): number {
  const isAnycast = record.isTrue('traits', 'is_anycast') || record.isTrue('is_anycast') || record.isTrue('isAnycast');
  return countryNumber(record.text('country_code') || record.text('country', 'iso_code')) | (isAnycast ? anycastTrait : 0);
}

function mmdbTable(name: string, bytes: Uint8Array): MmdbTable {
  try {
    return new MmdbTable(bytes);
  } catch (error) {
    throw new Error(`the geo table ${name} cannot be read as a MaxMind DB: ${(error as Error).message}`, { cause: error });
  }
}
