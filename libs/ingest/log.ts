import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { flowExportFile, isFlowExportFile } from './flow-export.ts';
import { har, isHar } from './har.ts';
import { jsonArray, jsonLines } from './json-lines.ts';
import { LineSplitter } from './lines.ts';
import { isVpcFlowLog, vpcFlowLog } from './vpc-flow-log.ts';
import { isZeekTsv, zeekTsv } from './zeek-tsv.ts';

/** A log as it is handed out. */
export interface LogSource {
  /** Name on records and in problems, without its folder. */
  name: string;
  emit: (entry: LogEntry) => void;
  counters: IngestCounters;
}

/** Takes a log in chunks and emits its entries. Lines that cannot be used are counted with their place; the rest goes on. */
export interface LogReader {
  push(chunk: Buffer): void;
  /** The log ended. */
  finish(): void;
}

/** What reads the lines of a format. Lines are never empty, and valid during the call only. */
export interface LineFormat {
  /** As it stands in counters. */
  readonly name: string;
  line(line: Buffer, number: number): void;
}

/** Bytes of a log's beginning that tell its format where it is that long, and those that are looked at. */
export const leastSample = 4096;
const sampleBytes = 64 * 1024;

/**
 * The reader for a log that begins with `start`, by content; null when it is none that is known here.
 * `start` is not consumed: push it.
 */
export function openLog(start: Buffer, source: LogSource): LogReader | null {
  if (isFlowExportFile(start)) return flowExportFile(source);
  const sample = start.toString('latin1', 0, sampleBytes).replace(/^\u00EF\u00BB\u00BF/, '').trimStart();
  if (isZeekTsv(sample)) return lineReader(zeekTsv(source), source);
  if (isVpcFlowLog(sample)) return lineReader(vpcFlowLog(source), source);
  if (isHar(sample)) return har(source);
  if (!hasLogKeys.test(sample)) return null;
  if (sample.startsWith('[')) return jsonArray(source);
  if (sample.startsWith('{')) return lineReader(jsonLines(source), source);
  return null;
}

/** Keys of EVE, Zeek's JSON and Cloud Logging: other JSON is no log. */
const hasLogKeys = /"(?:event_type|_path|id[._]orig_h|jsonPayload)"\s*:|^\{"ts":/;

function lineReader(format: LineFormat, { name, counters }: LogSource): LogReader {
  return new LineSplitter((line, number) => format.line(line, number), (number) => counters.problem(format.name, 'line too long', name, number));
}
