import type { Field } from '#dissect';
import { wordsOf } from './key-names.ts';

const latitudes = new Set(['lat', 'latitude']);
const longitudes = new Set(['lon', 'lng', 'long', 'longitude']);
/** Longest key that is split into words: enough for `last_known_location_longitude`. */
const longestKey = 32;

/** The first latitude and longitude of a message that stand in fields of their own; null when one is missing. */
export function positionFields(fields: readonly Field[]): { latitude: Field; longitude: Field } | null {
  let latitude: Field | null = null;
  let longitude: Field | null = null;
  for (const field of fields) {
    if (field.key.length > longestKey || !/l(?:at|on|ng)/i.test(field.key)) continue;
    const name = wordsOf(field.key).at(-1) ?? '';
    if (latitudes.has(name)) latitude ??= field;
    if (longitudes.has(name)) longitude ??= field;
  }
  return latitude === null || longitude === null ? null : { latitude, longitude };
}
