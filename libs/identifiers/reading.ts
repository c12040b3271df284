import type { Field } from '#dissect';
import { precedence } from './catalogue.ts';
import type { RecogniserCounters } from './counters.ts';
import type { IdentifierKind } from './kind.ts';
import { normaliseOpaque } from './opaque.ts';
import type { WatchScanner } from './watch-scanner.ts';

/** Where a value was found; a {@link Field} is also a place. */
export type Place = Pick<Field, 'path' | 'encoding' | 'sender' | 'frame'>;

/** An identifier that can be reported without its value: it was seen in clear, or is on a watchlist. */
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

/** An identifier of the current message. */
export interface Hit extends Found {
  /** Its other forms in the message: encoded forms and other spellings. */
  readonly written: string[];
  confidence: number;
  readonly place: Place;
  /** Set if it was recognised by its digest, or by a watchlist. */
  readonly known?: Known;
}

/** A finding in a field, kept so that it can be reported again if the field has the same value again. */
export interface Finding extends Found {
  readonly path: string;
  readonly encoding: string;
  readonly written: string;
}

/** Finds the values of watchlists; see {@link Recogniser.watch}. */
export type Watch = WatchScanner<Place>;

/** Bound on the characters of a field and the bytes of a payload that are read. */
export const longestText = 64 * 1024;
/** Bound on the values of one message that are decoded. */
const mostDecodings = 64;
/** From this length on, the same value under two keys is one identifier; shorter ones may coincide. */
const distinctiveLength = 6;
/** Bound on the encoded forms and spellings of one value that are kept for redaction. */
const mostSpellings = 16;

/** The findings in one message, each value once, as the most specific kind that fits it; and the bounds that apply to a message. */
export class MessageReading {
  /** Identifiers beyond the bound. */
  dropped = 0;
  /** Whether the message was read and reported completely, without hitting any bound. */
  isComplete = true;
  /** Receives every text and all bytes that are read; null: no watchlist. */
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

  /**
   * `written` is the encoded text from which the value was decoded, if any; `told` is the identity of a value that is itself not in the message.
   */
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

  /** Like {@link add}, with the kind's confidence in a value under an announcing key. */
  addAnnounced(kind: IdentifierKind, value: string, place: Place, written = ''): void {
    this.add({ kind, value, confidence: kind.confidence }, place, written);
  }

  /** Adds the findings of an earlier reading of the same field. */
  addAgain(findings: readonly Finding[], { sender, frame }: Field): void {
    for (const finding of findings) this.add(finding, { path: finding.path, encoding: finding.encoding, sender, frame }, finding.written);
  }

  /** Keeps a spelling for redaction. If there is no room, the redacted message may still contain the identifier. */
  addSpelling(spellings: string[], spelling: string): void {
    if (spelling === '' || spellings.includes(spelling)) return;
    if (spellings.length < mostSpellings) spellings.push(spelling);
    else {
      this.#counters.spellingsDropped++;
      this.isComplete = false;
    }
  }

  /** Records all that is passed to {@link add} from here on, until {@link endRecord}. */
  beginRecord(): void {
    this.#record = [];
  }

  /** The findings added since {@link beginRecord}. */
  endRecord(): readonly Finding[] {
    const record = this.#record ?? [];
    this.#record = null;
    return record;
  }

  /** Counts one more decoding, and returns whether the bound for the message permits it. */
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

  /** Notes that only the beginning of something was read. */
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
