/** A line that could not be used: where and why, never its content. */
export interface LocatedProblem {
  readonly file: string;
  readonly line: number;
  readonly source: string;
  readonly reason: string;
}

/** At most so many problems are kept to be logged with their place; all are counted. */
const maxLocated = 100;
/** A reason is logged at most so often per file; a log of the wrong kind has as many problems as lines. */
const mostTold = 20;
/** At most so many pairs of file and reason are tracked for that. */
const maxTold = 1000;

/**
 * What the readers have counted, by source and reason, and where the first unusable lines are. Reasons are literals, so that the table
 * needs no bound.
 */
export class IngestCounters {
  /** Entries read. */
  entries = 0;
  readonly #sources = new Map<string, Map<string, number>>();
  #located: LocatedProblem[] = [];
  readonly #told = new Map<string, number>();

  add(source: string, reason: string, amount = 1): void {
    let reasons = this.#sources.get(source);
    if (reasons === undefined) this.#sources.set(source, (reasons = new Map()));
    reasons.set(reason, (reasons.get(reason) ?? 0) + amount);
  }

  /** Counts a line that could not be used. Its place is kept to be logged, unless the same reason was logged often for this file. */
  problem(source: string, reason: string, file: string, line: number): void {
    this.add(source, reason);
    const key = `${source} ${reason} ${file}`;
    const told = this.#told.get(key) ?? 0;
    if (told > mostTold || this.#located.length >= maxLocated) return;
    if (this.#told.size >= maxTold) this.#told.clear();
    this.#told.set(key, told + 1);
    this.#located.push({ file, line, source, reason: told < mostTold ? reason : `${reason}; further such lines are counted only` });
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
