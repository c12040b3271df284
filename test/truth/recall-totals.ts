import type { FieldRecall } from './recall.ts';
import { reviewMiss } from './reviewed-misses.ts';

interface Total {
  captures: number;
  told: number;
  found: number;
  /** Values that are not identifiers, according to the list of reviewed misses. */
  none: number;
}

/** Recall summed over captures, field by field. */
export class Totals {
  /** Fields of captures whose misses have not been reviewed. */
  unreviewed = 0;
  readonly #fields = new Map<string, Total>();

  add(one: FieldRecall): void {
    const total = this.#fields.get(one.field) ?? { captures: 0, told: 0, found: 0, none: 0 };
    this.#fields.set(one.field, total);
    const state = reviewMiss(one);
    total.captures++;
    total.told += one.told;
    total.found += one.told - one.missed.length;
    if (state === 'none') total.none += one.missed.length;
    if (state === 'unreviewed') this.unreviewed++;
  }

  /**
   * Share that is found of the values that are identifiers by their field and by the catalogue; with `byField` each field counts the same,
   * however many values it has.
   */
  recall(byField = false): number {
    const some = [...this.#fields.values()].filter(({ told, none }) => told > none);
    if (byField) return sum(some, ({ told, found, none }) => found / (told - none)) / Math.max(1, some.length);
    return sum(some, ({ found }) => found) / Math.max(1, sum(some, ({ told, none }) => told - none));
  }

  table(): string {
    const all = [...this.#fields].toSorted(([a], [b]) => a.localeCompare(b));
    const totals = all.map(([, total]) => total);
    const rows = all.map(([field, { captures, told, found, none }]) => [field, ...[captures, told, found, none, told - none - found].map(String)]);
    const last = [
      'all',
      String(rows.length),
      ...[
        sum(totals, ({ told }) => told),
        sum(totals, ({ found }) => found),
        sum(totals, ({ none }) => none),
        sum(totals, ({ told, none, found }) => told - none - found),
      ].map(String),
    ];
    const cells = [['field', 'captures', 'told', 'found', 'none', 'missed'], ...rows, last];
    const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
    const lines = cells.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '));
    return [...lines, `recall ${this.recall().toFixed(4)}, each field counted the same ${this.recall(true).toFixed(4)}`].join('\n');
  }
}

function sum(some: readonly Total[], of: (one: Total) => number): number {
  return some.reduce((total, one) => total + of(one), 0);
}
