import type { AddressFamily, AddressWords } from './address.ts';
import type { Position } from './distance.ts';
import type { MmdbRecord } from './mmdb-record.ts';
import type { MmdbTable } from './mmdb-table.ts';

/** A city as one location table names it. */
export interface City {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly name: string;
  /** Undefined: the table does not say. */
  readonly position: Position | undefined;
  /** `latitude,longitude` in degrees, as records carry it; `''`: the table does not say. */
  readonly positionText: string;
  /** The table that names it, with its date. */
  readonly source: string;
}

/** At most so many records are cached per table: most tables hold a few thousand cities, or none at all. */
const rememberedRecords = 16_384;

/** The cities of one location table. Each record is read once while it is cached; many networks share one. */
export class CityTable {
  readonly #table: MmdbTable;
  readonly #source: string;
  /** Cities by the pointer to their record. */
  readonly #cities = new Map<number, City | undefined>();

  /** @param source name of the table, with its date */
  constructor(table: MmdbTable, source: string) {
    this.#table = table;
    this.#source = source;
  }

  holds(family: AddressFamily): boolean {
    return this.#table.holds(family);
  }

  /** The city of an address. Undefined where the table names none, or is damaged. */
  find(family: AddressFamily, address: AddressWords): City | undefined {
    try {
      const pointer = this.#table.find(family, address);
      if (pointer === undefined) return undefined;
      const known = this.#cities.get(pointer);
      return known !== undefined || this.#cities.has(pointer) ? known : this.#read(pointer);
    } catch {
      return undefined;
    }
  }

  #read(pointer: number): City | undefined {
    if (this.#cities.size >= rememberedRecords) this.#cities.clear();
    const city = cityOf(this.#table.record(pointer), this.#source);
    this.#cities.set(pointer, city);
    return city;
  }
}

/** `city`, `latitude`, `longitude` of ip-location-db, or `city.names.en`, `location` of GeoIP2. */
function cityOf(record: MmdbRecord, source: string): City | undefined {
  const name = record.text('city') || record.text('city', 'names', 'en');
  if (name === '') return undefined;
  const latitude = record.number('latitude') ?? record.number('location', 'latitude');
  const longitude = record.number('longitude') ?? record.number('location', 'longitude');
  const position = latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
  return {
    country: record.text('country_code') || record.text('country', 'iso_code'),
    name,
    position,
    positionText: position === undefined ? '' : `${position.latitude.toFixed(2)},${position.longitude.toFixed(2)}`,
    source,
  };
}
