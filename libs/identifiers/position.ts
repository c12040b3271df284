import { wordsOf } from './key-names.ts';

const latitudes = new Set(['lat', 'latitude']);
const longitudes = new Set(['lon', 'lng', 'long', 'longitude']);
/** Longest key that is split into words: enough for `last_known_location_longitude`. */
const longestKey = 32;

export type Axis = 'latitude' | 'longitude';

/** Which half of a position a key announces; null if neither. */
export function axisOf(key: string): Axis | null {
  if (key.length > longestKey || !/l(?:at|on|ng)/i.test(key)) return null;
  const name = wordsOf(key).at(-1) ?? '';
  return latitudes.has(name) ? 'latitude' : longitudes.has(name) ? 'longitude' : null;
}

/** Names of lists of two numbers: in GeoJSON (RFC 7946, section 3.1.1), and of services that put the latitude first. */
const pairs = new Set(
  'coordinates coordinate coords coord location loc position latlng lnglat latlon lonlat ll geo gps geopoint center'.split(' '),
);

export function isPairKey(key: string): boolean {
  return key.length <= longestKey && pairs.has(wordsOf(key).join(''));
}

/** Two numbers with at least three decimals each, possibly followed by an altitude or an accuracy. */
const position = /^(?:geo:)?(-?\d{1,3}\.\d{3,15})[,; |]{1,2}(-?\d{1,3}\.\d{3,15})(?:[,;|][-\w.=;]{0,64})?$/i;

/** Latitude and longitude, or the reverse if only that is a place; `0,0` is not a position. */
export function isPosition(value: string): boolean {
  const match = position.exec(value);
  if (match === null) return isReceiverPosition(value);
  const first = Math.abs(Number(match[1]));
  const second = Math.abs(Number(match[2]));
  if (first === 0 && second === 0) return false;
  return (first <= 90 && second <= 180) || (first <= 180 && second <= 90);
}

/** `geo:52.52001,13.40495` (RFC 5870, section 3). */
export const geoUriInText = /(?<![\w-])geo:-?\d{1,3}\.\d{3,15},-?\d{1,3}\.\d{3,15}(?!\d)/iy;

/**
 * `4831.1234,N,01131.5678,E`: degrees and minutes, as sent by satellite navigation receivers (NMEA 0183, sentences GGA, GLL and RMC), and by trackers
 * that use the same form.
 */
export const receiverPositionInText = /(?<![\d.])(\d{2})(\d{2}\.\d{2,8}),([NS]),(\d{3})(\d{2}\.\d{2,8}),([EW])(?![A-Za-z])/y;
const receiverPosition = new RegExp(`^${receiverPositionInText.source}$`);
/** Length of the degrees and minutes of a latitude. */
const longestLatitude = 13;

/** Start of a match whose anchor is the comma after the latitude. */
export function startOfReceiverPosition(text: string, at: number): number {
  return at - /[\d.]*$/.exec(text.slice(Math.max(0, at - longestLatitude), at))![0].length;
}

function isReceiverPosition(value: string): boolean {
  const degrees = degreesOf(value);
  return (
    degrees !== null && Math.abs(degrees.latitude) <= 90 && Math.abs(degrees.longitude) <= 180 && (degrees.latitude !== 0 || degrees.longitude !== 0)
  );
}

function degreesOf(value: string): { latitude: number; longitude: number } | null {
  const match = receiverPosition.exec(value);
  if (match === null) return null;
  const [, degrees, minutes, north, degrees2, minutes2, east] = match;
  const latitude = (Number(degrees) + Number(minutes) / 60) * (north === 'S' ? -1 : 1);
  return { latitude, longitude: (Number(degrees2) + Number(minutes2) / 60) * (east === 'W' ? -1 : 1) };
}

/** Truncated to three decimals, a hundred metres, so that spellings of the same place are equal. */
export function normalisePosition(value: string): string {
  const degrees = degreesOf(value);
  if (degrees !== null) return normalisePosition(`${degrees.latitude.toFixed(6)},${degrees.longitude.toFixed(6)}`);
  return (value.match(/-?\d+\.\d{3}/g) ?? [value]).join(',');
}
