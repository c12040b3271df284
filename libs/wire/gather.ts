import type { Column, Row } from './columns.ts';

/** Rows for which a column keeps its room; few batches have more. */
const keptRows = 8192;

/** What the rows of a batch hold in a field of texts or lists. */
class FieldValues {
  /** One per row, as far as there are some other than zero, and zeroes behind them. */
  readonly #values: unknown[] = [];
  #isZero = true;
  readonly #zero: unknown;

  constructor(zero: unknown) {
    this.#zero = zero;
  }

  set(row: number, value: unknown): void {
    this.#isZero = false;
    this.#fillTo(row);
    if (row < this.#values.length) this.#values[row] = value;
    else this.#values.push(value);
  }

  /** Of the first `rows`; null when all are zero. */
  first(rows: number): readonly unknown[] | null {
    if (this.#isZero) return null;
    this.#fillTo(rows);
    return this.#values.length === rows ? this.#values : this.#values.slice(0, rows);
  }

  clear(): void {
    if (this.#values.length > keptRows) this.#values.length = 0;
    else if (!this.#isZero) this.#values.fill(this.#zero);
    this.#isZero = true;
  }

  #fillTo(row: number): void {
    while (this.#values.length < row) this.#values.push(this.#zero);
  }
}

/** And in a field of numbers: what is none becomes NaN. */
class FieldNumbers {
  #values: Float64Array = noNumbers;
  #isZero = true;

  set(row: number, value: unknown): void {
    this.#isZero = false;
    if (row >= this.#values.length) this.#growTo(row + 1);
    this.#values[row] = value as number;
  }

  first(rows: number): Float64Array | null {
    if (this.#isZero) return null;
    if (rows > this.#values.length) this.#growTo(rows);
    return this.#values.subarray(0, rows);
  }

  clear(): void {
    if (this.#values.length > keptRows) this.#values = noNumbers;
    else if (!this.#isZero) this.#values.fill(0);
    this.#isZero = true;
  }

  #growTo(rows: number): void {
    const grown = new Float64Array(Math.max(rows, 2 * this.#values.length, 64));
    grown.set(this.#values);
    this.#values = grown;
  }
}

const noNumbers = new Float64Array(0);

/** Values of a field, one per row. */
export type Gathered = readonly unknown[] | Float64Array;

const zeroes = { text: '', count: 0, micros: 0, items: [] } as const;

/** Writes what one row holds into its place among the values of each field. */
type GatherRow = (row: Row, at: number, gathered: readonly (FieldValues | FieldNumbers)[]) => void;

/**
 * Turns rows into columns. Of each row it takes at once what is not zero, a fourth of the fields: the row itself is not kept. Reading rows column
 * by column instead meets a cache line of its own for each value. Columns keep their room from one batch to the next.
 */
export class Gatherer {
  rows = 0;
  readonly #fields: readonly Column[];
  readonly #gatherRow: GatherRow;
  readonly #gathered: readonly (FieldValues | FieldNumbers)[];

  constructor(columns: readonly Column[]) {
    this.#fields = columns.filter(({ property }) => property === null);
    this.#gatherRow = rowFunction(this.#fields);
    this.#gathered = this.#fields.map(({ type }) => (typeof zeroes[type] === 'number' ? new FieldNumbers() : new FieldValues(zeroes[type])));
  }

  add(row: Row): void {
    this.#gatherRow(row, this.rows++, this.#gathered);
  }

  /** The values of each field, under its name; null where all are zero. They hold until the next row is added. */
  columns(): ReadonlyMap<string, Gathered | null> {
    return new Map(this.#fields.map(({ field }, at) => [field, this.#gathered[at]!.first(this.rows)]));
  }

  /** Forgets all rows. */
  clear(): void {
    this.rows = 0;
    for (const values of this.#gathered) values.clear();
  }
}

/**
 * A function whose body names the fields literally. With the name in a variable all of them would share one access site, which V8 then
 * treats as megamorphic: measured at seven times the time per field.
 */
function rowFunction(fields: readonly Column[]): GatherRow {
  const statements = fields.map(({ field, type }, number) => {
    const isSet = type === 'items' ? 'value.length !== 0' : `value !== ${JSON.stringify(zeroes[type])}`;
    return `value = row[${JSON.stringify(field)}]; if (${isSet}) gathered[${number}].set(at, value);`;
  });
  // oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
  return new Function('row', 'at', 'gathered', `let value;\n${statements.join('\n')}`) as GatherRow;
}
