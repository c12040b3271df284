import type { Field, Message } from '#dissect';
import type { Observable } from '#flow';
import { isAuthorizationKey, parseAuthorization } from './authorization.ts';
import { catalogue, precedence } from './catalogue.ts';
import { geoPosition, turnUsername } from './catalogue/accounts.ts';
import { basicCredentials, bearerToken, digestCredentials, jwt } from './catalogue/credentials.ts';
import { joinLink } from './catalogue/rooms.ts';
import { imei, imsi } from './catalogue/subscriptions.ts';
import type { RecogniserCounters } from './counters.ts';
import { decodeBytes, decodeOnce, leastEncoded } from './decode.ts';
import { parseDigestKey } from './digest-key.ts';
import { Digests } from './digests.ts';
import { hostFields, HostLabels } from './host-labels.ts';
import { inflate, inflateRaw } from './inflate.ts';
import { claimsOf } from './jwt-claims.ts';
import { loginArguments } from './line-commands.ts';
import { KeyNames, type Announcement } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { maskSecret, maskValue } from './mask.ts';
import { normaliseHex, normaliseOpaque } from './opaque.ts';
import { PayloadScanner } from './payload-scan.ts';
import { identifiersInPath } from './path-segments.ts';
import { publicPath } from './place.ts';
import { positionFields } from './position.ts';
import { fromQuotedPrintable } from './quoted-printable.ts';
import { readStructure } from './structured.ts';
import { findTbcd } from './tbcd.ts';
import { looseness, TextScanner } from './text-scan.ts';
import type { Tokeniser } from './token.ts';
import { findUtf16 } from './utf16.ts';
import type { WatchScanner } from './watch-scanner.ts';
import { isZoomHost, secretOfJoinLink } from './zoom.ts';

/** An identifier with its raw value: it never leaves the process, and serves redaction and `--reveal` only. */
export interface Recognised {
  observable: Observable;
  value: string;
  /** What else stood in the message for it: base64 and the like that it was unwrapped from, and other spellings. */
  written: string[];
}

export interface RecogniserOptions {
  readonly tokeniser: Tokeniser;
  /** Identifiers reported of one message; more are counted as dropped. */
  readonly maxPerMessage: number;
}

/** Characters of a field and bytes of a payload that are read. */
const longestText = 64 * 1024;
/** Longest line of a text protocol, and shortest base64 word in it, that is looked into. */
const longestLine = 2048;
const leastBase64Word = 16;
/** Taken off the confidence of an identifier that only the path segment, or the label, before it announces. */
const uncertaintyOfPath = 25;
/** Taken off the confidence of a digest, whose content cannot be checked. */
const uncertaintyOfDigest = 20;
/** Encodings that are unwrapped one inside the other. */
const deepestEncoding = 2;
/** Values of one message that are unwrapped. */
const mostDecodings = 64;
/** From this length on, one value under two keys is one identifier; shorter ones coincide. */
const distinctiveLength = 6;
/** Encoded forms and spellings of one value that are kept for redaction. */
const mostSpellings = 16;
/** Identifiers whose digests are remembered. */
const mostDigested = 1024;
/** A value that a company listed is one, whatever stands around it. */
const watchedConfidence = 90;
/** Shorter values are told apart by their digest too: whoever has it can try them all. */
const leastDigested = 5;
/** Bytes of a payload that are read as a structure, and offsets at which one begins: behind a length, or behind the header of a frame. */
const mostStructured = 16 * 1024;
const structureOffsets = [0, 2, 4, 5, 8, 12, 16] as const;
/** Bytes in front of something packed in a payload. */
const longestHeader = 64;
/** Shortest bytes that are tried as bare deflate, which has no mark of its own. */
const leastDeflated = 40;

/** RFC 1952, section 2.3.1; the third byte is the method. */
const gzipMark = Buffer.from([0x1f, 0x8b, 0x08]);

/** Where a value stood: a {@link Field} is one. */
type Place = Pick<Field, 'path' | 'encoding' | 'sender' | 'frame'>;

