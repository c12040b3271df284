import { parseTime } from './time.ts';

/** One entry of a log by its column names; values of any kind. */
export type Row = Readonly<Record<string, unknown>>;

/** Text of a column; a number in decimal; '' when it is absent, or a list or an object. */
export function text(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}

/** Elements of a list column; a lone value is a list of one. */
export function texts(row: Row | undefined, column: string): string[] {
  const value = row?.[column];
  if (!Array.isArray(value)) {
    const one = text(row, column);
    return one === '' ? [] : [one];
  }
  return value.filter((one) => typeof one === 'string' || typeof one === 'number').map(String);
}

/** A count; 0 when it is absent or invalid. */
export function count(row: Row | undefined, column: string): number {
  const value = Number(row?.[column] ?? 0);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** Time in µs; NaN when it is absent or invalid. */
export function time(row: Row | undefined, column: string): number {
  return parseTime(row?.[column]);
}

/** A nested object; undefined when the column is not one. */
export function object(row: Row | undefined, column: string): Row | undefined {
  return asRow(row?.[column]);
}

/** Nested objects of a list. */
export function objects(row: Row | undefined, column: string): Row[] {
  const value = row?.[column];
  return Array.isArray(value) ? value.map(asRow).filter((one) => one !== undefined) : [];
}

export function asRow(value: unknown): Row | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Row : undefined;
}

/** Parses a line that holds one JSON object; undefined when it holds something else. */
export function parseRow(line: Buffer): Row | undefined {
  try {
    return asRow(JSON.parse(line.toString()));
  } catch {
    return undefined;
  }
}
