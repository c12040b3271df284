import { fromQuotedPrintable } from './quoted-printable.ts';
import { isPrintable } from './utf8.ts';

/** Encodings that hide text inside a value. */

export interface Decoded {
  encoding: 'url' | 'json' | 'hex' | 'base64' | 'base64url' | 'quoted-printable';
  text: string;
}

/** Like {@link Decoded}, for a result that is not text: compressed data, or a structure. */
export interface DecodedBytes {
  encoding: 'hex' | 'base64' | 'base64url';
  bytes: Buffer;
}

/** Shortest base64 or hexadecimal value that is decoded: a shorter one cannot contain a key with its value. */
export const leastEncoded = 12;
/** Longer values are documents, of which anything encoded is a part. */
const mostEncoded = 16 * 1024;

/** The text that `value` encodes; null if it is not encoded, or the result is not text. */
export function decodeOnce(value: string): Decoded | null {
  if (value.length > mostEncoded) return null;
  if (/%[0-9A-Fa-f]{2}/.test(value)) return fromPercent(value);
  if (value.includes('\\u') && unicodeEscape.test(value)) return fromUnicodeEscapes(value);
  if (value.length < leastEncoded) return null;
  const printable = value.includes('=') ? fromQuotedPrintable(value) : null;
  if (printable !== null) return { encoding: 'quoted-printable', text: printable };
  return fromHex(value) ?? fromBase64(value);
}

/** Shortest encoded structure that is decoded. */
const leastEncodedBytes = 24;

/** The bytes that base64 or hexadecimal encodes; null if `value` is neither. The caller has to interpret them. */
export function decodeBytes(value: string): DecodedBytes | null {
  if (value.length < leastEncodedBytes || value.length > mostEncoded) return null;
  if (value.length % 2 === 0 && /^[0-9A-Fa-f]+$/.test(value)) return { encoding: 'hex', bytes: Buffer.from(value, 'hex') };
  return isBase64(value) ? { encoding: alphabetOf(value), bytes: Buffer.from(value, 'base64') } : null;
}

const unicodeEscape = /\\u[0-9A-Fa-f]{4}/;

/** RFC 8259, section 7: text that was written into a script or taken from JSON without being parsed. */
function fromUnicodeEscapes(value: string): Decoded {
  const text = value.replaceAll(/\\u([0-9A-Fa-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
  return { encoding: 'json', text: text.toWellFormed() };
}

/** RFC 3986, section 2.1. If the bytes are in another character set, the text around them is still decoded. */
function fromPercent(value: string): Decoded {
  try {
    return { encoding: 'url', text: decodeURIComponent(value.replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25')) };
  } catch {
    const text = value.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
    return { encoding: 'url', text };
  }
}

function fromHex(value: string): Decoded | null {
  if (value.length % 2 !== 0 || !/^(?:[2-7][0-9A-Fa-f]|0[9AaDd])+$/.test(value)) return null;
  const text = asText(Buffer.from(value, 'hex'));
  return text === null ? null : { encoding: 'hex', text };
}

function fromBase64(value: string): Decoded | null {
  if (!isBase64(value)) return null;
  // Most candidates are words and ids: the first few decoded bytes tell.
  if (asText(Buffer.from(value.slice(0, leastEncoded), 'base64')) === null) return null;
  const text = asText(Buffer.from(value, 'base64'));
  return text === null ? null : { encoding: alphabetOf(value), text };
}

/** RFC 4648, sections 4 and 5, with or without padding. */
function isBase64(value: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(value) && value.replace(/=+$/, '').length % 4 !== 1;
}

function alphabetOf(value: string): 'base64' | 'base64url' {
  return /[-_]/.test(value) ? 'base64url' : 'base64';
}

/** Printable text, of which the last character may be truncated. */
function asText(bytes: Buffer): string | null {
  if (!isPrintable(bytes)) return null;
  const text = bytes.toString('utf8');
  return text.slice(0, -1).includes('\uFFFD') ? null : text;
}
