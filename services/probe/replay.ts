import { CaptureReader, PacketView, type CaptureError } from '#capture';
import type { FlowRecord } from '#flow';
import { openCapture, type CaptureInput } from './captures.ts';
import type { ProbePipeline } from './pipeline.ts';

export interface ReplayOptions {
  pipeline: ProbePipeline;
  /** Resolves once the records are accepted; the next packets are read after that. */
  send: (records: FlowRecord[]) => Promise<void>;
  /** Bytes of the file, and packets, so far. */
  onProgress?: (bytes: number, packets: number) => void;
  signal?: AbortSignal;
}

/** Records gathered before they are handed over. */
const batchSize = 4096;

export interface Replayed {
  packets: number;
  /** Where and why the capture could not be read to its end; what stands before it was. */
  problem: CaptureError | null;
}

/**
 * Reads one capture to its end, through the pipeline, and hands its records over in batches.
 * @throws {CaptureError} when the input is no capture
 */
export async function replayCapture(input: CaptureInput, { pipeline, send, onProgress, signal }: ReplayOptions): Promise<Replayed> {
  const reader = new CaptureReader(pipeline.capture);
  const view = new PacketView();
  pipeline.begin(input.name);
  try {
    for await (const chunk of openCapture(input, (bytes) => onProgress?.(bytes, view.frame))) {
      reader.push(chunk);
      while (reader.next(view)) pipeline.packet(view);
      if (pipeline.pending >= batchSize) await send(pipeline.take());
      if (signal?.aborted) break;
    }
    reader.finish();
    while (reader.next(view)) pipeline.packet(view);
  } finally {
    pipeline.finish();
    await send(pipeline.take());
  }
  return { packets: view.frame, problem: reader.problem };
}
