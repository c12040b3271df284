import type { CaptureError } from '#capture';
import { decodeBatch } from '#wire';
import type { FlowRecord } from '#flow';
import { leastSample } from '#ingest';
import { CaptureBytes, type CaptureInput } from './captures.ts';
import { readerOf, type InputReader } from './input-reader.ts';
import type { ProbePipeline } from './pipeline.ts';
import type { ProbeWorkers } from './workers.ts';

export interface ReplayOptions {
  pipeline: ProbePipeline;
  /** Resolves once the records are accepted; the next packets are read after that. */
  send: (records: FlowRecord[]) => Promise<void>;
  /** Threads that share the packets of a capture; if absent, this thread does everything. */
  workers?: ProbeWorkers;
  /** Takes the workers' batches, already in wire format, instead of `send`. */
  sendEncoded?: (batch: Uint8Array) => Promise<void>;
  /** Bytes of the file, and packets, read so far. */
  onProgress?: (bytes: number, packets: number) => void;
  signal?: AbortSignal;
  /** Records collected before they are sent; the default is {@link recordsAtOnce}. */
  atOnce?: number;
}

/** Enough to make an insert into a store worthwhile. */
const recordsAtOnce = 4096;

export interface Replayed {
  /** Packets of a capture; 0 for a log. */
  packets: number;
  /** Where and why reading the capture failed; everything before that was read. */
  problem: CaptureError | null;
  /** Whether the signal ended it early. */
  stopped: boolean;
}

/**
 * Reads one capture or log to its end through the pipeline and hands its records over in batches. While a batch is being accepted, nothing is read
 * beyond what the workers already have. When a batch is refused, the input is abandoned and its remaining records are dropped: it has to be read
 * again as a whole, and must not leak into the records of the next one.
 *
 * @throws {CaptureError} when the input is neither
 * @throws what `send` threw
 */
export async function replayCapture(input: CaptureInput, options: ReplayOptions): Promise<Replayed> {
  try {
    return await replay(input, options);
  } catch (error) {
    options.pipeline.discard();
    // A thread that has died keeps nothing.
    await options.workers?.discard().catch(() => {});
    throw error;
  }
}

async function replay(
  input: CaptureInput,
  { pipeline, workers, send, sendEncoded = (batch) => send(decodeBatch(batch)), onProgress, signal, atOnce = recordsAtOnce }: ReplayOptions,
): Promise<Replayed> {
  let reader: InputReader | undefined;
  let start = Buffer.alloc(0);
  let stopped = false;
  const bytes = new CaptureBytes(input, (count) => onProgress?.(count, reader?.read ?? 0), signal);
  pipeline.begin(input.name);
  try {
    for await (const chunk of bytes) {
      if (reader === undefined) {
        start = Buffer.concat([start, chunk]);
        if (start.length < leastSample) continue;
        reader = readerOf(start, input, pipeline, workers);
        await reader.push(start);
        // It is not needed any more, and would stay until the end.
        start = Buffer.alloc(0);
      } else {
        await reader.push(chunk);
      }
      if (pipeline.pending >= atOnce) await send(pipeline.take());
      for (const batch of workers?.take() ?? []) await sendEncoded(batch);
      if (signal?.aborted) break;
    }
    stopped = signal?.aborted === true;
    if (reader === undefined) {
      if (start.length === 0 && bytes.problem) throw bytes.problem;
      reader = readerOf(start, input, pipeline, workers);
      await reader.push(start);
    }
    await reader.finish();
  } finally {
    for (const batch of workers?.take() ?? []) await sendEncoded(batch);
    while (!pipeline.finish(atOnce)) await send(pipeline.take());
    await send(pipeline.take());
  }
  return { packets: reader.packets, problem: bytes.problem ?? reader.problem, stopped };
}
