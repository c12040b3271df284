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

/** Maximum depth of nested encodings that are decoded. */
const deepestEncoding = 2;

/** The encodings from which a value was decoded. */
interface Wrapping {
  /** The outermost encoded text, as written in the message; empty if none. */
  readonly written: string;
  /** Number of encodings. */
  readonly depth: number;
}

const bare: Wrapping = { written: '', depth: 0 };
/** For a value that contains no encodings. */
const plain: Wrapping = { written: '', depth: deepestEncoding };

/** The wrapping of the content decoded from `text`. */
function inside({ written, depth }: Wrapping, text = ''): Wrapping {
  return { written: written || text, depth: depth + 1 };
}

/** Bounds on a text whose parts may be encoded, and on the parts that are decoded. */
const longestOfParts = 4096;
const mostParts = 8;
const encodedPart = /[A-Za-z0-9+_-]{16,}={0,2}/g;

/** Reads one value: by the announcement of its key, as free text, and, to a bounded depth, by decoding it. */
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

  /** Like {@link read}, for a value that contains no encodings; `written` is the encoded text from which it was decoded. */
  readPlain(value: string, announcement: Announcement | null, place: Place, written = ''): void {
    this.read(value, announcement, place, written === '' ? plain : { written, depth: deepestEncoding });
  }

  /** Anyone can read the claims of a token about its bearer, and they remain valid longer than the token. */
  claims(token: string, place: Place): void {
    for (const { path, key, value } of claimsOf(token)) {
      const inner = { ...place, path: `${place.path}.claims.${path}`, encoding: chain(place.encoding, 'jwt') };
      this.readPlain(value, this.#keyNames.announced(key, inner.path), inner, token);
    }
  }

  /** One value of a binary structure; `place` includes the encoding. */
  structured({ name, value, isInteger }: StructuredValue, place: Place, wrapping: Wrapping = bare): void {
    const announcement = name === '' ? null : this.#keyNames.announced(name);
    if (!isInteger) this.read(value, announcement, place, wrapping);
    else if (announcement !== null) this.#announced(value, integers(announcement), place, wrapping.written);
  }

  /** Decompresses gzip or zlib data; returns whether it was that. */
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

  /** A value that is not encoded text may contain compressed data or a structure. */
  #unwrapBytes(text: string, place: Place, wrapping: Wrapping): void {
    const decoded = decodeBytes(text);
    if (decoded === null || !this.#reading.mayDecode()) return;
    this.#bytes(decoded.bytes, { ...place, encoding: chain(place.encoding, decoded.encoding) }, inside(wrapping, text));
  }

  /** Parts of a path, a cookie or a list that are encoded separately: `7|amFuZUBleGFtcGxlLm9yZw==|9f1c`. */
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

  /** Decoded bytes: compressed data, a structure with names, or UTF-16 text. */
  #bytes(bytes: Buffer, place: Place, wrapping: Wrapping): void {
    if (this.packed(bytes, place, wrapping) || this.#structure(bytes, place, wrapping)) return;
    const { written, depth } = wrapping;
    findUtf16(bytes, (text, _offset, encoding) =>
      this.read(text, null, { ...place, encoding: chain(place.encoding, encoding) }, { written: written || text, depth }),
    );
    const text = inflateText(bytes);
    if (text !== null) this.read(text, null, { ...place, encoding: chain(place.encoding, 'deflate') }, inside(wrapping));
  }

  /** Decompressed data: text, or another structure. */
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

/** Paths of login arguments, where nothing else can occur. */
const loginPath = /^(?:[a-z0-9-]+\.login\.|mqtt\.connect\.|url\.(?:username|password)$)/;

/** Whether the field is in a place where the kind's key names count. */
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

/** The part of an announcement that applies to numbers: kinds that may be stored as integers. */
function integers({ kinds, loose }: Announcement): Announcement {
  return { kinds: kinds.filter((kind) => kind.integer === true), loose };
}

function unquoted(value: string): string {
  const bare = value.trim();
  return bare.length >= 2 && bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1) : bare;
}
