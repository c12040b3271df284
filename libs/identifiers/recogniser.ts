import type { Field, Message } from '#dissect';
import type { Observable } from '#flow';
import { isAuthorizationKey, parseAuthorization } from './authorization.ts';
import { catalogue, precedence } from './catalogue.ts';
import { geoPosition, turnUsername } from './catalogue/accounts.ts';
import { basicCredentials } from './catalogue/credentials.ts';
import type { RecogniserCounters } from './counters.ts';
import { decodeOnce } from './decode.ts';
import { parseDigestKey } from './digest-key.ts';
import { hintsOf } from './hints.ts';
import { loginArguments } from './line-commands.ts';
import { KeyNames, type Announcement } from './key-names.ts';
import { hint, type IdentifierKind } from './kind.ts';
import { maskSecret, maskValue } from './mask.ts';
import { normaliseHex, normaliseOpaque } from './opaque.ts';
import { PayloadScanner } from './payload-scan.ts';
import { identifiersInPath } from './path-segments.ts';
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

interface Hit {
  kind: IdentifierKind;
  value: string;
  written: string[];
  path: string;
  encoding: string;
  confidence: number;
  sender: 'source' | 'destination';
  frame: number;
}

/** Finds the identifiers of the catalogue in messages. One per stream of messages: it keeps buffers between calls. */
export class Recogniser {
  /** Identifiers of the last message that were over the bound. */
  dropped = 0;

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
    if (path.startsWith('stun.')) {
      // An ICE user name is drawn for each session; only a long-term one belongs to somebody.
      if (path === 'stun.username' && turnUsername.validate(value)) this.#hit(turnUsername, value, '', path, field.encoding, turnUsername.confidence, field);
      return;
    }
    if (isAuthorizationKey(key) && this.#authorization(field)) return;
    const announcement = this.#keyNames.announced(key, path);
    if (announcement === null && this.#digest(field)) return;
    this.#value(value, announcement, field, field.encoding, '', 0);
  }

  #digest(field: Field): boolean {
    const digest = parseDigestKey(field.key, field.value);
    const kind = digest === null ? undefined : this.#keyNames.announced(digest.key)?.kinds.find(({ dataClass }) => dataClass === 'direct' || dataClass === 'device');
    if (kind === undefined) return false;
    this.#hit(kind, field.value, '', field.path, chain(field.encoding, digest!.algorithm), kind.confidence - uncertaintyOfDigest, field);
    return true;
  }

