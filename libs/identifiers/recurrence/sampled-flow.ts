import type { Sender } from '#dissect';

/** Flows of a subject in which a value stands, and other subjects (of which two count) with values of their own there: together so many, or it proves nothing. */
export const leastUserEvidence = 4;
/** Between the starts of two flows, µs: those that an application opens at once are one session, and may share what was drawn for it. */
export const leastPause = 5_000_000;
/** What two subjects have within this time they have together, µs. */
export const near = 600_000_000;

/** The beginning of a payload, copied. */
export interface Sample {
  readonly bytes: Buffer;
  readonly sender: Sender;
  readonly frame: number;
  readonly micros: number;
}

/** A flow of a protocol that nothing knows, with the beginnings of its first payloads. */
export interface SampledFlow {
  readonly protocol: string;
  /** The monitored endpoint. */
  readonly subject: string;
  readonly peer: string;
  readonly file: string;
  readonly startMicros: number;
  /** Time of its last payload so far. */
  lastMicros: number;
  /** Addresses of both sides, IPv4 as numbers. */
  readonly addresses: readonly number[];
  /** Its subject was seen with this protocol before. */
  readonly isRepeat: boolean;
  /** Emptied when the flow is over. */
  readonly samples: Sample[];
}
