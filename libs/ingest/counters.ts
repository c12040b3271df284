/** A line that could not be used. It says where and why, never what stood there. */
export interface LocatedProblem {
  readonly file: string;
  readonly line: number;
  readonly source: string;
  readonly reason: string;
}

/** Problems that wait to be told with their place; all are counted. */
const maxLocated = 100;

/** What the readers met, by source and reason, and where the first unusable lines stand. Reasons are literals: the table needs no bound. */
export class IngestCounters {
  /** Entries read. */
  entries = 0;
  readonly #sources = new Map<string, Map<string, number>>();
  #located: LocatedProblem[] = [];

  add(source: string, reason: string, amount = 1): void {
    let reasons = this.#sources.get(source);
    if (reasons === undefined) this.#sources.set(source, (reasons = new Map()));
    reasons.set(reason, (reasons.get(reason) ?? 0) + amount);
  }

  /** Counts a line that could not be used. */
  problem(source: string, reason: string, file: string, line: number): void {
    this.add(source, reason);
    if (this.#located.length < maxLocated) this.#located.push({ file, line, source, reason });
  }

  get(source: string, reason: string): number {
    return this.#sources.get(source)?.get(reason) ?? 0;
  }

  *reasons(): Generator<{ source: string; reason: string; count: number }> {
    for (const [source, reasons] of this.#sources) for (const [reason, count] of reasons) yield { source, reason, count };
  }

  /** The located problems since the last call. */
  takeLocated(): LocatedProblem[] {
    const located = this.#located;
    this.#located = [];
    return located;
  }
}
