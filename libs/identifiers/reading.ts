import type { Field } from '#dissect';
import { precedence } from './catalogue.ts';
import type { RecogniserCounters } from './counters.ts';
import type { IdentifierKind } from './kind.ts';
import { normaliseOpaque } from './opaque.ts';
import type { WatchScanner } from './watch-scanner.ts';

/** Where a value stood: a {@link Field} is one. */
export type Place = Pick<Field, 'path' | 'encoding' | 'sender' | 'frame'>;

/** An identifier that can be told again without its value: it was seen in clear, or stands on a watchlist. */
export interface Known {
  kind: IdentifierKind;
  token: string;
  mask: string;
}

/** A value that is an identifier of the kind. */
export interface Found {
  readonly kind: IdentifierKind;
  readonly value: string;
  /** Percent. */
  readonly confidence: number;
}

/** An identifier of the message that is being read. */
export interface Hit extends Found {
  /** What else stood in the message for it: encoded forms and other spellings. */
  readonly written: string[];
  confidence: number;
  readonly place: Place;
  /** Told by its digest, or by a watchlist. */
  readonly known?: Known;
}

/** What was found in a field, to be found again where the field has the same value again. */
export interface Finding extends Found {
  readonly path: string;
  readonly encoding: string;
  readonly written: string;
}

/** Finds the values of watchlists; see {@link Recogniser.watch}. */
export type Watch = WatchScanner<Place>;

/** Characters of a field and bytes of a payload that are read. */
export const longestText = 64 * 1024;
/** Values of one message that are unwrapped. */
const mostDecodings = 64;
/** From this length on, one value under two keys is one identifier; shorter ones coincide. */
const distinctiveLength = 6;
/** Encoded forms and spellings of one value that are kept for redaction. */
const mostSpellings = 16;

/** What is found in one message, each value once, as the most specific kind that fits it; and the bounds that hold for a message. */
export class MessageReading {
  /** Identifiers that were over the bound. */
  dropped = 0;
  /** Whether all of the message was read and reported: none of the bounds bit. */
  isComplete = true;
  /** Takes every text and all bytes that are read; null: nothing is looked for. */
  watch: Watch | null = null;

  readonly #counters: RecogniserCounters;
  readonly #mostHits: number;
  readonly #hits = new Map<string, Hit>();
  #decodings = 0;
  #record: Finding[] | null = null;

  constructor(counters: RecogniserCounters, mostHits: number) {
    this.#counters = counters;
    this.#mostHits = mostHits;
  }

  begin(): void {
    this.dropped = 0;
    this.isComplete = true;
    this.#decodings = 0;
    if (this.#hits.size > 0) this.#hits.clear();
  }

  get size(): number {
    return this.#hits.size;
  }

  hits(): IterableIterator<Hit> {
    return this.#hits.values();
  }

  /** `written` is the encoded text that the value comes out of, if any; `told` what is known of an identifier whose value does not stand there. */
  add({ kind, value, confidence }: Found, place: Place, written = '', told?: Known): void {
    this.#record?.push({ kind, value, confidence, path: place.path, encoding: place.encoding, written });
    const folded = normaliseOpaque(value).toLowerCase();
    const identity = folded.length >= distinctiveLength ? folded : `${kind.dataClass} ${folded}`;
    const known = this.#hits.get(identity);
    if (known === undefined && this.#hits.size >= this.#mostHits) {
      this.dropped++;
      this.#counters.dropped++;
      this.isComplete = false;
      return;
    }
    const spellings = known?.written ?? [];
    this.addSpelling(spellings, written);
    if (known !== undefined) {
      if (value !== known.value) this.addSpelling(spellings, value);
      if (precedence(known.kind) <= precedence(kind) || told !== undefined) return;
      if (value !== known.value) this.addSpelling(spellings, known.value);
    }
    this.#hits.set(identity, { kind, value, written: spellings, confidence, place, ...(told && { known: told }) });
  }

  /** As {@link add}, with the confidence that the kind has in a value under a key of its own. */
  addAnnounced(kind: IdentifierKind, value: string, place: Place, written = ''): void {
    this.add({ kind, value, confidence: kind.confidence }, place, written);
  }

  /** Adds what was found in the same field before. */
  addAgain(findings: readonly Finding[], { sender, frame }: Field): void {
    for (const finding of findings) this.add(finding, { path: finding.path, encoding: finding.encoding, sender, frame }, finding.written);
  }

  /** Keeps what redaction is to look for too. Where there is no room, what is left in the message may hold the identifier. */
  addSpelling(spellings: string[], spelling: string): void {
    if (spelling === '' || spellings.includes(spelling)) return;
    if (spellings.length < mostSpellings) spellings.push(spelling);
    else {
      this.#counters.spellingsDropped++;
      this.isComplete = false;
    }
  }

  /** From here on {@link add} keeps what it is given, until {@link endRecord}. */
  beginRecord(): void {
    this.#record = [];
  }

  /** What was added since {@link beginRecord}. */
  endRecord(): readonly Finding[] {
    const record = this.#record ?? [];
    this.#record = null;
    return record;
  }

  /** One more decoding, if the message may have it. */
  mayDecode(): boolean {
    if (++this.#decodings <= mostDecodings) return true;
    this.#counters.undecoded++;
    this.isComplete = false;
    return false;
  }

  bounded(text: string): string {
    return text.length <= longestText ? text : (this.truncate(), text.slice(0, longestText));
  }

  boundedBytes(bytes: Buffer): Buffer {
    return bytes.length <= longestText ? bytes : (this.truncate(), bytes.subarray(0, longestText));
  }

  /** Only the beginning of something was read. */
  truncate(): void {
    this.#counters.truncated++;
    this.isComplete = false;
  }
}

/** Encodings from the outermost to the innermost, joined by `>`. */
export function chain(outer: string, inner: string): string {
  if (inner === '') return outer;
  return outer === '' ? inner : `${outer}>${inner}`;
}
