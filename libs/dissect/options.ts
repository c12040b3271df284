import type { DissectCounters } from './counters.ts';

/** What all dissectors of a probe share: the bounds that they keep, and where they count what they met. */
export interface DissectEnvironment {
  readonly options: DissectOptions;
  readonly counters: DissectCounters;
}

/** Bounds of the dissectors. A bound that bites is counted as `bounded …` under the protocol it bit. */
export interface DissectOptions {
  /** Bytes of a request or response head, or of a handshake, that may wait for their end, per direction. */
  maxHeadBytes: number;
  /** Bytes of a body that are kept, and bytes that come out of a compressed one. The rest is skipped. */
  maxBodyBytes: number;
  /** Fields of one message. */
  maxFields: number;
  /** Levels of nesting in JSON, those of JSON inside a string included. */
  maxDepth: number;
  /** Requests of one connection that wait for their response. */
  maxPipelined: number;
  /** Bytes of a flow that no dissector claims and that are handed to the recogniser, per direction. */
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
