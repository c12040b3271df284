import type { Flow, Sender } from './flow.ts';

/** Bytes of a stream that are out of order, or were truncated by the capture. */
export interface HeldSegment {
  /** Sequence number of the first byte. */
  sequence: number;
  /** Bytes on the wire; `bytes` holds fewer if the capture truncated the packet. */
  length: number;
  bytes: Buffer;
  frame: number;
  micros: number;
}

/** The `held` list of most streams, most of the time. Never written to. */
export const nothingHeld: HeldSegment[] = [];

/** One direction of a TCP connection. Sequence numbers are 32 bits and wrap. */
export class TcpStream {
  readonly flow: Flow;
  readonly sender: Sender;
  /** Whether `next` is known, from a SYN, or from the first payload of a connection that was already established. */
  started = false;
  /** A SYN with this sequence number was seen. */
  hasSyn = false;
  synSequence = 0;
  /** Sequence number of the first byte seen of the stream. */
  first = 0;
  /** Sequence number of the next byte to deliver. */
  next = 0;
  /** Whether a FIN was seen, and the end of the stream according to it. */
  finished = false;
  end = 0;
  hasReset = false;
  /** Ascending, without overlap, all after `next`. */
  held: HeldSegment[] = nothingHeld;
  /** Cost of `held`: bytes, and a constant per segment. */
  heldCost = 0;

  constructor(flow: Flow, sender: Sender) {
    this.flow = flow;
    this.sender = sender;
  }

  /** Whether any of its bytes were seen. */
  get hasPayload(): boolean {
    return this.started && (!this.hasSyn || this.next !== this.first);
  }

  start(sequence: number): void {
    this.started = true;
    this.first = sequence | 0;
    this.next = sequence | 0;
  }
}
