import type { Sender } from '#dissect';
import type { UnknownProtocol } from './unknown-protocol.ts';

/**
 * Least evidence for a user id: flows of its subject in which it occurs, plus other subjects (at most two) that have values of their own at the slot.
 */
export const leastUserEvidence = 4;
/**
 * Least time between the starts of two flows, µs: flows that an application opens at the same time are one session, and may share values generated
 * for it.
 */
export const leastPause = 5_000_000;
/** Two subjects that have a value within this time of each other share it, µs. */
export const near = 600_000_000;

/** Sender, packet and time of a payload. */
export interface PayloadOrigin {
  readonly sender: Sender;
  readonly frame: number;
  /** µs since 1970. */
  readonly micros: number;
}

/** A flow of an unknown protocol, with the beginnings of its first payloads. */
export interface SampledFlow {
  /** Unique among recent flows. */
  readonly number: number;
  readonly protocol: UnknownProtocol;
  /** The monitored endpoint, by its number within the protocol. */
  readonly subject: number;
  readonly subjectIp: string;
  readonly peerIp: string;
  readonly file: string;
  readonly startMicros: number;
  /** Time of its last payload so far. */
  lastMicros: number;
  /** Whether its subject had been seen with this protocol before. */
  readonly isRepeat: boolean;
  /** The protocol's `news` when the flow was last evaluated. */
  inferredAt: number;
  /** Number of samples per direction. */
  takenFromSource: number;
  takenFromDestination: number;
  /** Row of its first sample; `none` before that, and once the flow has ended. */
  firstSample: number;
}
