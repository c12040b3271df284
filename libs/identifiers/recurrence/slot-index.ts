import { bytesRead, mostSlots, type Slot } from './payload-slots.ts';
import { none } from './value-table.ts';

/**
 * Maps a protocol's slots to rows of the slot table. Windows one byte apart have adjacent slots on the same page; a page is allocated when its first
 * slot is set.
 */
export class SlotIndex {
  readonly #pages: (Int32Array | null)[] = Array.from({ length: mostSlots / bytesRead }, () => null);

  get(slot: Slot): number {
    const page = this.#pages[(slot / bytesRead) | 0]!;
    return page === null ? none : page[slot % bytesRead]!;
  }

  set(slot: Slot, row: number): void {
    (this.#pages[(slot / bytesRead) | 0] ??= new Int32Array(bytesRead).fill(none))[slot % bytesRead] = row;
  }

  * rows(): Generator<number> {
    for (const page of this.#pages) if (page !== null) for (const row of page) if (row !== none) yield row;
  }

  clear(): void {
    this.#pages.fill(null);
  }
}
