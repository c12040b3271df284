import { distinct, isMachineId } from '../opaque.ts';

/** A field of the payload: its position, length and encoding. */
export interface Extent {
  readonly at: number;
  readonly width: number;
  /** Empty: bytes, shown in hexadecimal. */
  readonly order: 'be' | 'le' | '';
}

/** Smaller numbers are versions, ports, sizes and codes. */
const leastId = 65_536;
const leastDistinctBytes = 3;
/** With fewer, the zero bytes separate several smaller numbers, such as lengths and flags. */
const leastNonZeroBytes = 3;
/** An integer is taken for a time if, read as one, it is within so many seconds of the packet's. */
const timeNear = 400 * 86_400;
/** Seconds from 1900 (NTP, RFC 5905) and from 1601 (Windows FILETIME, in units of 100 ns) to 1970. */
const ntpEpoch = 2_208_988_800;
const filetimeEpoch = 11_644_473_600;

export function integerAt(bytes: Buffer, { at, width, order }: Extent): string {
  if (order === '') return bytes.toString('hex', at, at + width);
  if (width === 4) return numberAt(bytes, at, width, order).toString();
  return (order === 'be' ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at)).toString();
}

/** Whether the bytes from `start` to `end` cannot be an id: uniform, all printable, or several numbers. */
export function rejectsBytes(bytes: Buffer, start: number, end: number): boolean {
  let distinct = 0;
  let nonZero = 0;
  let printable = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (!holds(bytes, start, at, byte)) distinct++;
    if (byte !== 0) nonZero++;
    if (byte >= 0x20 && byte < 0x7f) printable++;
  }
  return distinct < leastDistinctBytes || nonZero < leastNonZeroBytes || printable === end - start;
}

function holds(bytes: Buffer, start: number, end: number, byte: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return true;
  return false;
}

/** Whether the integer cannot be an id: small, a time close to the packet's, or an address. */
export function rejectsInteger(bytes: Buffer, { at, width, order }: Extent, micros: number, addresses: readonly string[]): boolean {
  if (order === '') return false;
  const bigEndian = numberAt(bytes, at, width, 'be');
  const littleEndian = numberAt(bytes, at, width, 'le');
  return (order === 'be' ? bigEndian : littleEndian) < leastId || isTime(bigEndian, width, micros) || isTime(littleEndian, width, micros)
    || isAddress(bytes, at, width, addresses);
}

/** Whether a text is not a machine-generated id: names of models, languages and programs recur as well. */
export function rejectsText(text: string): boolean {
  return !isMachineId(text) || distinct(text) < 4;
}

/** The byte order of an integer, from its own bytes: leading zeros are at the high end. Empty if undetermined. */
export function orderByZeros(bytes: Buffer, start: number, end: number): 'be' | 'le' | '' {
  let first = start;
  let last = end - 1;
  while (first < end && bytes[first] === 0) first++;
  while (last >= start && bytes[last] === 0) last--;
  const zeros = first - start - (end - 1 - last);
  return zeros > 0 ? 'be' : zeros < 0 ? 'le' : '';
}

/**
 * The byte order of an integer, from other values of its field: ids of one service are close together, so that in the right order they span a smaller
 * range. Network order if undetermined.
 */
export function orderBySpan(fields: readonly Buffer[]): 'be' | 'le' {
  return span(fields, 'le') < span(fields, 'be') ? 'le' : 'be';
}

function span(fields: readonly Buffer[], order: 'be' | 'le'): number {
  let least = Infinity;
  let most = 0;
  for (const field of fields) {
    const number = numberAt(field, 0, field.length, order);
    if (number < least) least = number;
    if (number > most) most = number;
  }
  return most - least;
}

/** Four or eight bytes; eight are inexact from 2^53 on. */
function numberAt(bytes: Buffer, at: number, width: number, order: 'be' | 'le'): number {
  if (width === 4) return order === 'be' ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  return order === 'be'
    ? bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
    : bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

function isTime(value: number, width: number, micros: number): boolean {
  const seconds = micros / 1e6;
  if (isNear(value, seconds)) return true;
  if (width === 4) return isNear(value - ntpEpoch, seconds);
  return isNear(value / 1e3, seconds) || isNear(value / 1e6, seconds) || isNear(value / 1e9, seconds) || isNear(value / 1e7 - filetimeEpoch, seconds)
    || isNear(value / 2 ** 32 - ntpEpoch, seconds) || isNear(value / 2 ** 32, seconds);
}

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) < timeNear;
}

/** The address of either side, in either byte order, or a private one (RFC 1918), since clients send their own. */
function isAddress(bytes: Buffer, start: number, width: number, addresses: readonly string[]): boolean {
  for (let at = start; at + 4 <= start + width; at += 4) {
    const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
    if (addresses.includes(`${a}.${b}.${c}.${d}`) || addresses.includes(`${d}.${c}.${b}.${a}`)) return true;
  }
  const [first, second] = [bytes[start]!, bytes[start + 1]!];
  return width === 4 && (first === 10 || (first === 192 && second === 168) || (first === 172 && second >> 4 === 1));
}
