import type { Column, Row } from './columns.ts';

/** The values of a field, one per row; undefined: the zero value in all rows. */
export type FieldColumn = readonly unknown[] | undefined;

/** Turns columns into rows: `values` holds each field's values under its number. The counterpart of `Gatherer`. */
export interface Assembly {
  readonly numbers: ReadonlyMap<string, number>;
  readonly assemble: (count: number, values: readonly FieldColumn[]) => Row[];
}

/**
 * Fills row by row, so that each row is in the CPU cache while it is filled, with statements that name the fields literally: see
 * `rowFunction` in gather.ts. `createRow` makes an empty row.
 */
export function assemblyOf(columns: Iterable<Column>, createRow: () => Row): Assembly {
  const fields = [...new Set([...columns].map(({ field }) => field))];
  const statements = fields.map((field, n) => `if (v${n} !== undefined) row[${JSON.stringify(field)}] = v${n}[i];`);
  const body = `
    const [${fields.map((_, n) => `v${n}`).join(', ')}] = values;
    const rows = [];
    for (let i = 0; i < count; i++) {
      const row = createRow();
      ${statements.join('\n')}
      rows.push(row);
    }
    return rows;`;
  // oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
  const assemble = new Function('createRow', 'count', 'values', body) as (create: () => Row, count: number, values: readonly FieldColumn[]) => Row[];
  return { numbers: new Map(fields.map((field, n) => [field, n])), assemble: (count, values) => assemble(createRow, count, values) };
}
