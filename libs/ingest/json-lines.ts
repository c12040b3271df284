import { gcpFlowLog } from './gcp-flow-log.ts';
import { jsonElements } from './json-elements.ts';
import type { LineFormat, LogReader, LogSource } from './log.ts';
import { parseRow, type Row } from './row.ts';
import { suricata } from './suricata.ts';
import { syslogHeaderLength } from './syslog-header.ts';
import { zeekJson } from './zeek-json.ts';

/** Reads one kind of row. */
export interface RowFormat {
  readonly name: string;
  /** Whether a row is of this format. */
  claims(row: Row): boolean;
  /** `written` is the row as it was in the file. */
  row(row: Row, written: Buffer, number: number): void;
}

const name = 'json';

const openBrace = 0x7b;

/**
 * A log of one JSON object per line, with or without a syslog header. The format is determined for each line, since log shippers mix logs,
 * and a syslog also has lines of other programs.
 */
export function jsonLines(source: LogSource): LineFormat {
  const read = rowReader(source);
  return {
    name,
    line(line, number) {
      const header = line[0] === openBrace ? 0 : syslogHeaderLength(line);
      const written = line.subarray(header);
      if (header > 0 && written[0] !== openBrace) {
        source.counters.add('syslog', 'lines that hold no JSON');
        return;
      }
      const row = parseRow(written);
      if (row === undefined) source.counters.problem(name, 'not a JSON object', source.name, number);
      else read(row, written, number);
    },
  };
}

/** The same rows as elements of one array, as cloud consoles export them; an element counts as a line. */
export function jsonArray(source: LogSource): LogReader {
  const read = rowReader(source);
  return jsonElements(name, [], source, (written, number) => {
    const row = parseRow(written);
    if (row === undefined) source.counters.problem(name, 'not a JSON object', source.name, number);
    else read(row, Buffer.from(JSON.stringify(row)), number);
  });
}

function rowReader(source: LogSource): RowFormat['row'] {
  const formats: RowFormat[] = [suricata(source), zeekJson(source), gcpFlowLog(source)];
  return (row, written, number) => {
    const format = formats.find((candidate) => candidate.claims(row));
    if (format === undefined) source.counters.problem(name, 'no known log', source.name, number);
    else format.row(row, written, number);
  };
}
