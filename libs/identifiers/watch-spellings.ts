import { digestsOf } from './digests.ts';
import type { IdentifierKind } from './kind.ts';
import { normaliseOpaque } from './opaque.ts';
import { nationalNumber } from './phone.ts';

/** One way in which traffic may represent a value. */
export interface Spelling {
  /** Encodings that produce it from the value, outermost first; empty: the value itself. */
  readonly encoding: string;
  readonly written: string | Buffer;
}

/** Shortest text and fewest digits that are searched for: shorter ones occur by chance. */
export const leastText = 4;
export const leastDigits = 5;
const leastTbcdDigits = 10;

/** All representations of a value that are searched for: verbatim, in hexadecimal and base64, as a digest, as an integer or in telephony BCD. */
export function spellingsOf(value: string, kind: IdentifierKind): Spelling[] {
  const plain = plainSpellings(value, kind);
  const spellings: Spelling[] = [];
  for (const text of plain) {
    spellings.push(
      { encoding: '', written: text },
      { encoding: '', written: inPayload(text) },
      { encoding: 'hex', written: Buffer.from(text).toString('hex') },
    );
    const base64 = Buffer.from(text).toString('base64').replace(/=+$/, '');
    // Shorter base64 is a word of its own.
    if (base64.length >= 8)
      spellings.push({ encoding: 'base64', written: base64 }, { encoding: 'base64url', written: base64.replaceAll('+', '-').replaceAll('/', '_') });
  }
  for (const { digest, algorithm } of digestsOf([...plain, value.toLowerCase(), value.toUpperCase()])) {
    const bytes = Buffer.from(digest, 'hex');
    spellings.push(
      { encoding: algorithm, written: digest },
      { encoding: `base64>${algorithm}`, written: bytes.toString('base64').replace(/=+$/, '') },
      { encoding: algorithm, written: bytes },
    );
  }
  for (const text of plain) spellings.push(...binarySpellings(text));
  return unique(spellings);
}

/** A text as it appears in a payload, which is searched with one Latin-1 character per byte. */
function inPayload(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The value, its normalised spelling, other usual spellings of a MAC address, and for a telephone number its dialled forms. */
function plainSpellings(value: string, kind: IdentifierKind): string[] {
  const normal = (kind.normalise ?? normaliseOpaque)(value);
  const spellings = [value.trim(), normal];
  if (kind.name === 'mac' || kind.name === 'bssid') spellings.push(normal.replaceAll(':', ''), normal.replaceAll(':', '-'));
  if (kind.name === 'phone' || kind.name === 'msisdn') {
    const national = nationalNumber(normal);
    if (national !== undefined && national.length >= 8) spellings.push(national, `0${national}`, `00${normal}`, `+${normal}`);
  }
  return [...new Set(spellings)].filter((text) => text.length >= leastText);
}

function binarySpellings(text: string): Spelling[] {
  const hex = text.replaceAll(/[:-]/g, '');
  if (/^[0-9a-f]{12}$/i.test(hex) && hex !== text) return [{ encoding: 'binary', written: Buffer.from(hex, 'hex') }];
  if (/^[0-9a-f]{32}$/i.test(hex) && hex !== text) return [{ encoding: 'binary', written: Buffer.from(hex, 'hex') }];
  if (!/^[1-9]\d*$/.test(text) || text.length < leastDigits) return [];
  const spellings: Spelling[] = [];
  const number = BigInt(text);
  const width = number < 1n << 32n ? 4 : number < 1n << 64n ? 8 : 0;
  if (width > 0) {
    const big = Buffer.from(number.toString(16).padStart(width * 2, '0'), 'hex');
    spellings.push({ encoding: `u${width * 8}be`, written: big }, { encoding: `u${width * 8}le`, written: Buffer.from(big).reverse() });
  }
  if (text.length >= leastTbcdDigits && text.length <= 20) {
    const padded = text.length % 2 === 0 ? text : `${text}f`;
    spellings.push({ encoding: 'tbcd', written: Buffer.from(padded.replaceAll(/(.)(.)/g, '$2$1'), 'hex') });
  }
  return spellings;
}

function unique(spellings: Spelling[]): Spelling[] {
  const seen = new Set<string>();
  return spellings.filter(({ written }) => {
    const key = typeof written === 'string' ? `t:${written.toLowerCase()}` : `b:${written.toString('hex')}`;
    return !seen.has(key) && seen.add(key);
  });
}
