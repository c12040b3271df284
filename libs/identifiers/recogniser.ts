import type { Field, Message } from '#dissect';
import type { Observable } from '#flow';
import { isAuthorizationKey, parseAuthorization } from './authorization.ts';
import { catalogue, precedence } from './catalogue.ts';
import { geoPosition, turnUsername } from './catalogue/accounts.ts';
import { basicCredentials, bearerToken, jwt } from './catalogue/credentials.ts';
import { joinLink } from './catalogue/rooms.ts';
import type { RecogniserCounters } from './counters.ts';
import { decodeOnce, leastEncoded } from './decode.ts';
import { parseDigestKey } from './digest-key.ts';
import { loginArguments } from './line-commands.ts';
import { KeyNames, type Announcement } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { maskSecret, maskValue } from './mask.ts';
import { normaliseHex, normaliseOpaque } from './opaque.ts';
import { PayloadScanner } from './payload-scan.ts';
import { identifiersInPath } from './path-segments.ts';
import { publicPath } from './place.ts';
import { positionFields } from './position.ts';
import { looseness, TextScanner } from './text-scan.ts';
import type { Tokeniser } from './token.ts';
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
/** Taken off the confidence of an identifier that only the path segment before it announces. */
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

/** Where a value stood: a {@link Field} is one. */
type Place = Pick<Field, 'path' | 'encoding' | 'sender' | 'frame'>;

interface Hit {
  kind: IdentifierKind;
  value: string;
  written: string[];
  confidence: number;
  place: Place;
}

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
  #decodings = 0;

  constructor(options: RecogniserOptions, counters: RecogniserCounters) {
    this.#options = options;
    this.#counters = counters;
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
    return this.#hits.size === 0 ? [] : this.#report();
  }

  #field(field: Field): void {
    const { path, key, value } = field;
    if (value === '') return;
    this.#value(key, null, field, '', deepestEncoding);
    if (path.startsWith('stun.')) {
      // An ICE user name is drawn for each session; only a long-term one belongs to somebody.
      if (path === 'stun.username' && turnUsername.validate(value)) this.#hit(turnUsername, value, turnUsername.confidence, field);
      return;
    }
    if (isAuthorizationKey(key) && this.#authorization(field)) return;
    const announcement = this.#keyNames.announced(key, path);
    if (announcement === null && this.#digest(field)) return;
    this.#value(value, announcement, field, '', 0);
  }

  /** `written` is the encoded text that `value` comes out of; empty on the outermost level. */
  #value(value: string, announcement: Announcement | null, place: Place, written: string, depth: number): void {
    const text = this.#bounded(value);
    const isAnnounced = announcement !== null && this.#announced(unquoted(text), announcement, place, written);
    const hits = this.#text.scan(text);
    const { hasPercentEncoding } = this.#text;
    for (const hit of hits) {
      const path = hit.key === '' ? place.path : `${place.path}.${hit.key}`;
      const spelling = hit.encoding === '' ? written : text.slice(hit.start, hit.end);
      this.#hit(hit.kind, hit.value, hit.confidence, { ...place, path, encoding: chain(place.encoding, hit.encoding) }, written || spelling);
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
    if (decoded === null || decoded.text === text) return;
    if (++this.#decodings > mostDecodings) {
      this.#counters.undecoded++;
      this.readInFull = false;
      return;
    }
    this.#value(decoded.text, announcement, { ...place, encoding: chain(place.encoding, decoded.encoding) }, written || text, depth + 1);
  }

  #authorization(field: Field): boolean {
    const credentials = parseAuthorization(field.value);
    if (credentials === null) return false;
    if (credentials.scheme === 'basic') {
      const place = { ...field, encoding: chain(field.encoding, 'base64') };
      this.#hit(basicCredentials, credentials.value, basicCredentials.confidence, place, credentials.written);
      return true;
    }
    const kind = [jwt, bearerToken].find((candidate) => candidate.validate(credentials.value));
    if (kind === undefined) return false;
    this.#hit(kind, credentials.value, kind.confidence, field);
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
    for (const hit of this.#payload.scan(bytes)) this.#hit(hit.kind, hit.value, hit.confidence, placeInPayload(message, hit.offset, hit.encoding));
    if (message.protocol === 'tcp' && bytes.length <= longestLine) this.#line(bytes.toString('latin1').trimEnd(), message);
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

  #hit(kind: IdentifierKind, value: string, confidence: number, place: Place, written = ''): void {
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
    if (known !== undefined && precedence(known.kind) <= precedence(kind)) return;
    this.#hits.set(identity, { kind, value, written: spellings, confidence, place });
  }

  #report(): Recognised[] {
    const recognised: Recognised[] = [];
    for (const hit of this.#hits.values()) {
      const token = this.#options.tokeniser.token(normalised(hit));
      const same = recognised.find(({ observable }) => observable.token === token && observable.kind === hit.kind.name);
      if (same === undefined) {
        this.#counters.count(hit.kind.name);
        const written = hit.written.filter((spelling) => spelling !== hit.value);
        recognised.push({ observable: observableOf(hit, token), value: hit.value, written });
      } else {
        for (const spelling of [hit.value, ...hit.written]) addSpelling(same.written, spelling);
      }
    }
    return recognised;
  }

  #bounded(text: string): string {
    if (text.length <= longestText) return text;
    this.#counters.truncated++;
    this.readInFull = false;
    return text.slice(0, longestText);
  }
}

function observableOf({ kind, value, confidence, place }: Hit, token: string): Observable {
  const { path, encoding, sender, frame } = place;
  return { kind: kind.name, path: publicPath(path), encoding, visibility: 'cleartext', confidence, mask: maskOf(kind, value), token, sender, frame };
}

/** The spelling that the token is made of; a digest keeps all its digits. */
function normalised({ kind, value, place }: Hit): string {
  if (/(?:^|>)(?:md5|sha1|sha256)$/.test(place.encoding)) return normaliseHex(value);
  return (kind.normalise ?? normaliseOpaque)(value);
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
