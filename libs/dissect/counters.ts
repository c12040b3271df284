/**
 * Counts of messages, malformed input and bounds that were reached, by protocol and reason.
 *
 * There are few such pairs (all are literals of the dissectors), so the table needs no bound. Read and clear it per batch.
 */
export class DissectCounters {
  readonly #protocols = new Map<string, Map<string, number>>();

  add(protocol: string, reason: string, amount = 1): void {
    let reasons = this.#protocols.get(protocol);
    if (reasons === undefined) this.#protocols.set(protocol, (reasons = new Map()));
    reasons.set(reason, (reasons.get(reason) ?? 0) + amount);
  }

  get(protocol: string, reason: string): number {
    return this.#protocols.get(protocol)?.get(reason) ?? 0;
  }

  *entries(): Generator<{ protocol: string; reason: string; count: number }> {
    for (const [protocol, reasons] of this.#protocols) {
      for (const [reason, count] of reasons) yield { protocol, reason, count };
    }
  }

  clear(): void {
    this.#protocols.clear();
  }
}
