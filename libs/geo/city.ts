import type { AddressFamily, AddressWords } from './address.ts';
import type { Position } from './distance.ts';
import type { MmdbTable } from './mmdb-table.ts';

/** A city as one location table names it. */
export interface City {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly name: string;
  /** Undefined: the table does not say. */
  readonly position: Position | undefined;
  /** Table that says so, with its day. */
  readonly source: string;
}

/**
 * City of an address: `city`, `latitude`, `longitude` of ip-location-db, or `city.names.en`, `location` of GeoIP2. Undefined where the table
 * names none, or is damaged.
 */
export function cityOf(table: MmdbTable, family: AddressFamily, address: AddressWords, source: string): City | undefined {
  try {
    const record = table.find(family, address);
    if (record === undefined) return undefined;
    const name = record.text('city') || record.text('city', 'names', 'en');
    if (name === '') return undefined;
    const latitude = record.number('latitude') ?? record.number('location', 'latitude');
    const longitude = record.number('longitude') ?? record.number('location', 'longitude');
    return {
      country: record.text('country_code') || record.text('country', 'iso_code'),
      name,
      position: latitude === undefined || longitude === undefined ? undefined : { latitude, longitude },
      source,
    };
  } catch {
    return undefined;
  }
}
