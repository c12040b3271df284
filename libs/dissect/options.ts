import type { DissectCounters } from './counters.ts';

/** Shared by all dissectors of a probe: their bounds and counters. */
export interface DissectEnvironment {
  readonly options: DissectOptions;
  readonly counters: DissectCounters;
}

/** Bounds of the dissectors. A bound that is reached is counted as `bounded …` under the protocol concerned. */
export interface DissectOptions {
  /** Bytes of an incomplete request or response head, or handshake, that are kept per direction. */
  maxHeadBytes: number;
  /** Bytes of a body that are kept, and maximum output when decompressing one. The rest is skipped. */
  maxBodyBytes: number;
  /** Fields of one message. */
  maxFields: number;
  /** Levels of nesting in JSON, including JSON inside strings. */
  maxDepth: number;
  /** Requests of one connection that are waiting for a response. */
  maxPipelined: number;
  /** Bytes of an unclaimed flow that are passed to the recogniser, per direction. */
  maxUnclaimedBytes: number;
}

export const defaultDissectOptions: DissectOptions = {
  maxHeadBytes: 64 * 1024,
  maxBodyBytes: 256 * 1024,
  maxFields: 2000,
  maxDepth: 32,
  maxPipelined: 128,
  maxUnclaimedBytes: 64 * 1024,
};
