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
  /** Identifiers reported of one message; more are counted as dropped. */
  readonly maxPerMessage: number;
}

const nothing: readonly Recognised[] = [];

/** Identifiers whose digests are remembered. */
const mostDigested = 1024;
/** A value that a company listed is one, whatever stands around it. */
const watchedConfidence = 90;

/** Finds the identifiers of the catalogue in messages. One per stream of messages: it keeps buffers, and what recurs, between calls. */
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

  /** Identifiers of the last message that were over the bound. */
  get dropped(): number {
    return this.#reading.dropped;
  }

  /** Whether all of the last message was read and reported: none of the bounds bit. */
  get readInFull(): boolean {
    return this.#reading.isComplete;
  }

  /** From the next message on the values of these lists are looked for; null: of none. */
  watch(watch: Watch | null): void {
    this.#reading.watch = watch;
  }

  /** The identifiers of a message, each value once, as the most specific kind that fits it, in the order in which they stand. */
  recognise(message: Message): readonly Recognised[] {
    const reading = this.#reading;
    reading.begin();
    this.#fields.read(message);
    if (message.payload !== null && message.payload.length > 0) this.#payload.read(message, message.payload);
    if (reading.watch !== null) this.#watched(reading.watch);
    return reading.size === 0 ? nothing : this.#reporter.report(message, reading);
  }

  /** Values of watchlists among the texts and bytes of the message. What is recognised too is told as that, with the list's name. */
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
