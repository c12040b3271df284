import type { Column, Row } from './columns.ts';

/** What the rows of a batch hold in a field of texts or lists. */
class FieldValues {
  /** One per row that there is room for; null as long as all are zero. */
  values: unknown[] | null = null;
  readonly #room: number;
  readonly #zero: unknown;

  constructor(room: number, zero: unknown) {
    this.#room = room;
    this.#zero = zero;
  }

  set(row: number, value: unknown): void {
    this.values ??= Array<unknown>(this.#room).fill(this.#zero);
    this.values[row] = value;
  }

  first(rows: number): readonly unknown[] | null {
    return this.values === null || rows === this.#room ? this.values : this.values.slice(0, rows);
  }
}

/** And in a field of numbers: what is none becomes NaN. */
class FieldNumbers {
  values: Float64Array | null = null;
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  set(row: number, value: unknown): void {
    this.values ??= new Float64Array(this.#room);
    this.values[row] = value as number;
  }

  first(rows: number): Float64Array | null {
    return this.values?.subarray(0, rows) ?? null;
  }
}

/** Values of a field, one per row. */
export type Gathered = readonly unknown[] | Float64Array;

const zeroes = { text: '', count: 0, micros: 0, items: [] } as const;

/** Writes what one row holds into its place among the values of each field. */
type GatherRow = (row: Row, at: number, gathered: readonly (FieldValues | FieldNumbers)[]) => void;

/** The fields of rows, and the function that gathers them; one for all batches. */
export class GatherPlan {
  readonly fields: readonly Column[];
  readonly gatherRow: GatherRow;

  constructor(columns: readonly Column[]) {
    this.fields = columns.filter(({ property }) => property === null);
    this.gatherRow = rowFunction(this.fields);
  }
}

/**
 * Turns rows into columns. Of each row it takes at once what is not zero, a fourth of the fields: the row itself is not kept. Reading rows column
 * by column instead meets a cache line of its own for each value.
 */
export class Gatherer {
  rows = 0;
  readonly #plan: GatherPlan;
  readonly #gathered: readonly (FieldValues | FieldNumbers)[];

  /** @param room rows at most */
  constructor(plan: GatherPlan, room: number) {
    this.#plan = plan;
    this.#gathered = plan.fields.map(({ type }) => (typeof zeroes[type] === 'number' ? new FieldNumbers(room) : new FieldValues(room, zeroes[type])));
  }

  add(row: Row): void {
    this.#plan.gatherRow(row, this.rows++, this.#gathered);
  }

  /** The values of each field, under its name; null where all are zero. */
  columns(): ReadonlyMap<string, Gathered | null> {
    return new Map(this.#plan.fields.map(({ field }, at) => [field, this.#gathered[at]!.first(this.rows)]));
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