  #position({ fields }: Message): void {
    const position = positionFields(fields);
    if (position === null) return;
    const { latitude, longitude } = position;
    const value = `${latitude.value},${longitude.value}`;
    if (!geoPosition.validate(value)) return;
    for (const written of [latitude.value, longitude.value]) this.#hit(geoPosition, value, written, latitude.path, latitude.encoding, geoPosition.confidence, latitude);
  }

  /** `written` is the encoded text that `value` comes out of; empty on the outermost level. */
  #value(value: string, announcement: Announcement | null, field: Field, encoding: string, written: string, depth: number): void {
    const text = this.#bounded(value);
    let found = false;
    if (announcement !== null) {
      const bare = unquoted(text);
      for (const kind of announcement.kinds) {
        if ((kind.within === 'cookie' && !isCookie(field.path)) || !kind.validate(bare)) continue;
        this.#hit(kind, bare, written, field.path, encoding, kind.confidence - (announcement.loose ? looseness : 0), field);
        found = true;
        break;
      }
    }
    const hints = hintsOf(text);
    if (hints !== 0) {
      for (const hit of this.#text.scan(text, hints)) {
        const path = hit.key === '' ? field.path : `${field.path}.${hit.key}`;
        const inner = hit.encoding === '' ? encoding : chain(encoding, hit.encoding);
        this.#hit(hit.kind, hit.value, written !== '' ? written : hit.encoding === '' ? '' : text.slice(hit.start, hit.end), path, inner, hit.confidence, field);
        found = true;
      }
    }
    if (!found && depth < deepestEncoding && (text.length >= 8 || (hints & hint.percent) !== 0)) this.#unwrap(text, announcement, field, encoding, written, depth);
  }

  #unwrap(text: string, announcement: Announcement | null, field: Field, encoding: string, written: string, depth: number): void {
    const decoded = decodeOnce(unquoted(text));
    if (decoded === null || decoded.text === text) return;
    if (++this.#decodings > mostDecodings) {
      this.#counters.undecoded++;
      return;
    }
    this.#value(decoded.text, announcement, field, chain(encoding, decoded.encoding), written === '' ? unquoted(text) : written, depth + 1);
  }

  #authorization(field: Field): boolean {
    const credentials = parseAuthorization(field.value);
    if (credentials === null) return false;
    if (credentials.scheme === 'basic') {
      this.#hit(basicCredentials, credentials.value, credentials.written, field.path, chain(field.encoding, 'base64'), basicCredentials.confidence, field);
      return true;
    }
    const kind = [...catalogue.filter((entry) => entry.name === 'jwt'), ...this.#keyNames.announced('access_token')!.kinds].find((entry) => entry.validate(credentials.value));
    if (kind === undefined) return false;
    this.#hit(kind, credentials.value, '', field.path, field.encoding, kind.confidence, field);
    return true;
  }

  /** Identifiers that a URL names by its path: `/users/4711/rooms/88`, `zoom.us/j/…`. */
  #urlPath(field: Field, message: Message): void {
    const path = this.#bounded(field.value);
    for (const { kind, value } of identifiersInPath(path, this.#keyNames, message.fields)) {
      this.#hit(kind, value, '', field.path, field.encoding, kind.confidence - uncertaintyOfPath, field);
    }
    const host = message.facts['url.domain'] ?? '';
    if (!isZoomHost(host)) return this.#value(path, null, field, field.encoding, '', 0);
    const query = message.facts['url.query'] ?? '';
    const url = `${host}${path}${query === '' ? '' : `?${query}`}`;
    for (const hit of this.#text.scan(url, hintsOf(url) & ~hint.assignment)) {
      // A join link reaches over host, path and query, which are facts of their own: its secret is redacted in the query.
      this.#hit(hit.kind, hit.value, hit.kind.name === 'join_link' ? secretOfJoinLink(hit.value) : '', field.path, field.encoding, hit.confidence, field);
    }
  }

  #unclaimed(message: Message, payload: Buffer): void {
    let bytes = payload;
    if (bytes.length > longestText) {
      bytes = bytes.subarray(0, longestText);
      this.#counters.truncated++;
    }
    for (const hit of this.#payload.scan(bytes)) {
      this.#hit(hit.kind, hit.value, '', `${message.protocol}.payload@${hit.offset}`, hit.encoding, hit.confidence, message);
    }
    if (message.protocol === 'tcp' && bytes.length <= longestLine) this.#line(bytes.toString('latin1').trimEnd(), message);
  }

  /** A line of a text protocol: a login, or base64 as the last word, as SASL mechanisms send it (RFC 4954, section 4). */
  #line(line: string, message: Message): void {
    if (message.sender === 'source') {
      for (const { kind, value, offset } of loginArguments(line)) this.#hit(kind, value, '', `tcp.payload@${offset}`, '', kind.confidence, message);
    }
    const start = line.lastIndexOf(' ') + 1;
    const word = line.slice(start);
    const decoded = word.length < leastBase64Word || this.#hits.size > 0 ? null : decodeOnce(word);
    if (decoded === null) return;
    for (const hit of this.#text.scan(decoded.text, hintsOf(decoded.text))) {
      this.#hit(hit.kind, hit.value, word, `tcp.payload@${start}`, chain(decoded.encoding, hit.encoding), hit.confidence, message);
    }
  }

  #hit(kind: IdentifierKind, value: string, written: string, path: string, encoding: string, confidence: number, place: { sender: 'source' | 'destination'; frame: number }): void {
    const folded = normaliseOpaque(value).toLowerCase();
    const identity = folded.length >= distinctiveLength ? folded : `${kind.dataClass} ${folded}`;
    const known = this.#hits.get(identity);
    if (known !== undefined) {
      addSpelling(known.written, written);
      if (value !== known.value) addSpelling(known.written, value);
      if (precedence(known.kind) <= precedence(kind)) return;
    }
    if (known === undefined && this.#hits.size >= this.#options.maxPerMessage) {
      this.dropped++;
      this.#counters.dropped++;
      return;
    }
    const spellings = known?.written ?? [];
    addSpelling(spellings, written);
    this.#hits.set(identity, { kind, value, written: spellings, path, encoding, confidence, sender: place.sender, frame: place.frame });
  }

  #report(): Recognised[] {
    const recognised: Recognised[] = [];
    for (const hit of this.#hits.values()) {
      const { kind } = hit;
      const token = this.#options.tokeniser.token(normalised(hit));
      const same = recognised.find(({ observable }) => observable.token === token && observable.kind === kind.name);
      if (same !== undefined) {
        for (const spelling of [hit.value, ...hit.written]) addSpelling(same.written, spelling);
        continue;
      }
      this.#counters.count(kind.name);
      recognised.push({
        value: hit.value,
        written: hit.written.filter((spelling) => spelling !== hit.value),
        observable: {
          kind: kind.name,
          path: hit.path,
          encoding: hit.encoding,
          visibility: 'cleartext',
          confidence: hit.confidence,
          mask: maskOf(kind, hit.value),
          token,
          sender: hit.sender,
          frame: hit.frame,
        },
      });
    }
    return recognised;
  }

  #bounded(text: string): string {
    if (text.length <= longestText) return text;
    this.#counters.truncated++;
    return text.slice(0, longestText);
  }
}

/** The spelling that the token is made of; a digest keeps all its digits. */
function normalised({ kind, value, encoding }: Hit): string {
  if (/(?:^|>)(?:md5|sha1|sha256)$/.test(encoding)) return normaliseHex(value);
  return (kind.normalise ?? normaliseOpaque)(value);
}

function maskOf(kind: IdentifierKind, value: string): string {
  if (kind.mask !== undefined) return kind.mask(value);
  return kind.dataClass === 'secret' || kind.dataClass === 'session' ? maskSecret(value) : maskValue(value);
}

function addSpelling(spellings: string[], spelling: string): void {
  if (spelling !== '' && spellings.length < mostSpellings && !spellings.includes(spelling)) spellings.push(spelling);
}

function isCookie(path: string): boolean {
  return path.includes('.header.cookie.') || path.includes('.header.set-cookie.');
}

function unquoted(value: string): string {
  const bare = value.trim();
  return bare.length >= 2 && bare.startsWith('"') && bare.endsWith('"') ? bare.slice(1, -1) : bare;
}

function chain(outer: string, inner: string): string {
  if (inner === '') return outer;
  return outer === '' ? inner : `${outer}>${inner}`;
}