interface Hit {
  kind: IdentifierKind;
  value: string;
  written: string[];
  confidence: number;
  place: Place;
  /** Told by its digest, or by a watchlist. */
  known?: Known;
}

/** An identifier that can be told again without its value: it was seen in clear, or stands on a watchlist. */
interface Known {
  kind: IdentifierKind;
  token: string;
  mask: string;
}

/** Finds the values of watchlists; see {@link Recogniser.watch}. */
export type Watch = WatchScanner<Place>;

const hostLabels = new HostLabels(catalogue);

/** Finds the identifiers of the catalogue in messages. One per stream of messages: it keeps buffers between calls. */
export class Recogniser {
  /** Identifiers of the last message that were over the bound. */
  dropped = 0;
  /** Whether all of the last message was read and reported: none of the bounds bit. */
  readInFull = true;

  readonly #options: RecogniserOptions;
  readonly #counters: RecogniserCounters;
  readonly #keyNames = new KeyNames(catalogue);
  readonly #text = new TextScanner(catalogue, this.#keyNames);
  readonly #payload = new PayloadScanner(this.#keyNames, this.#text);
  readonly #hits = new Map<string, Hit>();
  readonly #digests = new Digests<Known>(mostDigested);
  #decodings = 0;
  #watch: Watch | null = null;

  constructor(options: RecogniserOptions, counters: RecogniserCounters) {
    this.#options = options;
    this.#counters = counters;
  }

  /** From the next message on the values of these lists are looked for; null: of none. */
  watch(watch: Watch | null): void {
    this.#watch = watch;
  }

  /** The identifiers of a message, each value once, as the most specific kind that fits it, in the order in which they stand. */
  recognise(message: Message): Recognised[] {
    this.dropped = 0;
    this.readInFull = true;
    this.#decodings = 0;
    this.#hits.clear();
    for (const field of message.fields) {
      if (field.path === 'url.path') this.#urlPath(field, message);
      else this.#field(field);
    }
    this.#position(message);
    if (message.payload !== null && message.payload.length > 0) this.#unclaimed(message, message.payload);
    if (this.#watch !== null) this.#watched(this.#watch);
    return this.#hits.size === 0 ? [] : this.#report();
  }

  #field(field: Field): void {
    const { path, key, value } = field;
    if (value === '') return;
    this.#value(key, null, field, '', deepestEncoding);
    if (path === 'stun.username' || path === 'stun.ice_username') {
      // An ICE user name is drawn for each session; only a long-term one belongs to somebody.
      if (path === 'stun.username' && turnUsername.validate(value)) this.#hit(turnUsername, value, turnUsername.confidence, field);
      return;
    }
    if (hostFields.has(path)) for (const { kind, value: label } of hostLabels.find(value)) this.#hit(kind, label, kind.confidence - uncertaintyOfPath, field);
    if (isAuthorizationKey(key) && this.#authorization(field)) return;
    if (this.#knownDigest(value, field) || this.#digest(field)) return;
    this.#value(value, this.#keyNames.announced(key, path), field, '', 0);
  }

  /** `written` is the encoded text that `value` comes out of; empty on the outermost level. */
  #value(value: string, announcement: Announcement | null, place: Place, written: string, depth: number): void {
    const text = this.#bounded(value);
    this.#watch?.addText(text, place);
    const isAnnounced = announcement !== null && this.#announced(unquoted(text), announcement, place, written);
    const hits = this.#text.scan(text);
    const { hasPercentEncoding } = this.#text;
    for (const hit of hits) {
      const path = hit.key === '' ? place.path : `${place.path}.${hit.key}`;
      const spelling = hit.encoding === '' ? written : text.slice(hit.start, hit.end);
      const inner = { ...place, path, encoding: chain(place.encoding, hit.encoding) };
      this.#hit(hit.kind, hit.value, hit.confidence, inner, written || spelling);
      if (hit.kind === jwt) this.#claims(hit.value, inner);
    }
    if (isAnnounced || hits.length > 0 || depth === deepestEncoding) return;
    if (text.length >= leastEncoded || hasPercentEncoding) this.#unwrap(unquoted(text), announcement, place, written, depth);
  }

  #announced(value: string, { kinds, loose }: Announcement, place: Place, written: string): boolean {
    const kind = kinds.find((candidate) => isWithin(candidate, place.path) && candidate.validate(value));
    if (kind === undefined) return false;
    this.#hit(kind, value, kind.confidence - (loose ? looseness : 0), place, written);
    return true;
  }

