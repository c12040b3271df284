import type { CaptureCounters } from './counters.ts';
import type { FlowHandler } from './flow.ts';
import { ACK, FIN, RST, SYN } from './protocols.ts';
import { TcpReassembly } from './tcp-reassembly.ts';
import type { TcpStream } from './tcp-stream.ts';
import type { TrackedFlow } from './tracked-flow.ts';
import type { PacketView } from './view.ts';

export interface TcpConnectionOptions {
  readonly maxBufferedBytesPerStream: number;
  readonly maxBufferedBytes: number;
}

/** How connections open and close: SYN, FIN and RST. Payload goes to the reassembly. */
export class TcpConnections {
  readonly #reassembly: TcpReassembly;

  constructor(options: TcpConnectionOptions, handler: FlowHandler, counters: CaptureCounters) {
    this.#reassembly = new TcpReassembly(options.maxBufferedBytesPerStream, options.maxBufferedBytes, handler, counters);
  }

  /**
   * Whether the packet opens another connection between the ports of `flow`: a SYN, or the SYN-ACK to a lost one. Not so a retransmission, the other
   * half of a simultaneous open, the SYN of a connection that arrives after its first payload, or a SYN-ACK that replaces another before there was
   * any payload.
   */
  isNew(flow: TrackedFlow, fromSource: boolean, view: PacketView): boolean {
    if ((view.tcpFlags & SYN) === 0) return false;
    const stream = (fromSource ? flow.fromSource : flow.fromDestination)!;
    if (stream.hasSyn && stream.synSequence === (view.tcpSequence | 0)) return false;
    const isLate = stream.first === ((view.tcpSequence + 1) | 0);
    if (view.tcpFlags & ACK) return stream.next !== stream.first && !isLate;
    if (stream.hasSyn) return true;
    return stream.started ? !isLate : flow.closed !== null;
  }

  segment(flow: TrackedFlow, fromSource: boolean, view: PacketView): void {
    const { tcpFlags: flags } = view;
    const stream = (fromSource ? flow.fromSource : flow.fromDestination)!;
    let sequence = view.tcpSequence;
    if (flags & SYN) {
      this.#synchronise(flow, stream, fromSource, view);
      sequence++; // a SYN takes a sequence number of its own; payload may follow it (RFC 7413)
    }
    const hasPayload = view.payloadEnd + view.payloadMissing > view.payloadStart;
    const isNews = hasPayload && this.#reassembly.segment(stream, sequence, view);
    if (flags & ACK) this.#reassembly.acknowledged(fromSource ? flow.fromDestination! : flow.fromSource!, view);

    // A host that really reset the connection sends nothing more: the reset was forged, or meant for another connection.
    if (isNews && flow.closed === 'rst' && stream.hasReset) reopen(flow);
    if (flags & FIN) stream.finish(sequence + view.payloadEnd + view.payloadMissing - view.payloadStart);
    if (flags & RST) {
      stream.hasReset = true;
      flow.closed ??= 'rst';
    } else if (flow.fromSource!.finished && flow.fromDestination!.finished) flow.closed ??= 'fin';
  }

  /** Gives up the missing bytes of both streams. */
  flush(flow: TrackedFlow): void {
    if (flow.fromSource) this.#reassembly.flush(flow.fromSource);
    if (flow.fromDestination) this.#reassembly.flush(flow.fromDestination);
  }

  #synchronise(flow: TrackedFlow, stream: TcpStream, fromSource: boolean, view: PacketView): void {
    const isAnswer = (view.tcpFlags & ACK) !== 0;
    if (!isAnswer && fromSource) {
      flow.synMicros = stream.hasSyn ? 0 : view.micros;
    }
    if (isAnswer && !fromSource && flow.synMicros > 0 && !stream.hasSyn) flow.rttMicros = Math.max(0, view.micros - flow.synMicros);
    stream.synchronise(view.tcpSequence);
    const isUntouched = stream.next === stream.first && stream.held.length === 0;
    if (!stream.started || isUntouched) stream.start(view.tcpSequence + 1);
  }
}

function reopen(flow: TrackedFlow): void {
  flow.closed = null;
  flow.fromSource!.hasReset = false;
  flow.fromDestination!.hasReset = false;
}
