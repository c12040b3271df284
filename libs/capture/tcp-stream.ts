import type { Sender } from './flow.ts';
import type { TrackedFlow } from './tracked-flow.ts';

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

const STARTED = 1;
const HAS_SYN = 2;
const FINISHED = 4;
const HAS_RESET = 8;

/** One direction of a TCP connection. Sequence numbers are 32 bits and wrap. */
export class TcpStream {
  readonly flow: TrackedFlow;
  /** What is true of it, one bit each: there are two of these objects per connection, and a field takes eight bytes. */
  #flags = 0;
  /** If {@link hasSyn}, the sequence number of the SYN. */
  synSequence = 0;
  /** Sequence number of the first byte seen of the stream. */
  first = 0;
  /** Sequence number of the next byte to deliver. */
  next = 0;
  /** If {@link finished}, the end of the stream according to the FIN. */
  end = 0;
  /** Ascending, without overlap, all after `next`. */
  held: HeldSegment[] = nothingHeld;
  /** Cost of `held`: bytes, and a constant per segment. */
  heldCost = 0;

  constructor(flow: TrackedFlow) {
    this.flow = flow;
  }

  get sender(): Sender {
    return this.flow.fromSource === this ? 'source' : 'destination';
  }

  /** Whether `next` is known, from a SYN, or from the first payload of a connection that was already established. */
  get started(): boolean {
    return (this.#flags & STARTED) !== 0;
  }

  /** Whether a SYN was seen. */
  get hasSyn(): boolean {
    return (this.#flags & HAS_SYN) !== 0;
  }

  /** Whether a FIN was seen. */
  get finished(): boolean {
    return (this.#flags & FINISHED) !== 0;
  }

  get hasReset(): boolean {
    return (this.#flags & HAS_RESET) !== 0;
  }

  set hasReset(hasReset: boolean) {
    this.#flags = hasReset ? this.#flags | HAS_RESET : this.#flags & ~HAS_RESET;
  }

  /** Whether any of its bytes were seen. */
  get hasPayload(): boolean {
    return this.started && (!this.hasSyn || this.next !== this.first);
  }

  start(sequence: number): void {
    this.#flags |= STARTED;
    this.first = sequence | 0;
    this.next = sequence | 0;
  }

  /** A SYN with this sequence number was seen. */
  synchronise(sequence: number): void {
    this.#flags |= HAS_SYN;
    this.synSequence = sequence | 0;
  }

  /** A FIN was seen; the stream ends at this sequence number. */
  finish(end: number): void {
    this.#flags |= FINISHED;
    this.end = end | 0;
  }
}
