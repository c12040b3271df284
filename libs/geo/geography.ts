import { parseAddress } from './address.ts';
import { BoundedCache } from './bounded-cache.ts';
import { csvField, readRangeTable } from './csv-table.ts';
import { readMmdb } from './mmdb-table.ts';
import { parseOperators, type Operators } from './operators.ts';
import type { RangeTable } from './range-table.ts';
import { scopeOf, type AddressScope } from './special-ranges.ts';

/** What the tables say about an address. Each dimension has its own source; `''` and 0 are "unknown". */
export interface Place {
  readonly scope: AddressScope;
  /** Country in which the address is located (ISO 3166-1 alpha-2). */
  readonly located: string;
  /** Country in which a registry keeps the autonomous system behind the address. */
  readonly registered: string;
  /** Country from which the operator of that autonomous system is controlled. */
  readonly operated: string;
  readonly asn: number;
  /** Name of the autonomous system. */
  readonly organisation: string;
}

/** Contents of the table files. */
export interface GeoTables {
  /** Country by prefix, MaxMind DB: `@ip-location-db/geo-whois-asn-country-mmdb`, or a company's own GeoIP2 country file. */
  located: Buffer;
  /** Country by prefix as numeric CSV: `@ip-location-db/asn-country`. */
  registered: { ipv4: Buffer; ipv6: Buffer };
  /** Autonomous system by prefix as numeric CSV: `@ip-location-db/asn`. */
  networks: { ipv4: Buffer; ipv6: Buffer };
  /** operators.yaml */
  operators: string;
}

export interface GeographyOptions {
  /** Places kept for addresses asked for before: at most twice this number. */
  cacheSize?: number;
}

interface PerFamily {
  located: RangeTable;
  registered: RangeTable;
  networks: RangeTable;
}

/** Answers where an address is located, registered and operated from. Pure: it is given the contents of its tables. */
export class Geography {
  /** Build date of the location table and version of the operator table: `2026-06-17 operators 2026-08-01`. */
  readonly version: string;
  /** Build date of the location table. An old one is worth a warning. */
  readonly built: Date;
  readonly #ipv4: PerFamily;
  readonly #ipv6: PerFamily;
  readonly #operators: Operators;
  readonly #countries = new Interner();
  readonly #organisations = new Map<number, string>();
  readonly #cache: BoundedCache<Place>;
  readonly #words = new Uint32Array(4);

  /** Reads all tables (about one second, 26 MB). Throws LocatedError or Error when one is unreadable. */
  constructor(tables: GeoTables, { cacheSize = 65_536 }: GeographyOptions = {}) {
    const located = readMmdb(tables.located, (data) => this.#countries.number(countryOf(data)));
    const registered = (family: 4 | 6, bytes: Buffer): RangeTable => readRangeTable(family, bytes, `asn-country-ipv${family}-num.csv`,
      (start, end) => this.#countries.number(csvField(bytes, start, end)));
    const networks = (family: 4 | 6, bytes: Buffer): RangeTable => readRangeTable(family, bytes, `asn-ipv${family}-num.csv`,
      (start, end) => this.#network(bytes, start, end));
    this.#ipv4 = { located: located.ipv4, registered: registered(4, tables.registered.ipv4), networks: networks(4, tables.networks.ipv4) };
    this.#ipv6 = { located: located.ipv6, registered: registered(6, tables.registered.ipv6), networks: networks(6, tables.networks.ipv6) };
    this.#operators = parseOperators(tables.operators);
    this.#cache = new BoundedCache(cacheSize);
    this.built = located.built;
    this.version = `${located.built.toISOString().slice(0, 10)} operators ${this.#operators.version}`;
  }

  /** Place of the address `ip` in text form. A special-purpose range, and what is no address, has no country. */
  lookup(ip: string): Place {
    let place = this.#cache.get(ip);
    if (place === undefined) {
      place = this.#find(ip);
      this.#cache.set(ip, place);
    }
    return place;
  }

  #find(ip: string): Place {
    const family = parseAddress(ip, this.#words);
    if (family === 0) return nowhere.reserved;
    const scope = scopeOf(family, this.#words);
    if (scope !== 'global') return nowhere[scope];
    const tables = family === 4 ? this.#ipv4 : this.#ipv6;
    const asn = tables.networks.find(this.#words);
    return {
      scope,
      located: this.#countries.text(tables.located.find(this.#words)),
      registered: this.#countries.text(tables.registered.find(this.#words)),
      operated: this.#operators.countryOf.get(asn) ?? '',
      asn,
      organisation: this.#organisations.get(asn) ?? '',
    };
  }

  /** Value of a line of the network table, `asn,organisation`; remembers the name. */
  #network(bytes: Buffer, start: number, end: number): number {
    const comma = bytes.indexOf(0x2c, start);
    const asn = Number(bytes.toString('latin1', start, comma));
    if (!this.#organisations.has(asn)) this.#organisations.set(asn, csvField(bytes, comma + 1, end));
    return asn;
  }
}

const noPlace = { located: '', registered: '', operated: '', asn: 0, organisation: '' };
const nowhere: Record<'local' | 'reserved', Place> = { local: { scope: 'local', ...noPlace }, reserved: { scope: 'reserved', ...noPlace } };

/** `country_code` of ip-location-db, or `country.iso_code` of GeoIP2; `''` for anything else, and for `ZZ` (unknown). */
function countryOf(data: unknown): string {
  const { country_code: flat, country: nested } = (data ?? {}) as { country_code?: unknown; country?: { iso_code?: unknown } };
  const code = flat ?? nested?.iso_code;
  return typeof code === 'string' && code !== 'ZZ' ? code : '';
}

/** Numbers texts from 1; 0 is the empty text. */
class Interner {
  readonly #texts: string[] = [''];
  readonly #numbers = new Map<string, number>([['', 0]]);

  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#texts.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }

  text(number: number): string {
    return this.#texts[number]!;
  }
}
