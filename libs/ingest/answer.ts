import { ACK, FIN, RST, SYN, type FlowEndReason } from '#capture';

/** How the destination of a flow answered, as far as a log or an export says. */
export interface Answer {
  /** Packets of the source that were not answered; 0: they were, or it is not known. */
  readonly unansweredPackets: number;
  /** '': not known. */
  readonly endReason: FlowEndReason | '';
}

/** A TCP packet without payload has at most so many bytes (with IPv6, and the options of a reset). */
export const mostHeaderBytes = 80;

export const unknownAnswer: Answer = { unansweredPackets: 0, endReason: '' };
export const refused: Answer = { unansweredPackets: 0, endReason: 'refused' };

/** The answer to `packets` packets of which none was answered. */
export function silent(packets: number): Answer {
  return packets === 0 ? unknownAnswer : { unansweredPackets: packets, endReason: 'timeout' };
}

/** One direction of a flow. */
export interface Direction {
  /** TCP flags, ORed over its packets. */
  readonly flags: number;
  readonly packets: number;
  readonly bytes: number;
  readonly isFromServer: boolean;
}

/**
 * What the flags of one direction reveal. A client acknowledges an answer, so one that sent nothing but SYN had none. A server that sends
 * nothing but resets refuses.
 */
export function answerOfFlags({ flags, packets, bytes, isFromServer }: Direction): Answer {
  if (isFromServer) return (flags & RST) !== 0 && (flags & (SYN | FIN)) === 0 && bytes <= mostHeaderBytes * packets ? refused : unknownAnswer;
  return (flags & SYN) !== 0 && (flags & (ACK | RST | FIN)) === 0 ? silent(packets) : unknownAnswer;
}
