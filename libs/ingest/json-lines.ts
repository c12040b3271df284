import type { LineFormat, LogSource } from './log.ts';
import { parseRow, type Row } from './row.ts';
import { suricata } from './suricata.ts';
import { zeekJson } from './zeek-json.ts';

/** Reads one kind of row. */
export interface RowFormat {
  readonly name: string;
  /** Is a row of this format? */
  claims(row: Row): boolean;
  row(row: Row, line: Buffer, number: number): void;
}

/** A log of one JSON object per line. Each line says of which format it is, so that logs may be mixed, as shippers do. */
export function jsonLines(source: LogSource): LineFormat {
  const formats: RowFormat[] = [suricata(source), zeekJson(source)];
  const name = 'json';
  return {
    name,
    line(line, number) {
      const row = parseRow(line);
      if (row === undefined) {
        source.counters.problem(name, 'not a JSON object', source.name, number);
        return;
      }
      const format = formats.find((candidate) => candidate.claims(row));
      if (format === undefined) source.counters.problem(name, 'no known log', source.name, number);
      else format.row(row, line, number);
    },
  };
}
