import { fromQuotedPrintable } from './quoted-printable.ts';
import { isPrintable } from './utf8.ts';

/** Encodings that hide text inside a value. */

export interface Decoded {
  encoding: 'url' | 'hex' | 'base64' | 'base64url' | 'quoted-printable';
  text: string;
}

/** As {@link Decoded}, where what comes out is no text: something packed, or a structure of its own. */
export interface DecodedBytes {
  encoding: 'hex' | 'base64' | 'base64url';
  bytes: Buffer;
}

/** Shortest base64 or hexadecimal that is looked into: less hides no key with its value. */
export const leastEncoded = 12;
/** Longest: what is longer is a document, and what is encoded in it are parts of it. */
const mostEncoded = 16 * 1024;

/** What `value` hides, when it is text; null when it is not encoded, or what comes out is no text. */
export function decodeOnce(value: string): Decoded | null {
  if (value.length > mostEncoded) return null;
  if (/%[0-9A-Fa-f]{2}/.test(value)) return fromPercent(value);
  if (value.length < leastEncoded) return null;
  const printable = value.includes('=') ? fromQuotedPrintable(value) : null;
  if (printable !== null) return { encoding: 'quoted-printable', text: printable };
  return fromHex(value) ?? fromBase64(value);
}

/** Shortest encoded structure that is looked into. */
const leastEncodedBytes = 24;

/** The bytes that base64 or hexadecimal stands for; null when `value` is neither. What they are is for the caller to say. */
export function decodeBytes(value: string): DecodedBytes | null {
  if (value.length < leastEncodedBytes || value.length > mostEncoded) return null;
  if (value.length % 2 === 0 && /^[0-9A-Fa-f]+$/.test(value)) return { encoding: 'hex', bytes: Buffer.from(value, 'hex') };
  return isBase64(value) ? { encoding: alphabetOf(value), bytes: Buffer.from(value, 'base64') } : null;
}

/** RFC 3986, section 2.1. Where the bytes are those of another character set, what stands around them is read all the same. */
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
  // Most candidates are words and ids: a few decoded bytes tell.
  if (asText(Buffer.from(value.slice(0, leastEncoded), 'base64')) === null) return null;
  const text = asText(Buffer.from(value, 'base64'));
  return text === null ? null : { encoding: alphabetOf(value), text };
}

/** RFC 4648, sections 4 and 5, with or without what fills it up. */
function isBase64(value: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(value) && value.replace(/=+$/, '').length % 4 !== 1;
}

function alphabetOf(value: string): 'base64' | 'base64url' {
  return /[-_]/.test(value) ? 'base64url' : 'base64';
}

/** Printable text, of which the last character may be cut. */
function asText(bytes: Buffer): string | null {
  if (!isPrintable(bytes)) return null;
  const text = bytes.toString('utf8');
  return text.slice(0, -1).includes('\uFFFD') ? null : text;
}
