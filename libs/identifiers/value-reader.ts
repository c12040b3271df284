import { jwt } from './catalogue/credentials.ts';
import { decodeBytes, decodeOnce, leastEncoded } from './decode.ts';
import { inflate, inflateText } from './inflate.ts';
import { claimsOf } from './jwt-claims.ts';
import type { Announcement, KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { chain, type MessageReading, type Place } from './reading.ts';
import type { StructuredValue } from './structured/value.ts';
import { readStructure } from './structured.ts';
import type { TextScanner } from './text-scan.ts';
import { uncertaintyOfLooseKey } from './uncertainty.ts';
import { findUtf16 } from './utf16.ts';

/** Encodings that are unwrapped one inside the other. */
const deepestEncoding = 2;

/** What a value was unwrapped from. */
interface Wrapping {
  /** The outermost encoded text, as it stands in the message; empty where there is none. */
  readonly written: string;
  /** How many encodings. */
  readonly depth: number;
}

const bare: Wrapping = { written: '', depth: 0 };
/** Of a value that hides nothing. */
const plain: Wrapping = { written: '', depth: deepestEncoding };

/** That of what comes out of `text`. */
function inside({ written, depth }: Wrapping, text = ''): Wrapping {
  return { written: written || text, depth: depth + 1 };
}

/** A text whose parts may be encoded, and how many of them are looked into. */
const longestOfParts = 4096;
const mostParts = 8;
const encodedPart = /[A-Za-z0-9+_-]{16,}={0,2}/g;

/** Reads one value: what its key announces, what it says as free text, and what its encodings hide, to a bounded depth. */
export class ValueReader {
  readonly #keyNames: KeyNames;
  readonly #text: TextScanner;
  readonly #reading: MessageReading;

  constructor(keyNames: KeyNames, text: TextScanner, reading: MessageReading) {
    this.#keyNames = keyNames;
    this.#text = text;
    this.#reading = reading;
  }

  read(value: string, announcement: Announcement | null, place: Place, wrapping: Wrapping = bare): void {
    const text = this.#reading.bounded(value);
    this.#reading.watch?.addText(text, place);
    const isAnnounced = announcement !== null && this.#announced(unquoted(text), announcement, place, wrapping.written);
    const hits = this.#text.scan(text);
    const { hasPercentEncoding } = this.#text;
    for (const hit of hits) {
      if (hit.kind.noCookie === true && isCookie(place.path)) continue;
      const path = hit.key === '' ? place.path : `${place.path}.${hit.key}`;
      const spelling = hit.encoding === '' ? '' : text.slice(hit.start, hit.end);
      const inner = { ...place, path, encoding: chain(place.encoding, hit.encoding) };
      this.#reading.add(hit, inner, wrapping.written || spelling);
      if (hit.kind === jwt) this.claims(hit.value, inner);
    }
    if (isAnnounced || hits.length > 0 || wrapping.depth === deepestEncoding) return;
    if (text.length >= leastEncoded || hasPercentEncoding) this.#unwrap(unquoted(text), announcement, place, wrapping);
  }

  /** As {@link read}, of a value that hides nothing; `written` is the encoded text that it comes out of. */
  readPlain(value: string, announcement: Announcement | null, place: Place, written = ''): void {
    this.read(value, announcement, place, written === '' ? plain : { written, depth: deepestEncoding });
  }

  /** What a token says of whoever carries it can be read by anyone, and follows them longer than the token does. */
  claims(token: string, place: Place): void {
    for (const { path, key, value } of claimsOf(token)) {
      const inner = { ...place, path: `${place.path}.claims.${path}`, encoding: chain(place.encoding, 'jwt') };
      this.readPlain(value, this.#keyNames.announced(key, inner.path), inner, token);
    }
  }

  /** One value of a structure of binary data, whose place says the encoding. */
  structured({ name, value, isInteger }: StructuredValue, place: Place, wrapping: Wrapping = bare): void {
    const announcement = name === '' ? null : this.#keyNames.announced(name);
    if (!isInteger) this.read(value, announcement, place, wrapping);
    else if (announcement !== null) this.#announced(value, integers(announcement), place, wrapping.written);
  }

  /** What gzip or zlib packed; returns whether it was that. */
  packed(bytes: Buffer, place: Place, wrapping: Wrapping = bare): boolean {
    const inflated = inflate(bytes);
    if (inflated !== null) this.#unpacked(inflated.bytes, { ...place, encoding: chain(place.encoding, inflated.encoding) }, inside(wrapping));
    return inflated !== null;
  }

  #announced(value: string, { kinds, loose }: Announcement, place: Place, written: string): boolean {
    for (const kind of kinds) {
      if (!isWithin(kind, place.path) || !kind.validate(value)) continue;
      this.#reading.add({ kind, value, confidence: kind.confidence - (loose ? uncertaintyOfLooseKey : 0) }, place, written);
      return true;
    }
    return false;
  }

  #unwrap(text: string, announcement: Announcement | null, place: Place, wrapping: Wrapping): void {
    const decoded = decodeOnce(text);
    if (decoded === null) {
      this.#unwrapBytes(text, place, wrapping);
      this.#unwrapParts(text, place, wrapping);
      return;
    }
    if (decoded.text === text || !this.#reading.mayDecode()) return;
    this.read(decoded.text, announcement, { ...place, encoding: chain(place.encoding, decoded.encoding) }, inside(wrapping, text));
  }

  /** A value that hides no text may hide something packed, or a structure. */
  #unwrapBytes(text: string, place: Place, wrapping: Wrapping): void {
    const decoded = decodeBytes(text);
    if (decoded === null || !this.#reading.mayDecode()) return;
    this.#bytes(decoded.bytes, { ...place, encoding: chain(place.encoding, decoded.encoding) }, inside(wrapping, text));
  }

  /** Parts of a path, a cookie or a list that are encoded each by itself: `7|amFuZUBleGFtcGxlLm9yZw==|9f1c`. */
  #unwrapParts(text: string, place: Place, wrapping: Wrapping): void {
    if (text.length > longestOfParts) return;
    let left = mostParts;
    for (const [part] of text.matchAll(encodedPart)) {
      if (left-- === 0 || part.length === text.length) return;
      const decoded = decodeOnce(part);
      if (decoded === null) continue;
      if (!this.#reading.mayDecode()) return;
      this.read(decoded.text, null, { ...place, encoding: chain(place.encoding, decoded.encoding) }, inside(wrapping, part));
    }
  }

  /** Bytes that came out of a value: something packed, a structure with names, or text of UTF-16. */
  #bytes(bytes: Buffer, place: Place, wrapping: Wrapping): void {
    if (this.packed(bytes, place, wrapping) || this.#structure(bytes, place, wrapping)) return;
    const { written, depth } = wrapping;
    findUtf16(bytes, (text, _offset, encoding) =>
      this.read(text, null, { ...place, encoding: chain(place.encoding, encoding) }, { written: written || text, depth }),
    );
    const text = inflateText(bytes);
    if (text !== null) this.read(text, null, { ...place, encoding: chain(place.encoding, 'deflate') }, inside(wrapping));
  }

  /** What was packed is text, or something else again. */
  #unpacked(bytes: Buffer, place: Place, wrapping: Wrapping): void {
    const text = bytes.toString('utf8');
    if (!text.includes('\uFFFD') || wrapping.depth >= deepestEncoding) this.read(text, null, place, wrapping);
    else this.#bytes(bytes, place, wrapping);
  }

  #structure(bytes: Buffer, place: Place, wrapping: Wrapping): boolean {
    const structure = readStructure(bytes);
    if (structure === null) return false;
    const inner = { ...place, encoding: chain(place.encoding, structure.encoding) };
    for (const value of structure.values) this.structured(value, inner, wrapping);
    if (structure.isCut) this.#reading.truncate();
    return true;
  }
}

/** Where nothing but the arguments of a login can stand. */
const loginPath = /^(?:[a-z0-9-]+\.login\.|mqtt\.connect\.|url\.(?:username|password)$)/;

/** Does the field stand where key names of that kind mean it? */
function isWithin({ within, noCookie }: IdentifierKind, path: string): boolean {
  if (noCookie === true && isCookie(path)) return false;
  switch (within) {
    case 'cookie': return isCookie(path);
    case 'login': return loginPath.test(path);
    case 'sip': return path.startsWith('sip.');
    case 'jwt': return path.includes('.claims.');
    default: return true;
  }
}

function isCookie(path: string): boolean {
  return path.includes('.header.cookie.') || path.includes('.header.set-cookie.');
}

/** An announcement for a number: kinds that are written as integers. */
function integers({ kinds, loose }: Announcement): Announcement {
  return { kinds: kinds.filter((kind) => kind.integer === true), loose };
}

function unquoted(value: string): string {
  const bare = value.trim();
  return bare.length >= 2 && bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1) : bare;
}
