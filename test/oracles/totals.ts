import type { Disagreement } from './case.ts';
import { review } from './reviewed.ts';

interface Total {
  captures: number;
  theirs: number;
  missing: number;
  extra: number;
  unreviewed: number;
}

/** Agreement summed over captures. */
export class Totals {
  unreviewed = 0;
  readonly #rows = new Map<string, Total>();

  add(one: Disagreement): void {
    const key = `${one.oracle} ${one.topic}`;
    const total = this.#rows.get(key) ?? { captures: 0, theirs: 0, missing: 0, extra: 0, unreviewed: 0 };
    this.#rows.set(key, total);
    total.captures++;
    total.theirs += one.theirs;
    total.missing += one.missing.length;
    total.extra += one.extra.length;
    if (review(one) !== 'unreviewed') return;
    total.unreviewed++;
    this.unreviewed++;
  }

  /** Share of the oracle's values that we have, in percent. */
  agreement(oracle: string, topic: string): number {
    const { theirs, missing } = this.#rows.get(`${oracle} ${topic}`) ?? { theirs: 0, missing: 0 };
    return theirs === 0 ? 100 : (100 * (theirs - missing)) / theirs;
  }

  table(): string {
    const cells = [['oracle', 'topic', 'captures', 'theirs', 'agreed', 'missing', 'extra', 'agreement', 'unreviewed']];
    for (const [key, { captures, theirs, missing, extra, unreviewed }] of this.#rows) {
      const [oracle, topic] = key.split(' ') as [string, string];
      cells.push([
        oracle,
        topic,
        ...[captures, theirs, theirs - missing, missing, extra].map(String),
        `${this.agreement(oracle, topic).toFixed(2)} %`,
        String(unreviewed),
      ]);
    }
    const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
    return cells
      .map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '))
      .join('\n');
  }
}
