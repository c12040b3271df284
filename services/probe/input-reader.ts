import { CaptureReader, PacketView, type CaptureError } from '#capture';
import { firstLineEnd, IngestCounters, openLog, type LogMark, type LogReader } from '#ingest';
import type { CaptureInput } from './captures.ts';
import type { ProbePipeline } from './pipeline.ts';
import type { ProbeWorkers } from './workers.ts';

/** Reads an input in chunks and turns it into records of the pipeline. */
export interface InputReader {
  /** The chunk may be overwritten after this returns. */
  push(chunk: Buffer): void | Promise<void>;
  finish(): void | Promise<void>;
  /** Packets of a capture or entries of a log so far. */
  readonly read: number;
  /** Packets of a capture; 0 for a log. */
  readonly packets: number;
  /** Where and why a capture could not be read further. */
  readonly problem: CaptureError | null;
  /** Whether the input is one document that cannot be resumed: if it grows, all of it is read again. */
  readonly isDocument: boolean;
  /** How far the entries reach that were handled. Without it, a restart can only read from the beginning. */
  mark?(): LogMark;
}

/** The part of a mark that is saved. */
export type ResumePoint = Omit<LogMark, 'unread'>;

/** The name of an input on records, and the time of packets that have none. */
export type NamedInput = Pick<CaptureInput, 'name' | 'writtenMicros'>;

/** The reader for an input that begins with `start`, chosen by content, since extensions lie. `start` is not consumed: push it. */
export function readerOf(start: Buffer, input: NamedInput, pipeline: ProbePipeline, workers?: ProbeWorkers): InputReader {
  return logReader(start, input.name, pipeline) ?? workers?.reader(input, pipeline) ?? captureReader(pipeline, input.writtenMicros);
}

/** The reader that resumes a log after `from`; `start` is its beginning. Null for inputs that cannot be resumed. */
export function resumedReaderOf(start: Buffer, name: string, pipeline: ProbePipeline, from: ResumePoint): InputReader | null {
  const reader = logReader(start, name, pipeline, from);
  return reader?.mark === undefined ? null : reader;
}

/** A log that is resumed at a position. */
export interface ResumedLog {
  /** Its beginning, and its name on records. */
  readonly start: Buffer;
  readonly name: string;
  /** The bytes just before the position, possibly from the middle of a line on. */
  readonly before: Buffer;
  /** See {@link LogMark.head}. */
  readonly head: string;
}

/**
 * Reads what precedes the position where reading continues, so that flows whose lines follow are known: the names of their peers, and the
 * values to redact them with. Its records were already reported: take and drop them. Unreadable lines are not counted again.
 */
export function warmUp({ start, name, before, head }: ResumedLog, { entries }: ProbePipeline): void {
  const reader = openLog(
    start,
    { name, counters: new IngestCounters(), certificates: entries.certificates, emit: (entry) => entries.record(entry) },
    { line: 0, head },
  );
  reader?.push(before.subarray(firstLineEnd(start, before)));
}

export interface CaptureInputReader extends InputReader {
  push(chunk: Buffer): void;
  finish(): void;
}

export function captureReader(pipeline: ProbePipeline, untimedMicros = 0): CaptureInputReader {
  const reader = new CaptureReader(pipeline.capture, { untimedMicros });
  const view = new PacketView();
  const pull = (): void => {
    while (reader.next(view)) pipeline.packet(view);
  };
  return {
    push(chunk) {
      reader.push(chunk);
      pull();
    },
    finish() {
      reader.finish();
      pull();
    },
    get read() { return view.frame; },
    get packets() { return view.frame; },
    get problem() { return reader.problem; },
    isDocument: false,
  };
}

function logReader(start: Buffer, name: string, { entries }: ProbePipeline, from?: ResumePoint): InputReader | null {
  const reader: LogReader | null = openLog(
    start,
    { name, counters: entries.counters, certificates: entries.certificates, emit: (entry) => entries.record(entry) },
    from,
  );
  if (reader === null) return null;
  const before = entries.counters.entries;
  return {
    // Lines are kept as views into their chunk.
    push: (chunk) => reader.push(Buffer.from(chunk)),
    finish: () => reader.finish(),
    get read() { return entries.counters.entries - before; },
    packets: 0,
    problem: null,
    isDocument: reader.mark === undefined,
    ...(reader.mark && { mark: () => reader.mark!() }),
  };
}
