import type { Column, Row } from './columns.ts';

/** A column keeps its capacity up to so many rows; few batches have more. */
const keptRows = 8192;

/** The values of a field of texts or lists in a batch. */
class FieldValues {
  /** One value per row up to the last that is not zero; what follows is zero. */
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

  /** The values of the first `rows` rows; null when all are zero. */
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

/** The values of a field of numbers in a batch. A value that is not a number becomes NaN. */
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

/** Writes one row's value of each field to its position among that field's values. */
type GatherRow = (row: Row, at: number, gathered: readonly (FieldValues | FieldNumbers)[]) => void;

/**
 * Turns rows into columns. From each row it takes everything that is not zero, a quarter of the fields, and does not keep the row. Reading
 * rows column by column instead would touch another cache line for each value. Columns keep their capacity from one batch to the next.
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

  /** The values of each field, by its name; null where all are zero. Valid until the next row is added. */
  columns(): ReadonlyMap<string, Gathered | null> {
    return new Map(this.#fields.map(({ field }, at) => [field, this.#gathered[at]!.first(this.rows)]));
  }

  /** Removes all rows. */
  clear(): void {
    this.rows = 0;
    for (const values of this.#gathered) values.clear();
  }
}

/**
 * Generates a function whose body names the fields literally. With the name in a variable all of them would share one access site, which V8 then
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
