import { CaptureReader, PacketView } from '#capture';
import type { FlowRecord } from '#flow';
import { openCapture, type CaptureInput } from './captures.ts';
import type { ProbePipeline } from './pipeline.ts';

export interface ReplayOptions {
  pipeline: ProbePipeline;
  /** Resolves once the records are accepted; the next packets are read after that. */
  send: (records: FlowRecord[]) => Promise<void>;
  /** Bytes and packets of this capture so far. */
  onProgress?: (bytes: number, packets: number) => void;
  signal?: AbortSignal;
}

/** Records gathered before they are handed over. */
const batchSize = 4096;

/**
 * Reads one capture to its end, through the pipeline, and hands its records over in batches.
 * @returns packets read
 * @throws {CaptureError} when the input is no capture or cannot be continued; what was read before is handed over
 */
export async function replayCapture(input: CaptureInput, { pipeline, send, onProgress, signal }: ReplayOptions): Promise<number> {
  const reader = new CaptureReader(pipeline.capture);
  const view = new PacketView();
  let bytes = 0;
  pipeline.begin(input.name);
  try {
    for await (const chunk of openCapture(input)) {
      reader.push(chunk);
      while (reader.next(view)) pipeline.packet(view);
      bytes += chunk.length;
      onProgress?.(bytes, view.frame);
      if (pipeline.pending >= batchSize) await send(pipeline.take());
      if (signal?.aborted) break;
    }
    reader.finish();
    while (reader.next(view)) pipeline.packet(view);
  } finally {
    pipeline.finish();
    await send(pipeline.take());
  }
  return view.frame;
}