  #unwrap(text: string, announcement: Announcement | null, place: Place, written: string, depth: number): void {
    const decoded = decodeOnce(text);
    if (decoded === null) return this.#unwrapBytes(text, place, written, depth);
    if (decoded.text === text || !this.#mayDecode()) return;
    this.#value(decoded.text, announcement, { ...place, encoding: chain(place.encoding, decoded.encoding) }, written || text, depth + 1);
  }

  /** A value that hides no text may hide something packed, or a structure. */
  #unwrapBytes(text: string, place: Place, written: string, depth: number): void {
    const decoded = decodeBytes(text);
    if (decoded === null || !this.#mayDecode()) return;
    this.#bytes(decoded.bytes, { ...place, encoding: chain(place.encoding, decoded.encoding) }, written || text, depth + 1);
  }

  /** Bytes that came out of a value: something packed, a structure with names, or text of UTF-16. */
  #bytes(bytes: Buffer, place: Place, written: string, depth: number): void {
    if (this.#packed(bytes, place, written, depth) || this.#structure(bytes, () => place, written, depth)) return;
    this.#utf16(bytes, place, written, depth);
    const bare = bytes.length < leastDeflated ? null : inflateRaw(bytes);
    if (bare !== null && bare.length > bytes.length) this.#unpacked(bare, { ...place, encoding: chain(place.encoding, 'deflate') }, written, depth + 1);
  }

