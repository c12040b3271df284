/** A line that could not be used. It says where and why, never what stood there. */
export interface LocatedProblem {
  readonly file: string;
  readonly line: number;
  readonly source: string;
  readonly reason: string;
}

/** Problems that wait to be told with their place; all are counted. */
const maxLocated = 100;
/** How often a reason is told for a file; a log of the wrong kind has as many problems as lines. */
const mostTold = 20;
/** Pairs of file and reason of which that is remembered. */
const maxTold = 1000;

/** What the readers met, by source and reason, and where the first unusable lines stand. Reasons are literals: the table needs no bound. */
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

  /** Counts a line that could not be used. Its place is told, unless the same was told often of this file. */
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
