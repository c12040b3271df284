import type { Sender } from '#dissect';
import type { UnknownProtocol } from './unknown-protocol.ts';

/**
 * Flows of a subject in which a value stands, and other subjects (of which two count) with values of their own there: together so many, or it proves
 * nothing.
 */
export const leastUserEvidence = 4;
/** Between the starts of two flows, µs: those that an application opens at once are one session, and may share what was drawn for it. */
export const leastPause = 5_000_000;
/** What two subjects have within this time they have together, µs. */
export const near = 600_000_000;

/** Who sent a payload, in which packet, and when. */
export interface PayloadOrigin {
  readonly sender: Sender;
  readonly frame: number;
  /** µs since 1970. */
  readonly micros: number;
}

/** The beginning of a payload. */
export interface Sample extends PayloadOrigin {
  /** Each character a byte: a string takes what it holds, while a small buffer pins a slab of thousands of bytes. */
  readonly bytes: string;
}

/** A flow of a protocol that nothing knows, with the beginnings of its first payloads. */
export interface SampledFlow {
  /** No other flow of late has it. */
  readonly number: number;
  readonly protocol: UnknownProtocol;
  /** The monitored endpoint, by its number in the protocol. */
  readonly subject: number;
  readonly subjectIp: string;
  readonly peerIp: string;
  readonly file: string;
  readonly startMicros: number;
  /** Time of its last payload so far. */
  lastMicros: number;
  /** Its subject was seen with this protocol before. */
  readonly isRepeat: boolean;
  /** The protocol's news when it was asked last what the flow shows. */
  inferredAt: number;
  /** Samples of each direction. */
  readonly taken: Record<Sender, number>;
  /** None when the flow is over. A new list for each that comes: one that grew by one has room for seventeen. */
  samples: readonly Sample[];
}