  #packed(bytes: Buffer, place: Place, written: string, depth: number): boolean {
    const inflated = inflate(bytes);
    if (inflated !== null) this.#unpacked(inflated.bytes, { ...place, encoding: chain(place.encoding, inflated.encoding) }, written, depth + 1);
    return inflated !== null;
  }

  /** What was packed is text, or something else again. */
  #unpacked(bytes: Buffer, place: Place, written: string, depth: number): void {
    const text = bytes.toString('utf8');
    if (!text.includes('\uFFFD') || depth >= deepestEncoding) this.#value(text, null, place, written, depth);
    else this.#bytes(bytes, place, written, depth);
  }

  /** `placeOf` says where the byte at an offset stood. */
  #structure(bytes: Buffer, placeOf: (offset: number) => Place, written: string, depth: number): boolean {
    const structure = bytes.length > mostStructured ? null : readStructure(bytes);
    if (structure === null) return false;
    for (const { name, value, offset, isInteger } of structure.values) {
      const place = placeOf(offset);
      const inner = { ...place, encoding: chain(place.encoding, structure.encoding) };
      const announcement = name === '' ? null : this.#keyNames.announced(name);
      if (!isInteger) this.#value(value, announcement, inner, written, depth);
      else if (announcement !== null) this.#announced(value, integers(announcement), inner, written);
    }
    return true;
  }

  #utf16(bytes: Buffer, place: Place, written: string, depth: number): void {
    findUtf16(bytes, (text, _offset, encoding) => this.#value(text, null, { ...place, encoding: chain(place.encoding, encoding) }, written || text, depth));
  }

  /** One more decoding, if the message may have it. */
  #mayDecode(): boolean {
    if (++this.#decodings <= mostDecodings) return true;
    this.#counters.undecoded++;
    this.readInFull = false;
    return false;
  }

  /** What a token says of whoever carries it can be read by anyone, and follows them longer than the token does. */
  #claims(token: string, place: Place): void {
    for (const { path, key, value } of claimsOf(token)) {
      const inner = { ...place, path: `${place.path}.claims.${path}`, encoding: chain(place.encoding, 'jwt') };
      const announcement = this.#keyNames.announced(key, inner.path);
      this.#value(value, announcement, inner, token, deepestEncoding);
    }
  }

  /** Whether a value is the digest of an identifier that was seen in clear: it is that identifier then. */
  #knownDigest(value: string, place: Place): boolean {
    const digested = this.#digests.find(value);
    if (digested === null) return false;
    const { kind } = digested.identity;
    const inner = { ...place, encoding: chain(place.encoding, digested.algorithm) };
    this.#hit(kind, value, kind.confidence, inner, '', digested.identity);
    return true;
  }

  #authorization(field: Field): boolean {
    const credentials = parseAuthorization(field.value);
    if (credentials === null) return false;
    if (credentials.scheme === 'basic') {
      const place = { ...field, encoding: chain(field.encoding, 'base64') };
      this.#hit(basicCredentials, credentials.value, basicCredentials.confidence, place, credentials.written);
      return true;
    }
    if (credentials.scheme === 'digest') {
      if (digestCredentials.validate(credentials.value)) this.#hit(digestCredentials, credentials.value, digestCredentials.confidence, field);
      return false; // Its other parameters name the user.
    }
    const kind = [jwt, bearerToken].find((candidate) => candidate.validate(credentials.value));
    if (kind === undefined) return false;
    this.#hit(kind, credentials.value, kind.confidence, field);
    if (kind === jwt) this.#claims(credentials.value, field);
    return true;
  }

  #digest(field: Field): boolean {
    const digest = parseDigestKey(field.key, field.value);
    if (digest === null) return false;
    const kind = this.#keyNames.announced(digest.key)?.kinds.find(({ dataClass }) => dataClass === 'direct' || dataClass === 'device');
    if (kind === undefined) return false;
    this.#hit(kind, field.value, kind.confidence - uncertaintyOfDigest, { ...field, encoding: chain(field.encoding, digest.algorithm) });
    return true;
  }

  #position({ fields }: Message): void {
    const position = positionFields(fields);
    if (position === null) return;
    const { latitude, longitude } = position;
    const value = `${latitude.value},${longitude.value}`;
    if (!geoPosition.validate(value)) return;
    for (const part of [latitude, longitude]) this.#hit(geoPosition, value, geoPosition.confidence, latitude, part.value);
  }

  /** Identifiers that a URL names by its path: `/users/4711/rooms/88`, `zoom.us/j/…`. */
  #urlPath(field: Field, message: Message): void {
    const path = this.#bounded(field.value);
    for (const { kind, value } of identifiersInPath(path, this.#keyNames, message.fields)) {
      this.#hit(kind, value, kind.confidence - uncertaintyOfPath, field);
    }
    const host = message.facts['url.domain'] ?? '';
    if (isZoomHost(host)) this.#zoomUrl(`${host}${path}`, message.facts['url.query'] ?? '', field);
    else this.#value(path, null, field, '', 0);
  }

  /** A join link reaches over host, path and query, which are facts of their own: its secret is to be redacted in the query. */
  #zoomUrl(hostAndPath: string, query: string, field: Field): void {
    const url = query === '' ? hostAndPath : `${hostAndPath}?${query}`;
    for (const hit of this.#text.scan(url, false)) {
      this.#hit(hit.kind, hit.value, hit.confidence, field, hit.kind === joinLink ? secretOfJoinLink(hit.value) : '');
    }
  }

  #unclaimed(message: Message, payload: Buffer): void {
    let bytes = payload;
    if (bytes.length > longestText) {
      bytes = bytes.subarray(0, longestText);
      this.#counters.truncated++;
      this.readInFull = false;
    }
    const isText = message.encryption.verdict === 'cleartext' && !bytes.includes(0);
    if (isText) this.#watch?.addText(bytes.toString('latin1'), placeInPayload(message, 0, ''));
    else this.#watch?.addBytes(bytes, placeInPayload(message, 0, ''));
    if (!this.#structured(message, bytes)) {
      for (const hit of this.#payload.scan(bytes)) this.#hit(hit.kind, hit.value, hit.confidence, placeInPayload(message, hit.offset, hit.encoding));
    }
    if (message.protocol === 'tcp' && bytes.length <= longestLine) this.#line(bytes.toString('latin1').trimEnd(), message);
  }

  /**
   * What a payload as a whole, or behind a short header, is: packed, a structure with names, text of UTF-16, identities in telephony BCD.
   * Returns whether identifiers stood in a structure of it, so that there is nothing more to guess.
   */
  #structured(message: Message, bytes: Buffer): boolean {
    if (message.encryption.verdict === 'cleartext' && message.protocol !== 'http') {
      // Queries and calls of a known protocol: their structure is no guess any more, and their texts may be wide.
      if (bytes.includes(0)) {
        this.#utf16(bytes, placeInPayload(message, 0, ''), '', deepestEncoding);
        return false;
      }
      const text = bytes.length <= longestLine ? fromQuotedPrintable(bytes.toString('latin1')) : null;
      if (text !== null) this.#value(text, null, placeInPayload(message, 0, 'quoted-printable'), text, deepestEncoding);
      return text !== null && this.#hits.size > 0;
    }
    const packed = bytes.subarray(0, longestHeader).indexOf(gzipMark);
    if (packed >= 0) return this.#packed(bytes.subarray(packed), placeInPayload(message, packed, ''), '', 0);
    this.#utf16(bytes, placeInPayload(message, 0, ''), '', deepestEncoding);
    findTbcd(bytes, ({ kind, digits, offset }) => {
      const identity = kind === 'imsi' ? imsi : imei;
      this.#hit(identity, digits, identity.confidence - uncertaintyOfPath, placeInPayload(message, offset, 'tbcd'));
    });
    const before = this.#hits.size;
    structureOffsets.some((offset) => offset < bytes.length && this.#structure(bytes.subarray(offset), (at) => placeInPayload(message, offset + at, ''), '', 0));
    return this.#hits.size > before;
  }

  /** Values of watchlists among the texts and bytes of the message. What is recognised too is told as that, with the list's name. */
  #watched(watch: Watch): void {
    for (const { entry, encoding, value, place, offset } of watch.take()) {
      const path = place.encoding === '' && place.path.endsWith('.payload@0') ? `${place.path.slice(0, -1)}${offset}` : place.path;
      const inner = { ...place, path, encoding: chain(place.encoding, encoding) };
      this.#hit(entry.kind, value, watchedConfidence, inner, '', entry);
    }
    this.#counters.unwatched += watch.skipped;
    watch.skipped = 0;
  }

  /** A line of a text protocol: a login, or base64 as the last word, as SASL mechanisms send it (RFC 4954, section 4). */
  #line(line: string, message: Message): void {
    if (message.sender === 'source') {
      for (const { kind, value, offset } of loginArguments(line)) this.#hit(kind, value, kind.confidence, placeInPayload(message, offset, ''));
    }
    const start = line.lastIndexOf(' ') + 1;
    const word = line.slice(start);
    const decoded = word.length < leastBase64Word || this.#hits.size > 0 ? null : decodeOnce(word);
    if (decoded === null) return;
    for (const hit of this.#text.scan(decoded.text)) {
      this.#hit(hit.kind, hit.value, hit.confidence, placeInPayload(message, start, chain(decoded.encoding, hit.encoding)), word);
    }
  }

  #hit(kind: IdentifierKind, value: string, confidence: number, place: Place, written = '', told?: Known): void {
    const folded = normaliseOpaque(value).toLowerCase();
    const identity = folded.length >= distinctiveLength ? folded : `${kind.dataClass} ${folded}`;
    const known = this.#hits.get(identity);
    if (known === undefined && this.#hits.size >= this.#options.maxPerMessage) {
      this.dropped++;
      this.#counters.dropped++;
      this.readInFull = false;
      return;
    }
    const spellings = known?.written ?? [];
    addSpelling(spellings, written);
    if (known !== undefined) addSpelling(spellings, value);
    if (known !== undefined && (precedence(known.kind) <= precedence(kind) || told !== undefined)) return;
    this.#hits.set(identity, { kind, value, written: spellings, confidence, place, ...(told && { known: told }) });
  }

  #report(): Recognised[] {
    const recognised: Recognised[] = [];
    for (const hit of this.#hits.values()) {
      const token = hit.known?.token ?? this.#options.tokeniser.token(normalised(hit));
      const same = recognised.find(({ observable }) => observable.token === token && observable.kind === hit.kind.name);
      if (same === undefined) {
        this.#counters.count(hit.kind.name);
        const written = hit.written.filter((spelling) => spelling !== hit.value);
        recognised.push({ observable: { ...observableOf(hit, token), watchlist: this.#watch?.listOf(token) ?? '' }, value: hit.value, written });
        if (hit.known === undefined) this.#rememberDigests(hit, token);
      } else {
        for (const spelling of [hit.value, ...hit.written]) addSpelling(same.written, spelling);
      }
    }
    return recognised;
  }

  /** So that the identifier is known again where only its digest stands. Sessions and secrets are not hashed for others. */
  #rememberDigests({ kind, value, place, ...hit }: Hit, token: string): void {
    if (value.length < leastDigested || kind.dataClass === 'secret' || kind.dataClass === 'session' || isDigest(place)) return;
    const plain = normalised({ kind, value, place, ...hit });
    const known: Known = { kind, token, mask: maskOf(kind, value) };
    this.#digests.add(token, [plain, value, value.toLowerCase(), value.toUpperCase()], known);
  }

  #bounded(text: string): string {
    if (text.length <= longestText) return text;
    this.#counters.truncated++;
    this.readInFull = false;
    return text.slice(0, longestText);
  }
}

