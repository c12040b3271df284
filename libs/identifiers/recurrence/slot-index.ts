import { bytesRead, mostSlots, type Slot } from './payload-slots.ts';
import { none } from './value-table.ts';

/** The rows of a protocol's slots. Windows one byte apart are neighbours, and stand on one page, which is made when one of its slots is. */
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
