import { orderByZeros, orderBySpan, rejectsBytes, type Extent } from './field-value.ts';
import { windowBytes } from './payload-slots.ts';
import type { SlotTable } from './slot-table.ts';

/** A field or window whose value behaves like an identifier or part of one. */
export interface StableWindow {
  readonly at: number;
  readonly length: number;
  readonly behaves: 'user' | 'room';
  /** Rows in the slot table and in the value table. */
  readonly slot: number;
  readonly recurrence: number;
}

/** Least number of bytes that differ between subjects in an id: a single one is a flag. */
const leastVarying = 2;
const macBytes = 6;

/**
 * The integer covered by a run of windows, each one byte after the last. The windows at the ends of the run overlap adjacent fields. The bytes that
 * differ between subjects are the id, and constant bytes next to them may be its high end. Null if no integer fits or none is an id; anything longer
 * is a key or a digest.
 */
export function extentOf(run: readonly StableWindow[], bytes: Buffer, slots: SlotTable): Extent | null {
  const begin = run[0]!.at;
  const end = run.at(-1)!.at + windowBytes;
  let first = -1;
  let last = -1;
  let varying = 0;
  for (let at = begin; at < end; at++) {
    if (!varies(run, at, bytes, slots)) continue;
    if (first < 0) first = at;
    last = at;
    varying++;
  }
  const needed = last - first + 1;
  if (varying < leastVarying || needed > 8) return null;
  if (needed === macBytes && end - begin === macBytes)
    return rejectsBytes(bytes, first, first + macBytes) ? null : { at: first, width: macBytes, order: '' };
  const width = needed <= 4 ? 4 : 8;
  // With constants on both sides, fields are assumed to be aligned; otherwise the low end varies, and the high end is to its left.
  let at = -1;
  for (let start = Math.min(first, end - width); start >= begin && start + width > last; start--) {
    at = start;
    if (start % 4 === 0) break;
  }
  if (at < 0 || rejectsBytes(bytes, at, at + width)) return null;
  return {
    at,
    width,
    order: orderByZeros(bytes, at, at + width) || orderBySpan([bytes.subarray(at, at + width), ...othersAt(run, at, width, slots)]),
  };
}

/** Whether other recurring values at the slot have a different byte there. */
function varies(run: readonly StableWindow[], at: number, bytes: Buffer, slots: SlotTable): boolean {
  const { slot, at: from } = windowAt(run, at);
  return slots.varies(slot, bytes[at]!, 24 - 8 * (at - from));
}

/** The values of others in place of the field; empty if it is longer than a window. */
function othersAt(run: readonly StableWindow[], at: number, width: number, slots: SlotTable): Buffer[] {
  const { slot, recurrence, at: from } = windowAt(run, at);
  if (width > windowBytes || from !== at) return [];
  return slots.otherRecurrences(slot, recurrence).map((row) => {
    const field = Buffer.alloc(windowBytes);
    field.writeUInt32BE(slots.values.low(row));
    return field;
  });
}

function windowAt(run: readonly StableWindow[], at: number): StableWindow {
  return run[Math.min(Math.max(0, at - run[0]!.at), run.length - 1)]!;
}