function observableOf({ kind, value, confidence, place, known }: Hit, token: string): Omit<Observable, 'watchlist'> {
  const { path, encoding, sender, frame } = place;
  return { kind: kind.name, path: publicPath(path), encoding, visibility: 'cleartext', confidence, mask: known?.mask ?? maskOf(kind, value), token, sender, frame };
}

/** The spelling that the token is made of; a digest keeps all its digits. */
function normalised({ kind, value, place }: Hit): string {
  if (isDigest(place)) return normaliseHex(value);
  return (kind.normalise ?? normaliseOpaque)(value);
}

function isDigest({ encoding }: Place): boolean {
  return /(?:^|>)(?:md5|sha1|sha256)$/.test(encoding);
}

/** An announcement for a number: kinds that are written as integers. */
function integers({ kinds, loose }: Announcement): Announcement {
  return { kinds: kinds.filter((kind) => kind.integer === true), loose };
}

function maskOf(kind: IdentifierKind, value: string): string {
  if (kind.mask !== undefined) return kind.mask(value);
  return kind.dataClass === 'secret' || kind.dataClass === 'session' ? maskSecret(value) : maskValue(value);
}

function placeInPayload({ protocol, sender, frame }: Message, offset: number, encoding: string): Place {
  return { path: `${protocol}.payload@${offset}`, encoding, sender, frame };
}

function addSpelling(spellings: string[], spelling: string): void {
  if (spelling !== '' && spellings.length < mostSpellings && !spellings.includes(spelling)) spellings.push(spelling);
}

/** Does the field stand where key names of that kind mean it? */
function isWithin({ within }: IdentifierKind, path: string): boolean {
  switch (within) {
    case 'cookie': return path.includes('.header.cookie.') || path.includes('.header.set-cookie.');
    case 'login': return /^[a-z0-9-]+\.login\./.test(path);
    case 'sip': return path.startsWith('sip.');
    case 'jwt': return path.includes('.claims.');
    default: return true;
  }
}

function unquoted(value: string): string {
  const bare = value.trim();
  return bare.length >= 2 && bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1) : bare;
}

function chain(outer: string, inner: string): string {
  if (inner === '') return outer;
  return outer === '' ? inner : `${outer}>${inner}`;
}
