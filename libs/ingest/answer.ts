import { ACK, FIN, RST, SYN, type FlowEndReason } from '#capture';

/** How the destination of a flow answered, as far as a log or an export tells. */
export interface Answer {
  /** Packets of the source that nobody answered; 0: it was answered, or nothing is known. */
  readonly unansweredPackets: number;
  /** '': not known. */
  readonly endReason: FlowEndReason | '';
}

/** A packet of TCP without payload has at most so many bytes (IPv6, and options of a reset). */
export const mostHeaderBytes = 80;

export const unknownAnswer: Answer = { unansweredPackets: 0, endReason: '' };
export const refused: Answer = { unansweredPackets: 0, endReason: 'refused' };

/** So many packets were sent, and none came back. */
export function silent(packets: number): Answer {
  return packets === 0 ? unknownAnswer : { unansweredPackets: packets, endReason: 'timeout' };
}

/** One direction of a flow. */
export interface Direction {
  /** Of TCP, ORed over its packets. */
  readonly flags: number;
  readonly packets: number;
  readonly bytes: number;
  readonly isFromServer: boolean;
}

/**
 * What the flags of one direction tell. A client that is answered acknowledges it: one that sent SYN and nothing else was not. A server that
 * answers with resets alone refuses.
 */
export function answerOfFlags({ flags, packets, bytes, isFromServer }: Direction): Answer {
  if (isFromServer) return (flags & RST) !== 0 && (flags & (SYN | FIN)) === 0 && bytes <= mostHeaderBytes * packets ? refused : unknownAnswer;
  return (flags & SYN) !== 0 && (flags & (ACK | RST | FIN)) === 0 ? silent(packets) : unknownAnswer;
}
