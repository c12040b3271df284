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

/** Whether the field is something else than an id: small, uniform, letters, a time near that of the packet, or an address. */
export function rejectsInteger(bytes: Buffer, { at, width, order }: Extent, micros: number, addresses: readonly number[]): boolean {
  const field = bytes.subarray(at, at + width);
  if (new Set(field).size < leastDistinctBytes || field.filter((byte) => byte !== 0).length < leastNonZeroBytes || field.every(isPrintable)) return true;
  if (order === '') return false;
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

function numberOf(field: Buffer, order: 'be' | 'le'): bigint {
  return BigInt(`0x${(order === 'le' ? Buffer.from(field).reverse() : field).toString('hex')}`);
}

function isTime(value: bigint, width: number, micros: number): boolean {
  const number = Number(value);
  const seconds = width === 4 ? [number, number - ntpEpoch]
    : [number, number / 1e3, number / 1e6, number / 1e9, number / 1e7 - filetimeEpoch, number / 2 ** 32 - ntpEpoch, number / 2 ** 32];
  return seconds.some((one) => Math.abs(one - micros / 1e6) < timeNear);
}

/** Of one of both sides, in either order, or a private one (RFC 1918): a client tells its own. */
function isAddress(field: Buffer, addresses: readonly number[]): boolean {
  for (let at = 0; at + 4 <= field.length; at += 4) {
    if (addresses.includes(field.readUInt32BE(at)) || addresses.includes(field.readUInt32LE(at))) return true;
    if (field.length === 4 && (field[at] === 10 || (field[at] === 192 && field[at + 1] === 168) || (field[at] === 172 && field[at + 1]! >> 4 === 1))) return true;
  }
  return false;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
