import { CaptureCounters } from '../counters.ts';
import { decodePacket } from '../decode.ts';
import type { Flow, FlowEndReason, FlowHandler, Sender } from '../flow.ts';
import { FlowTable, type FlowTableOptions } from '../flow-table.ts';
import { CaptureReader } from '../reader.ts';
import { PacketView } from '../view.ts';

export interface Chunk {
  readonly sender: Sender;
  /** A copy; empty for a gap. */
  readonly bytes: Buffer;
  /** Length of the bytes, or of the gap. */
  readonly length: number;
  readonly frame: number;
  readonly micros: number;
  readonly isGap: boolean;
}

/** What a handler received of one flow. */
export class RecordedFlow {
  readonly flow: Flow;
  readonly firstFrame: number;
  readonly chunks: Chunk[] = [];
  updates = 0;
  end: FlowEndReason | null = null;

  constructor(flow: Flow) {
    this.flow = flow;
    this.firstFrame = flow.lastFrame;
  }

  /** Everything that a side sent, without gaps. */
  bytes(sender: Sender): Buffer {
    return Buffer.concat(this.chunks.filter((chunk) => chunk.sender === sender).map((chunk) => chunk.bytes));
  }

  text(sender: Sender): string {
    return this.bytes(sender).toString('latin1');
  }

  missing(sender: Sender): number {
    return this.chunks.reduce((sum, chunk) => sum + (chunk.sender === sender && chunk.isGap ? chunk.length : 0), 0);
  }
}

export interface Replay {
  readonly counters: CaptureCounters;
  /** In order of their start. */
  readonly flows: RecordedFlow[];
  readonly packets: number;
  readonly reader: CaptureReader;
}

/** Sends a capture through reader, decoder and flow table, in chunks of `chunkBytes`. */
export function replay(capture: Buffer, options: Partial<FlowTableOptions> = {}, chunkBytes = 65_536): Replay {
  const counters = new CaptureCounters();
  const reader = new CaptureReader(counters);
  const view = new PacketView();
  const recorder = new Recorder();
  const table = new FlowTable(options, recorder, counters);
  let packets = 0;
  const drain = () => {
    while (reader.next(view)) {
      packets++;
      if (decodePacket(view, counters)) table.packet(view);
    }
  };
  for (let at = 0; at < capture.length; at += chunkBytes) {
    reader.push(capture.subarray(at, at + chunkBytes));
    drain();
  }
  reader.finish();
  drain();
  table.finish();
  return { counters, flows: recorder.flows, packets, reader };
}

class Recorder implements FlowHandler {
  readonly flows: RecordedFlow[] = [];

  flowStarted(flow: Flow): void {
    const recorded = new RecordedFlow(flow);
    flow.context = recorded;
    this.flows.push(recorded);
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    recordedOf(flow).chunks.push({ sender, bytes: Buffer.from(bytes), length: bytes.length, frame, micros, isGap: false });
  }

  gap(flow: Flow, sender: Sender, missing: number): void {
    recordedOf(flow).chunks.push({ sender, bytes: Buffer.alloc(0), length: missing, frame: 0, micros: 0, isGap: true });
  }

  flowUpdated(flow: Flow): void {
    recordedOf(flow).updates++;
  }

  flowEnded(flow: Flow, reason: FlowEndReason): void {
    recordedOf(flow).end = reason;
  }
}

function recordedOf(flow: Flow): RecordedFlow {
  const recorded = flow.context as RecordedFlow;
  if (recorded.end !== null) throw new Error('the flow had ended');
  return recorded;
}
