import type { Flow, Sender } from './flow.ts';

/** Bytes of a stream that wait for those before them, or that were cut by the capture. */
export interface HeldSegment {
  /** Sequence number of the first byte. */
  sequence: number;
  /** Bytes on the wire; `bytes` holds fewer when the capture cut the packet. */
  length: number;
  bytes: Buffer;
  frame: number;
  micros: number;
}

/** What most streams hold, most of the time. Never written to. */
export const nothingHeld: HeldSegment[] = [];

/** One direction of a TCP connection. Sequence numbers are 32 bits and wrap. */
export class TcpStream {
  readonly flow: Flow;
  readonly sender: Sender;
  /** Whether `next` is known: by a SYN, or by the first payload of a connection that was already running. */
  started = false;
  /** A SYN with this sequence number was seen. */
  hasSyn = false;
  synSequence = 0;
  /** Sequence number of the first byte of the stream, as far as it was seen. */
  first = 0;
  /** Sequence number of the next byte to deliver. */
  next = 0;
  /** A FIN was seen, and where the stream ends by it. */
  finished = false;
  end = 0;
  hasReset = false;
  /** Ascending, without overlap, all behind `next`. */
  held: HeldSegment[] = nothingHeld;
  /** What `held` costs, bytes and a constant per segment. */
  heldCost = 0;

  constructor(flow: Flow, sender: Sender) {
    this.flow = flow;
    this.sender = sender;
  }

  /** Bytes of it were seen. */
  get hasPayload(): boolean {
    return this.started && (!this.hasSyn || this.next !== this.first);
  }

  start(sequence: number): void {
    this.started = true;
    this.first = sequence | 0;
    this.next = sequence | 0;
  }
}
