import type { CaptureCounters } from './counters.ts';
import type { FlowHandler } from './flow.ts';
import { giveBack, keptCopy, keptCopyCost } from './kept-copy.ts';
import { nothingHeld, type HeldSegment, type TcpStream } from './tcp-stream.ts';
import type { PacketView } from './view.ts';

/** Memory of a held segment in addition to its bytes, so that the bounds hold for many tiny segments too. */
const SEGMENT_COST = keptCopyCost + 96;
/** How long to wait for bytes that the receiver already has: two directions, or two queues of a probe, are not captured in exact order. */
const ACKNOWLEDGED_GRACE_MICROS = 100_000;
/** RFC 7323, section 2.3: no window is larger, so a segment further ahead belongs to another connection, or is forged. */
const MAX_WINDOW = 2 ** 30;

/**
 * Puts the segments of TCP streams in order.
 *
 * - If bytes arrive twice, the first ones win, even if the second ones differ.
 * - Out-of-order bytes are copied and held. A hole is given up (`gap`) once the receiver has acknowledged its bytes, since they will not be
 *   retransmitted: the capture lost them. If a stream exceeds its bound, its first hole is given up; if all streams together do, that of the
 *   stream that has been holding bytes for longest. The end of a flow gives up all holes.
 * - Bytes that the capture truncated are a gap at once.
 */
export class TcpReassembly {
  readonly #maxPerStream: number;
  readonly #maxTotal: number;
  readonly #handler: FlowHandler;
  readonly #counters: CaptureCounters;
  /**
   * Streams that hold bytes, the one that has done so for longest first, each with the time since when the receiver is known to have the bytes of
   * the first hole, µs; 0 if it is not.
   */
  readonly #holding = new Map<TcpStream, number>();
  #totalCost = 0;

  constructor(maxPerStream: number, maxTotal: number, handler: FlowHandler, counters: CaptureCounters) {
    this.#maxPerStream = maxPerStream;
    this.#maxTotal = maxTotal;
    this.#handler = handler;
    this.#counters = counters;
  }

  /** Takes the payload of the packet in `view`, whose first byte has the given `sequence` number. True if it brought new bytes. */
  segment(stream: TcpStream, sequence: number, view: PacketView): boolean {
    const length = view.payloadEnd - view.payloadStart + view.payloadMissing;
    if (!stream.started) stream.start(sequence);
    // Signed difference modulo 2^32: how far ahead of the next byte.
    const ahead = (sequence - stream.next) | 0;
    if (Math.abs(ahead) > MAX_WINDOW) {
      this.#counters.count('tcp/out_of_window');
      return false;
    }
    if (ahead + length <= 0) {
      const beforeStart = !stream.hasSyn && ((sequence - stream.first) | 0) < 0;
      this.#counters.count(beforeStart ? 'tcp/before_start' : 'tcp/retransmission');
      return false;
    }
    if (stream.flow.isPassedOver) return this.#passOver(stream, sequence, length);
    if (ahead === 0 && !overlapsHeld(stream, length)) {
      this.#deliver(stream, length, view.data.subarray(view.payloadStart, view.payloadEnd), view.frame, view.micros);
      if (stream.held.length > 0) this.#release(stream);
      return true;
    }
    return this.#insert(stream, Math.max(0, -ahead), sequence, length, view);
  }

  /** The packet in `view`, from the other side, acknowledges part of the stream. */
  acknowledged(stream: TcpStream, view: PacketView): void {
    if (stream.held.length === 0 || ((view.tcpAcknowledgement - stream.held[0]!.sequence) | 0) < 0) return;
    const acknowledgedMicros = this.#holding.get(stream)!;
    if (acknowledgedMicros === 0) this.#holding.set(stream, view.micros);
    else if (view.micros - acknowledgedMicros > ACKNOWLEDGED_GRACE_MICROS) {
      this.#counters.count('tcp/acknowledged');
      this.#skipHole(stream);
    }
  }

  /** Gives up all holes, since nothing more will arrive. */
  flush(stream: TcpStream): void {
    if (stream.flow.isPassedOver) {
      if (stream.held.length > 0) this.#drop(stream);
      return;
    }
    while (stream.held.length > 0) this.#skipHole(stream);
    const missing = stream.started && stream.finished ? (stream.end - stream.next) | 0 : 0;
    if (missing > 0 && missing <= MAX_WINDOW) this.#gap(stream, missing);
  }

