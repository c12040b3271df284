import { distinct, isMachineId } from '../opaque.ts';

/** A field of the payload: where it is, how long, and how its bytes are read. */
export interface Extent {
  readonly at: number;
  readonly width: number;
  /** Empty: as bytes, told in hexadecimal. */
  readonly order: 'be' | 'le' | '';
}

/** Numbers below are versions, ports, sizes and codes. */
const leastId = 65_536n;
const leastDistinctBytes = 3;
/** Zeros between the bytes of a number say that it is several: lengths, flags. */
const leastNonZeroBytes = 3;
/** An integer that is a time within so many seconds of the packet's is one. */
const timeNear = 400 * 86_400;
/** Seconds from 1900 (NTP, RFC 5905) and from 1601 (Windows FILETIME, in units of 100 ns) to 1970. */
const ntpEpoch = 2_208_988_800;
const filetimeEpoch = 11_644_473_600;

export function integerAt(bytes: Buffer, { at, width, order }: Extent): string {
  const field = bytes.subarray(at, at + width);
  return order === '' ? field.toString('hex') : numberOf(field, order).toString();
}

/** Whether the bytes are those of something else than an id: uniform, letters, or several numbers. */
export function rejectsBytes(field: Buffer): boolean {
  return new Set(field).size < leastDistinctBytes || field.filter((byte) => byte !== 0).length < leastNonZeroBytes || field.every(isPrintable);
}

/** Whether the integer is something else than an id: small, a time near that of the packet, or an address. */
export function rejectsInteger(bytes: Buffer, { at, width, order }: Extent, micros: number, addresses: readonly string[]): boolean {
  if (order === '') return false;
  const field = bytes.subarray(at, at + width);
  const value = numberOf(field, order);
  return value < leastId || isTime(numberOf(field, 'be'), width, micros) || isTime(numberOf(field, 'le'), width, micros) || isAddress(field, addresses);
}

/** Whether a text is no id that a machine made: names of models, languages and programs recur as well. */
export function rejectsText(text: string): boolean {
  return !isMachineId(text) || distinct(text) < 4;
}

/**
 * The order in which an integer is read, by itself and others of its kind: zeros stand at the high end, and ids of one service lie close together,
 * so that in the right order they span less. Network order where that does not tell.
 */
export function orderOf(field: Buffer, others: readonly Buffer[]): 'be' | 'le' {
  const zeros = zerosAtStart(field) - zerosAtStart(Buffer.from(field).reverse());
  if (zeros !== 0) return zeros > 0 ? 'be' : 'le';
  return span([field, ...others], 'le') < span([field, ...others], 'be') ? 'le' : 'be';
}

function zerosAtStart(field: Buffer): number {
  const first = field.findIndex((byte) => byte !== 0);
  return first < 0 ? field.length : first;
}

function span(fields: readonly Buffer[], order: 'be' | 'le'): bigint {
  const numbers = fields.map((field) => numberOf(field, order));
  return numbers.reduce((a, b) => (a > b ? a : b)) - numbers.reduce((a, b) => (a < b ? a : b));
}

/** Of four bytes or eight. */
function numberOf(field: Buffer, order: 'be' | 'le'): bigint {
  if (field.length === 4) return BigInt(order === 'be' ? field.readUInt32BE() : field.readUInt32LE());
  return order === 'be' ? field.readBigUInt64BE() : field.readBigUInt64LE();
}

function isTime(value: bigint, width: number, micros: number): boolean {
  const number = Number(value);
  const seconds = width === 4 ? [number, number - ntpEpoch]
    : [number, number / 1e3, number / 1e6, number / 1e9, number / 1e7 - filetimeEpoch, number / 2 ** 32 - ntpEpoch, number / 2 ** 32];
  return seconds.some((one) => Math.abs(one - micros / 1e6) < timeNear);
}

/** Of one of both sides, in either order, or a private one (RFC 1918): a client tells its own. */
function isAddress(field: Buffer, addresses: readonly string[]): boolean {
  for (let at = 0; at + 4 <= field.length; at += 4) {
    const octets = [...field.subarray(at, at + 4)];
    if (addresses.includes(octets.join('.')) || addresses.includes(octets.toReversed().join('.'))) return true;
  }
  return field.length === 4 && (field[0] === 10 || (field[0] === 192 && field[1] === 168) || (field[0] === 172 && field[1]! >> 4 === 1));
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
