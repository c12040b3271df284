import type { SlotIndex } from './slot-index.ts';

/** The observations on the flows of an unknown protocol so far. */
export interface UnknownProtocol {
  /** Transport, port of the server, and its domain if known. */
  readonly name: string;
  readonly slots: SlotIndex;
  /** Its subjects by address, numbered in order of appearance. */
  readonly subjects: Map<string, number>;
  flows: number;
  /** Grows with each new observation. */
  news: number;
  /** Set if nothing recurs in it: its flows are not sampled before this time, µs. */
  restsUntil: number;
  lastMicros: number;
  /** It was evicted. */
  isForgotten: boolean;
}
