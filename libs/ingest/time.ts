/** Out-of-range parts are excluded, since a month 13 or an hour 25 would turn into another time; a minute may have a leap second. */
const iso =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:[.,](\d{1,9}))?\s?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$/;

/**
 * Time of a log entry in µs since 1970: seconds with a fraction (Zeek), milliseconds (Zeek's TS_MILLIS), or ISO 8601 with or without a
 * colon in the offset (Suricata), UTC without an offset. NaN when it is not a time, or lies before 1970 or after 2255, where µs exceed 53
 * bits.
 */
export function parseTime(value: unknown): number {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return NaN;
  const match = iso.exec(value);
  if (match === null) return /^\d{1,14}(?:\.\d{1,9})?$/.test(value) ? fromNumber(Number(value)) : NaN;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const seconds = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  const micros = (seconds - offsetSeconds(zone)) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  return micros >= 0 && Number.isSafeInteger(micros) ? micros : NaN;
}

/** From here on a number is in milliseconds: as seconds it would be the year 5138. */
const leastMillis = 1e11;

function fromNumber(value: number): number {
  const micros = Math.round(value * (value >= leastMillis ? 1000 : 1_000_000));
  return micros >= 0 && Number.isSafeInteger(micros) ? micros : NaN;
}

function offsetSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
}
