import type { SlotIndex } from './slot-index.ts';

/** What the flows of a protocol that nobody knows have shown so far. */
export interface UnknownProtocol {
  /** Transport, port of the server, and its domain where that is known. */
  readonly name: string;
  readonly slots: SlotIndex;
  /** Its subjects, numbered in the order in which they came. */
  readonly subjects: Map<string, number>;
  flows: number;
  /** It grows with all that it shows. */
  news: number;
  /** Nothing recurs in it: it is not looked at before this time. */
  restsUntil: number;
  lastMicros: number;
  /** Others took its room. */
  isForgotten: boolean;
}
