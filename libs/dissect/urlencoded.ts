import { addEncoding, type FieldList, type Place } from './fieldlist.ts';
import { isName, stepOf } from './path.ts';

/**
 * Adds the pairs of a query or a form (application/x-www-form-urlencoded).
 *
 * `text` holds one character per byte (latin1), and begins at `position` of the bytes whose packets `frames` maps.
 * A part that has only a key or only a value is treated as a value without a key, and so is a key that is itself data (see {@link stepOf}).
 */
export function addPairs(list: FieldList, text: string, position: number, { path, frames, encoding }: Place): void {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('&', start);
    if (end < 0) end = text.length;
    if (end > start) {
      const pair = text.slice(start, end);
      const equals = pair.indexOf('=');
      const isPair = equals > 0 && equals < pair.length - 1;
      const writtenKey = isPair ? pair.slice(0, equals) : '';
      const written = isPair ? pair.slice(equals + 1) : pair.replace('=', '');
      const key = decodeForm(writtenKey);
      const value = decodeForm(written);
      const frame = frames.frameAt(position + end - 1);
      if (!isName(key)) list.add(path, '', key, formEncodingOf(encoding, writtenKey), frame);
      list.add(key === '' ? path : `${path}.${stepOf(key)}`, key, value, formEncodingOf(encoding, written), frame);
    }
    start = end + 1;
  }
}

/** Appends `url` to the chain if form decoding changes the text. */
function formEncodingOf(chain: string, written: string): string {
  return written.includes('%') || written.includes('+') ? addEncoding(chain, 'url') : chain;
}

/** `url` if percent-decoding changes the text. */
export function encodingOf(written: string): string {
  return written.includes('%') ? 'url' : '';
}

/**
 * Decodes percent-encoding (RFC 3986, section 2.1) in text that holds one character per byte. The bytes are decoded as UTF-8; a `%` without two
 * hexadecimal digits after it is literal.
 */
export function decodeUrl(text: string): string {
  return undo(text, false);
}

/** Decodes form encoding: percent-encoding, and `+` for a space. */
function decodeForm(text: string): string {
  return undo(text, true);
}

function undo(text: string, plus: boolean): string {
  if (!needsDecoding.test(text)) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i);
    if (byte === 0x25 && i + 2 < text.length) {
      const high = hexDigit(text.charCodeAt(i + 1));
      const low = hexDigit(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        i += 2;
      }
    } else if (byte === 0x2b && plus) {
      byte = 0x20;
    }
    bytes[length++] = byte;
  }
  return bytes.toString('utf8', 0, length);
}

/** Decodes text that holds one character per byte as UTF-8. */
export function decodeUtf8(latin1: string): string {
  return nonAscii.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}

// oxlint-disable-next-line no-control-regex
const nonAscii = /[^\x00-\x7f]/;
// oxlint-disable-next-line no-control-regex
const needsDecoding = /[%+]|[^\x00-\x7f]/;

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
