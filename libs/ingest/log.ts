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

/** A log to be read, and what its reader is given. */
export interface LogSource {
  /** Name on records and in problems, without its folder. */
  name: string;
  emit: (entry: LogEntry) => void;
  counters: IngestCounters;
  /** Shared by all logs of one Zeek. */
  certificates: ZeekCertificates;
}

/** Takes a log in chunks and emits its entries. Lines that cannot be used are counted with their place, and reading continues. */
export interface LogReader {
  push(chunk: Buffer): void;
  /** The log ended. */
  finish(): void;
  /** How far the emitted entries reach. Without this method, the log can only be read from its beginning. */
  mark?(): LogMark;
}

/** A place in a log at which another reader can resume. */
export interface LogMark {
  /** How many of the pushed bytes come after it. */
  readonly unread: number;
  /** Lines, or entries, before it. */
  readonly line: number;
  /** What the log's head says about the lines after it: names of columns, no values. */
  readonly head: string;
}

/** Reads the lines of a format. Lines are never empty, and are valid only during the call. */
export interface LineFormat {
  /** Its name in counters. */
  readonly name: string;
  line(line: Buffer, number: number): void;
  /** The lines of the current head, for formats that have one. */
  head?(): string;
}

/** How many bytes of a log's beginning are needed to recognise its format (if it is that long), and how many are examined at most. */
export const leastSample = 4096;
const sampleBytes = 64 * 1024;

/**
 * The reader for a log that begins with `start`, chosen by content; null when the format is unknown. `start` is not consumed: push it; or,
 * to resume at `from`, push what follows that instead.
 * @throws {CaptureError} `unsupported_version` for a log that does not name its columns
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

/** Keys of EVE, Zeek's JSON and Cloud Logging: other JSON is not a log. */
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
