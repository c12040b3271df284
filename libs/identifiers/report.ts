import type { Message } from '#dissect';
import type { Observable } from '#flow';
import type { RecogniserCounters } from './counters.ts';
import type { Digests } from './digests.ts';
import { keptText } from './kept-text.ts';
import { maskOf } from './mask.ts';
import { normaliseHex, normaliseOpaque } from './opaque.ts';
import { publicPath } from './place.ts';
import type { Hit, Known, MessageReading, Place } from './reading.ts';
import type { Sought } from './redact.ts';
import type { Tokeniser } from './token.ts';

/** An identifier with its raw value, which never leaves the process. It serves redaction, for the lifetime of its flow, and `--reveal` only. */
export interface Recognised {
  observable: Observable;
  value: string;
  /** Its other forms in the message: encodings from which it was decoded, such as base64, and other spellings. */
  written: string[];
  /** The spellings that redaction searches for. */
  sought?: readonly Sought[];
}

/** Shorter values are not hashed: whoever has the digest can try them all. */
const leastDigested = 5;

/** Creates observables from the findings, with token, mask and the name of the watchlist. */
export class Reporter {
  readonly #tokeniser: Tokeniser;
  readonly #counters: RecogniserCounters;
  readonly #digests: Digests<Known>;

  constructor(tokeniser: Tokeniser, counters: RecogniserCounters, digests: Digests<Known>) {
    this.#tokeniser = tokeniser;
    this.#counters = counters;
    this.#digests = digests;
  }

  report({ protocol }: Message, reading: MessageReading): Recognised[] {
    const recognised: Recognised[] = [];
    const isUnclear = protocol === 'http' && !tellsWho(reading);
    for (const hit of reading.hits()) {
      if (isUnclear && hit.kind.alone !== undefined) hit.confidence = Math.min(hit.confidence, hit.kind.alone);
      const token = hit.known?.token ?? this.#tokeniser.token(normalised(hit));
      const same = recognised.find(({ observable }) => observable.token === token && observable.kind === hit.kind.name);
      if (same === undefined) {
        this.#counters.count(hit.kind.name);
        const written: string[] = [];
        for (const spelling of hit.written) if (spelling !== hit.value) written.push(keptText(spelling));
        for (const part of hit.kind.parts?.(hit.value) ?? []) if (part !== '') written.push(keptText(part));
        recognised.push({ observable: observableOf(hit, token, reading.watch?.listOf(token) ?? ''), value: keptText(hit.value), written });
        if (hit.known === undefined) this.#rememberDigests(hit, token);
      } else {
        for (const spelling of [hit.value, ...hit.written]) reading.addSpelling(same.written, keptText(spelling));
      }
    }
    return recognised;
  }

  /** Allows the identifier to be recognised where only its digest is sent. Sessions and secrets are not hashed. */
  #rememberDigests({ kind, value, place }: Hit, token: string): void {
    if (this.#digests.has(token)) return;
    if (value.length < leastDigested || kind.dataClass === 'secret' || kind.dataClass === 'session' || isDigest(place)) return;
    const plain = (kind.normalise ?? normaliseOpaque)(value);
    this.#digests.add(token, [plain, value, value.toLowerCase(), value.toUpperCase()], { kind, token, mask: maskOf(kind, value) });
  }
}

function tellsWho(reading: MessageReading): boolean {
  for (const { kind } of reading.hits()) if (kind.dataClass === 'account' || kind.dataClass === 'direct') return true;
  return false;
}

function observableOf({ kind, value, confidence, place, known }: Hit, token: string, watchlist: string): Observable {
  const { path, encoding, sender, frame } = place;
  return {
    kind: kind.name,
    path: publicPath(path),
    encoding,
    visibility: 'cleartext',
    confidence,
    mask: known?.mask ?? maskOf(kind, value),
    token,
    sender,
    frame,
    watchlist,
  };
}

/** The spelling from which the token is derived; a digest keeps all its digits. */
function normalised({ kind, value, place }: Hit): string {
  return isDigest(place) ? normaliseHex(value) : (kind.normalise ?? normaliseOpaque)(value);
}

function isDigest({ encoding }: Place): boolean {
  return encoding !== '' && /(?:^|>)(?:md5|sha1|sha256)$/.test(encoding);
}
