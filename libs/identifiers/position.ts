import { wordsOf } from './key-names.ts';

const latitudes = new Set(['lat', 'latitude']);
const longitudes = new Set(['lon', 'lng', 'long', 'longitude']);
/** Longest key that is split into words: enough for `last_known_location_longitude`. */
const longestKey = 32;

export type Axis = 'latitude' | 'longitude';

/** Which half of a position stands under a key; null when none does. */
export function axisOf(key: string): Axis | null {
  if (key.length > longestKey || !/l(?:at|on|ng)/i.test(key)) return null;
  const name = wordsOf(key).at(-1) ?? '';
  return latitudes.has(name) ? 'latitude' : longitudes.has(name) ? 'longitude' : null;
}

/** Two decimal numbers with at least three decimals each, and whatever follows them: an altitude, an accuracy. */
const position = /^(?:geo:)?(-?\d{1,3}\.\d{3,15})[,; |]{1,2}(-?\d{1,3}\.\d{3,15})(?:[,;|][-\w.=;]{0,64})?$/i;

/** Latitude and longitude, or the other way round where only that is a place; `0,0` is none. */
export function isPosition(value: string): boolean {
  const match = position.exec(value);
  if (match === null) return false;
  const first = Math.abs(Number(match[1]));
  const second = Math.abs(Number(match[2]));
  if (first === 0 && second === 0) return false;
  return (first <= 90 && second <= 180) || (first <= 180 && second <= 90);
}

/** `geo:52.52001,13.40495` (RFC 5870, section 3). */
export const geoUriInText = /(?<![\w-])geo:-?\d{1,3}\.\d{3,15},-?\d{1,3}\.\d{3,15}(?!\d)/iy;
