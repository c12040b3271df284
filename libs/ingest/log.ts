import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { flowExportFile, isFlowExportFile } from './flow-export.ts';
import { har, isHar } from './har.ts';
import { jsonArray, jsonLines } from './json-lines.ts';
import { LineSplitter } from './lines.ts';
import { isMitmproxy, mitmproxy } from './mitmproxy.ts';
import { syslogHeaderLength } from './syslog-header.ts';
import { utf16Log, utf16Of } from './utf16.ts';
import { isVpcFlowLog, vpcFlowLog } from './vpc-flow-log.ts';
import type { ZeekCertificates } from './zeek-certificates.ts';
import { isZeekTsv, zeekTsv } from './zeek-tsv.ts';

/** A log as it is handed out. */
export interface LogSource {
  /** Name on records and in problems, without its folder. */
  name: string;
  emit: (entry: LogEntry) => void;
  counters: IngestCounters;
  /** Of all logs of one Zeek. */
  certificates: ZeekCertificates;
}

/** Takes a log in chunks and emits its entries. Lines that cannot be used are counted with their place; the rest goes on. */
export interface LogReader {
  push(chunk: Buffer): void;
  /** The log ended. */
  finish(): void;
  /** How far what was handed out reaches. Without it, the log can be read from its beginning only. */
  mark?(): LogMark;
}

/** A place in a log from which another reader may go on. */
export interface LogMark {
  /** Bytes pushed that lie behind it. */
  readonly unread: number;
  /** Lines, or entries, before it. */
  readonly line: number;
  /** What the log's head says of the lines behind it: names of columns, no values. */
  readonly head: string;
}

/** What reads the lines of a format. Lines are never empty, and valid during the call only. */
export interface LineFormat {
  /** As it stands in counters. */
  readonly name: string;
  line(line: Buffer, number: number): void;
  /** The lines of the head that is in force, for formats that have one. */
  head?(): string;
}

/** Bytes of a log's beginning that tell its format where it is that long, and those that are looked at. */
export const leastSample = 4096;
const sampleBytes = 64 * 1024;

/**
 * The reader for a log that begins with `start`, by content; null when it is none that is known here.
 * `start` is not consumed: push it; or, to go on behind `from`, push what stands there instead.
 *
 * @throws {CaptureError} `unsupported_version` for a log that does not tell what its columns are
 */
export function openLog(start: Buffer, source: LogSource, from?: Omit<LogMark, 'unread'>): LogReader | null {
  if (isFlowExportFile(start)) return flowExportFile(source);
  const encoding = utf16Of(start);
  if (encoding !== null) return utf16Log(start, encoding, from === undefined, (text) => openLog(text, source, from));
  const sample = start.toString('latin1', 0, sampleBytes).replace(/^\u00EF\u00BB\u00BF/, '').trimStart();
  if (isZeekTsv(sample)) return lineReader(zeekTsv(source), source, from);
  if (isVpcFlowLog(sample)) return lineReader(vpcFlowLog(source), source, from);
  if (isHar(sample)) return har(source);
  if (isMitmproxy(sample)) return mitmproxy(source, from);
  if (!hasLogKeys.test(sample)) return null;
  if (sample.startsWith('[')) return jsonArray(source);
  if (sample.startsWith('{') || syslogHeaderLength(start) > 0) return lineReader(jsonLines(source), source, from);
  return null;
}

/** Keys of EVE, Zeek's JSON and Cloud Logging: other JSON is no log. */
const hasLogKeys = /"(?:event_type|_path|id[._]orig_h|jsonPayload)"\s*:|^\{"ts":/;

function lineReader(format: LineFormat, { name, counters }: LogSource, from?: Omit<LogMark, 'unread'>): LogReader {
  for (const line of from?.head.split('\n') ?? []) if (line !== '') format.line(Buffer.from(line, 'latin1'), 0);
  const lines = new LineSplitter(
    (line, number) => format.line(line, number),
    (number) => counters.problem(format.name, 'line too long', name, number),
    from?.line,
  );
  return {
    push: (chunk) => lines.push(chunk),
    finish: () => lines.finish(),
    mark: () => ({ unread: lines.restBytes, line: lines.lines, head: format.head?.() ?? '' }),
  };
}
