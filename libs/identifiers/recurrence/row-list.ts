import { none, type ValueTable } from './value-table.ts';

/** Rows of a table in the order in which they were appended; a row is in one list at a time. */
export class RowList {
  first = none;
  last = none;
  size = 0;
  readonly #table: ValueTable;

  constructor(table: ValueTable) {
    this.#table = table;
  }

  append(row: number): void {
    const { next, previous } = this.#table;
    next[row] = none;
    previous[row] = this.last;
    if (this.last === none) this.first = row;
    else next[this.last] = row;
    this.last = row;
    this.size++;
  }

  remove(row: number): void {
    const { next, previous } = this.#table;
    const [before, after] = [previous[row]!, next[row]!];
    if (before === none) this.first = after;
    else next[before] = after;
    if (after === none) this.last = before;
    else previous[after] = before;
    this.size--;
  }

  /** Removes all of them from the list and from the table. */
  clear(): void {
    for (let row = this.first; row !== none;) {
      const next = this.#table.next[row]!;
      this.#table.remove(row);
      row = next;
    }
    this.first = this.last = none;
    this.size = 0;
  }
}
