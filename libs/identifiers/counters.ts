/** Counts of the recogniser, for the probe to flush into its metrics batch by batch. */
export class RecogniserCounters {
  /** Identifiers reported, by kind. */
  readonly recognised = new Map<string, number>();
  /** Identifiers recognised but not reported, because the message had reached its bound. */
  dropped = 0;
  /** Texts and payloads of which only the beginning was read. */
  truncated = 0;
  /** Encoded values not decoded, because the message had reached its bound of decodings. */
  undecoded = 0;
  /** Spellings of an identifier that redaction does not search for, because it had too many in one message. */
  spellingsDropped = 0;
  /** Parts of messages not compared with the watchlists, because a message had too many. */
  unwatched = 0;

  count(kind: string, amount = 1): void {
    this.recognised.set(kind, (this.recognised.get(kind) ?? 0) + amount);
  }
}