  /** No further bytes are wanted: bytes held because of a hole are dropped, and the hole is forgotten. */
  #passOver(stream: TcpStream, sequence: number, length: number): boolean {
    if (stream.held.length > 0) this.#drop(stream);
    stream.next = (sequence + length) | 0;
    return true;
  }

  #drop(stream: TcpStream): void {
    for (const { bytes } of stream.held) {
      this.#counters.heldBytes -= bytes.length;
      giveBack(bytes);
    }
    this.#charge(stream, -stream.heldCost);
    this.#endHolding(stream);
  }

  /** Holds those parts of the segment, from its byte `skip` on, that no earlier packet brought; then delivers what is in order. */
  #insert(stream: TcpStream, skip: number, sequence: number, length: number, view: PacketView): boolean {
    if (stream.held === nothingHeld) stream.held = [];
    const { held, next } = stream;
    let isNew = false;
    let overlaps = skip > 0;
    let from = skip;
    let at = this.#placeFor(stream, (sequence + skip) | 0);
    // From here on, positions are relative to the segment.
    const base = (sequence - next) | 0;
    while (from < length) {
      const following = held[at];
      const start = following ? ((following.sequence - next) | 0) - base : length;
      if (from < start) {
        const to = Math.min(start, length);
        held.splice(at++, 0, this.#hold(stream, sequence, from, to, view));
        isNew = true;
        from = to;
      }
      if (!following || from >= length) break;
      overlaps = true;
      from = Math.max(from, start + following.length);
      at++;
    }
    if (overlaps) this.#counters.count(isNew ? 'tcp/overlap' : 'tcp/retransmission');
    if (held[0]!.sequence === next) this.#release(stream);
    else if (isNew) this.#counters.count('tcp/out_of_order');
    this.#enforceBounds(stream);
    return isNew;
  }

  /** Index of the first held segment that ends after `sequence`. New data mostly belong at the end. */
  #placeFor(stream: TcpStream, sequence: number): number {
    const { held, next } = stream;
    const position = (sequence - next) | 0;
    let at = held.length;
    while (at > 0 && ((held[at - 1]!.sequence - next) | 0) + held[at - 1]!.length > position) at--;
    return at;
  }

  /** A copy of bytes `from` to `to` of the segment, as far as they were captured. */
  #hold(stream: TcpStream, sequence: number, from: number, to: number, view: PacketView): HeldSegment {
    const captured = view.payloadEnd - view.payloadStart;
    const source = view.data.subarray(view.payloadStart + Math.min(from, captured), view.payloadStart + Math.min(to, captured));
    const bytes = keptCopy(source);
    this.#charge(stream, bytes.length + SEGMENT_COST);
    this.#counters.heldBytes += bytes.length;
    if (stream.held.length === 0) this.#holding.set(stream, 0);
    return { sequence: (sequence + from) | 0, length: to - from, bytes, frame: view.frame, micros: view.micros };
  }

  /** Delivers held segments up to the next hole. */
  #release(stream: TcpStream): void {
    const { held } = stream;
    let count = 0;
    while (count < held.length && held[count]!.sequence === stream.next) {
      const { length, bytes, frame, micros } = held[count++]!;
      this.#charge(stream, -(bytes.length + SEGMENT_COST));
      this.#counters.heldBytes -= bytes.length;
      this.#deliver(stream, length, bytes, frame, micros);
      giveBack(bytes);
    }
    held.splice(0, count);
    if (held.length === 0) this.#endHolding(stream);
    else this.#holding.set(stream, 0);
  }

  #endHolding(stream: TcpStream): void {
    this.#holding.delete(stream);
    stream.held = nothingHeld;
  }

  #skipHole(stream: TcpStream): void {
    const { sequence } = stream.held[0]!;
    const missing = (sequence - stream.next) | 0;
    stream.next = sequence;
    this.#gap(stream, missing);
    this.#release(stream);
  }

  #enforceBounds(stream: TcpStream): void {
    while (stream.heldCost > this.#maxPerStream) {
      this.#counters.count('tcp/buffer_flow');
      this.#skipHole(stream);
    }
    while (this.#totalCost > this.#maxTotal) {
      this.#counters.count('tcp/buffer_total');
      this.#skipHole(this.#holding.keys().next().value!);
    }
  }

  #deliver(stream: TcpStream, length: number, bytes: Buffer, frame: number, micros: number): void {
    stream.next = (stream.next + length) | 0;
    if (bytes.length > 0 && !stream.flow.isPassedOver) {
      this.#counters.streamBytes += bytes.length;
      this.#handler.payload(stream.flow, stream.sender, bytes, frame, micros);
    }
    if (length > bytes.length) this.#gap(stream, length - bytes.length);
  }

  #gap(stream: TcpStream, missing: number): void {
    this.#counters.count('tcp/gap');
    this.#counters.gapBytes += missing;
    this.#handler.gap(stream.flow, stream.sender, missing);
  }

  #charge(stream: TcpStream, cost: number): void {
    stream.heldCost += cost;
    this.#totalCost += cost;
  }
}

/** Whether the next `length` bytes of the stream overlap held segments. */
function overlapsHeld({ held, next }: TcpStream, length: number): boolean {
  return held.length > 0 && ((held[0]!.sequence - next) | 0) < length;
}
