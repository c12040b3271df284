import type { Message } from '#dissect';
import type { RecogniserCounters } from './counters.ts';
import { Digests } from './digests.ts';
import { FieldReader } from './field-reader.ts';
import { PayloadReader } from './payload-reader.ts';
import { PayloadScanner } from './payload-scan.ts';
import { chain, MessageReading, type Known, type Watch } from './reading.ts';
import { Reporter, type Recognised } from './report.ts';
import { catalogueScanners } from './scanners.ts';
import type { Tokeniser } from './token.ts';
import { ValueReader } from './value-reader.ts';

export interface RecogniserOptions {
  readonly tokeniser: Tokeniser;
  /** Bound on the identifiers reported per message; further ones are counted as dropped. */
  readonly maxPerMessage: number;
}

const nothing: readonly Recognised[] = [];

/** Number of identifiers whose digests are remembered. */
const mostDigested = 1024;
/** A value on a company's list is an identifier, whatever its context. */
const watchedConfidence = 90;

/** Finds the identifiers of the catalogue in messages. One per stream of messages, since it keeps buffers and recurring values between calls. */
export class Recogniser {
  readonly #counters: RecogniserCounters;
  readonly #reading: MessageReading;
  readonly #fields: FieldReader;
  readonly #payload: PayloadReader;
  readonly #reporter: Reporter;

  constructor({ tokeniser, maxPerMessage }: RecogniserOptions, counters: RecogniserCounters) {
    this.#counters = counters;
    this.#reading = new MessageReading(counters, maxPerMessage);
    const scanners = catalogueScanners();
    const { keyNames, text } = scanners;
    const digests = new Digests<Known>(mostDigested);
    const values = new ValueReader(keyNames, text, this.#reading);
    this.#fields = new FieldReader(scanners, values, digests, this.#reading);
    this.#payload = new PayloadReader(text, new PayloadScanner(keyNames, text), values, this.#reading);
    this.#reporter = new Reporter(tokeniser, counters, digests);
  }

  /** Identifiers of the last message beyond the bound. */
  get dropped(): number {
    return this.#reading.dropped;
  }

  /** Whether the last message was read and reported completely, without hitting any bound. */
  get readInFull(): boolean {
    return this.#reading.isComplete;
  }

  /** Searches for the values of these lists from the next message on; null: none. */
  watch(watch: Watch | null): void {
    this.#reading.watch = watch;
  }

  /** The identifiers of a message in order of occurrence, each value once, as the most specific kind that fits it. */
  recognise(message: Message): readonly Recognised[] {
    const reading = this.#reading;
    reading.begin();
    this.#fields.read(message);
    if (message.payload !== null && message.payload.length > 0) this.#payload.read(message, message.payload);
    if (reading.watch !== null) this.#watched(reading.watch);
    return reading.size === 0 ? nothing : this.#reporter.report(message, reading);
  }

  /**
   * Values of watchlists in the texts and bytes of the message. One that is also recognised as another kind is reported as that kind, with the list's
   * name.
   */
  #watched(watch: Watch): void {
    for (const { entry, encoding, value, place, offset } of watch.take()) {
      const path = place.encoding === '' && place.path.endsWith('.payload@0') ? `${place.path.slice(0, -1)}${offset}` : place.path;
      const inner = { ...place, path, encoding: chain(place.encoding, encoding) };
      this.#reading.add({ kind: entry.kind, value, confidence: watchedConfidence }, inner, '', entry);
    }
    this.#counters.unwatched += watch.skipped;
    watch.skipped = 0;
  }
}
