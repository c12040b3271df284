import type { Slot } from './payload-slots.ts';
import type { SlotValues } from './slot-values.ts';

/** What the flows of a protocol that nobody knows have shown so far. */
export interface UnknownProtocol {
  /** Transport, port of the server, and its domain where that is known. */
  readonly name: string;
  readonly slots: Map<Slot, SlotValues>;
  /** Its subjects, numbered in the order in which they came. */
  readonly subjects: Map<string, number>;
  flows: number;
  /** Nothing recurs in it: it is not looked at before this time. */
  restsUntil: number;
  lastMicros: number;
  /** Others took its room. */
  isForgotten: boolean;
}
