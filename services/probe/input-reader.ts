import { CaptureReader, PacketView, type CaptureError } from '#capture';
import { openLog } from '#ingest';
import type { ProbePipeline } from './pipeline.ts';
import type { ProbeWorkers } from './workers.ts';

/** What takes an input in chunks, and turns it into records of the pipeline. */
export interface InputReader {
  /** The chunk may be overwritten when this is done. */
  push(chunk: Buffer): void | Promise<void>;
  finish(): void | Promise<void>;
  /** Packets of a capture, entries of a log so far. */
  readonly read: number;
  /** Packets of a capture; 0 of a log. */
  readonly packets: number;
  /** Where and why a capture could not be read further. */
  readonly problem: CaptureError | null;
}

/** The reader for an input that begins with `start`, by content: extensions lie. `start` is not consumed: push it. */
export function readerOf(start: Buffer, name: string, pipeline: ProbePipeline, workers?: ProbeWorkers): InputReader {
  return logReader(start, name, pipeline) ?? workers?.reader(name, pipeline) ?? captureReader(pipeline);
}

export interface CaptureInputReader extends InputReader {
  push(chunk: Buffer): void;
  finish(): void;
}

export function captureReader(pipeline: ProbePipeline): CaptureInputReader {
  const reader = new CaptureReader(pipeline.capture);
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
  };
}

function logReader(start: Buffer, name: string, { entries }: ProbePipeline): InputReader | null {
  const reader = openLog(start, { name, counters: entries.counters, emit: (entry) => entries.record(entry) });
  if (reader === null) return null;
  const before = entries.counters.entries;
  return {
    // Lines are kept as they stand in their chunk.
    push: (chunk) => reader.push(Buffer.from(chunk)),
    finish: () => reader.finish(),
    get read() { return entries.counters.entries - before; },
    packets: 0,
    problem: null,
  };
}
