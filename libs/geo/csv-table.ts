import type { AddressFamily } from './address.ts';
import { LocatedError } from './located-yaml.ts';
import { RangeTable, type RangeColumns } from './range-table.ts';

const comma = 0x2c;
const newline = 0x0a;

/** A table of `@ip-location-db` in its numeric form, which holds no date: one file per family. */
export interface CsvFiles {
  readonly name: string;
  readonly ipv4: Buffer;
  readonly ipv6: Buffer;
}

/** The contents of such a table, in a form that can be passed between threads. */
export interface CsvTable {
  readonly ipv4: RangeColumns;
  readonly ipv6: RangeColumns;
  /** Names of autonomous systems; none in a table of countries. */
  readonly organisations: ReadonlyMap<number, string>;
}

/** Reads `first,last,country`; values are {@link countryNumber}s. Throws LocatedError at the first bad line. */
export function readCountries({ name, ipv4, ipv6 }: CsvFiles): CsvTable {
  const read = (family: AddressFamily, bytes: Buffer): RangeColumns =>
    readRangeTable(family, bytes, `${name}-ipv${family}-num.csv`, (start, end) => countryAt(bytes, start, end)).columns;
  return { ipv4: read(4, ipv4), ipv6: read(6, ipv6), organisations: new Map() };
}

/** Reads `first,last,asn,organisation`; values are numbers of autonomous systems. Throws LocatedError at the first bad line. */
export function readNetworks({ name, ipv4, ipv6 }: CsvFiles): CsvTable {
  const organisations = new Map<number, string>();
  const read = (family: AddressFamily, bytes: Buffer): RangeColumns => readRangeTable(family, bytes, `${name}-ipv${family}-num.csv`, (start, end) => {
    let asn = 0;
    let at = start;
    for (; isDigit(bytes[at]); at += 1) asn = asn * 10 + bytes[at]! - 48;
    if (!organisations.has(asn)) organisations.set(asn, csvField(bytes, at + 1, end));
    return asn;
  }).columns;
  return { ipv4: read(4, ipv4), ipv6: read(6, ipv6), organisations };
}

/** Nearly all are two unquoted letters, for which no string has to be made. */
function countryAt(bytes: Buffer, start: number, end: number): number {
  if (end - start !== 2 || !isCapital(bytes[start]!) || !isCapital(bytes[start + 1]!)) return countryNumber(csvField(bytes, start, end));
  const number = bytes.readUInt16BE(start);
  return number === unknownCountry ? 0 : number;
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** The number of `ZZ`. */
const unknownCountry = 0x5a5a;

/** An ISO 3166-1 alpha-2 code as 16 bits; 0 for other texts. */
export function countryNumber(code: string): number {
  return /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code.charCodeAt(0) << 8 | code.charCodeAt(1) : 0;
}

export function countryText(number: number): string {
  return number === 0 ? '' : String.fromCharCode(number >>> 8, number & 0xff);
}

/**
 * Reads a table of `@ip-location-db` in its numeric form: `first,last,rest`, one inclusive range per line, ascending;
 * addresses are decimal integers. `valueOf` is given the bounds of `rest` in `bytes` and returns the range's value.
 *
 * @throws LocatedError at the first line that is not a range, or begins before the previous one.
 */
export function readRangeTable(family: AddressFamily, bytes: Buffer, file: string, valueOf: (start: number, end: number) => number): RangeTable {
  const table = new RangeTable(family);
  const first = new Uint32Array(4);
  const last = new Uint32Array(4);
  let line = 0;
  for (let start = 0; start < bytes.length; line += 1) {
    let end = bytes.indexOf(newline, start);
    if (end < 0) end = bytes.length;
    const next = end + 1;
    if (end > start && bytes[end - 1] === 0x0d) end -= 1;
    if (end > start) {
      const afterFirst = readDecimal(bytes, start, family, first);
      const afterLast = afterFirst < 0 ? -1 : readDecimal(bytes, afterFirst, family, last);
      if (afterLast < 0 || !table.append(first, last, valueOf(afterLast, end))) {
        throw new LocatedError([
          {
            file, line: line + 1, column: 1, severity: 'error', code: 'table',
            message: 'the line is not a range "first,last,value" above those before it',
          },
        ]);
      }
    }
    start = next;
  }
  return table.seal();
}

/** Reads a decimal number up to the comma into `words`. Returns the offset after the comma, or -1. */
function readDecimal(bytes: Buffer, start: number, family: AddressFamily, words: Uint32Array): number {
  return family === 4 ? readIpv4(bytes, start, words) : readIpv6(bytes, start, words);
}

function readIpv4(bytes: Buffer, start: number, words: Uint32Array): number {
  let value = 0;
  let at = start;
  for (; isDigit(bytes[at]) && value <= 0xffff_ffff; at += 1) value = value * 10 + bytes[at]! - 48;
  words[0] = value;
  return bytes[at] === comma && at > start && value <= 0xffff_ffff ? at + 1 : -1;
}

function readIpv6(bytes: Buffer, start: number, words: Uint32Array): number {
  words[0] = words[1] = words[2] = words[3] = 0;
  let at = start;
  while (true) {
    // Six digits at a time: a 32-bit word times 10^6 stays an exact double.
    let chunk = 0;
    let scale = 1;
    for (; scale < 1e6 && isDigit(bytes[at]); at += 1, scale *= 10) chunk = chunk * 10 + bytes[at]! - 48;
    if (scale > 1 && multiplyAdd(words, scale, chunk) > 0) return -1;
    if (!isDigit(bytes[at])) return bytes[at] === comma && at > start ? at + 1 : -1;
  }
}

/** `words = words * factor + addend` over four big-endian words; returns the carry out of the top. */
function multiplyAdd(words: Uint32Array, factor: number, addend: number): number {
  let carry = addend;
  for (let i = 3; i >= 0; i -= 1) {
    const product = words[i]! * factor + carry;
    const high = Math.floor(product / 0x1_0000_0000);
    words[i] = product - high * 0x1_0000_0000;
    carry = high;
  }
  return carry;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** A CSV field (RFC 4180), without its quotes. */
function csvField(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  return text.startsWith('"') && text.endsWith('"') && text.length >= 2 ? text.slice(1, -1).replaceAll('""', '"') : text;
}
