import type { IngestCounters } from './counters.ts';

/** At most so many streams are followed; the one silent for longest makes room. */
const maxStreams = 10_000;
/** A larger gap means a restarted exporter, not a loss. */
const mostMissing = 1_000_000;

/** Counts what was lost between exporter and probe, by the sequence numbers of each stream. */
export class SequenceCheck {
  readonly #source: string;
  readonly #counters: IngestCounters;
  readonly #streams = new Map<string, { sequence: number; expected: number }>();

  constructor(source: string, counters: IngestCounters) {
    this.#source = source;
    this.#counters = counters;
  }

  /** Checks a datagram's `sequence`, which advances the stream by `advance` (NaN: not known). */
  check(stream: string, sequence: number, advance: number): void {
    const known = this.#streams.get(stream);
    // Some exporters (softflowd) number a datagram by its end, not by its beginning.
    if (known !== undefined && ((sequence - known.sequence) >>> 0) !== advance) {
      const missing = (sequence - known.expected) >>> 0;
      if (missing > 0 && missing < mostMissing) this.#counters.add(this.#source, 'missing by sequence number', missing);
      else if (missing > 0) this.#counters.add(this.#source, 'late, or the exporter restarted');
    }
    this.#streams.delete(stream);
    if (Number.isNaN(advance)) return;
    this.#streams.set(stream, { sequence, expected: (sequence + advance) >>> 0 });
    if (this.#streams.size <= maxStreams) return;
    this.#streams.delete(this.#streams.keys().next().value!);
    this.#counters.add(this.#source, 'streams whose sequence is followed no more');
  }
}
