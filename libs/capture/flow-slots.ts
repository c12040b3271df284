import { doubled, doubledAndFilled } from './doubled.ts';
import { KEY_WORDS, type FlowKey } from './flow-key.ts';
import type { TrackedFlow } from './tracked-flow.ts';

/** Words of a row: the key, and the links to other flows. A row fills one cache line. */
const ROW_WORDS = 16;
const HASH = KEY_WORDS;
/** Slot of the next flow in the same bucket; in an unused row, the next unused row. */
const NEXT = KEY_WORDS + 1;
const OLDER = KEY_WORDS + 2;
const NEWER = KEY_WORDS + 3;
const NONE = -1;

/**
 * The flows of a table, found by the words of their key, and ordered by last packet. Keys and links are in rows of integers, one row per flow: a
 * packet finds its flow without a string, and links cost the garbage collector nothing. The number of rows grows by doubling.
 */
export class FlowSlots {
  size = 0;
  /** The flow of each row. */
  readonly #flows: (TrackedFlow | null)[] = [];
  #rows = new Int32Array(1024 * ROW_WORDS);
  /** First slot of each bucket; the number of buckets is a power of two. */
  #buckets = new Int32Array(1024).fill(NONE);
  /** First of the rows that were freed. */
  #free = NONE;

  find(key: FlowKey): TrackedFlow | null {
    const rows = this.#rows;
    const { words, length, hash } = key;
    let slot = this.#buckets[hash & (this.#buckets.length - 1)]!;
    while (slot !== NONE) {
      const row = slot * ROW_WORDS;
      if (rows[row + HASH] === hash) {
        // The first word determines the length of the key.
        let at = 0;
        while (at < length && rows[row + at] === words[at]) at++;
        if (at === length) return this.#flows[slot]!;
      }
      slot = rows[row + NEXT]!;
    }
    return null;
  }

  /** Gives the flow a row under `key`. */
  add(key: FlowKey, flow: TrackedFlow): void {
    if (this.size >= this.#buckets.length) this.#addBuckets();
    const slot = this.#take();
    const row = slot * ROW_WORDS;
    this.#rows.set(key.words, row);
    this.#rows[row + HASH] = key.hash;
    this.#link(slot);
    this.#flows[slot] = flow;
    flow.slot = slot;
    this.size++;
  }

  remove(flow: TrackedFlow): void {
    const rows = this.#rows;
    const { slot } = flow;
    const next = rows[slot * ROW_WORDS + NEXT]!;
    const bucket = rows[slot * ROW_WORDS + HASH]! & (this.#buckets.length - 1);
    let before = this.#buckets[bucket]!;
    if (before === slot) {
      this.#buckets[bucket] = next;
    } else {
      while (rows[before * ROW_WORDS + NEXT] !== slot) before = rows[before * ROW_WORDS + NEXT]!;
      rows[before * ROW_WORDS + NEXT] = next;
    }
    rows[slot * ROW_WORDS + NEXT] = this.#free;
    this.#free = slot;
    this.#flows[slot] = null;
    this.size--;
  }

  /**
   * Another list of flows ordered by last packet, which expire after `timeoutMicros` of silence; a flow is in one list at a time.
   */
  order(timeoutMicros: number): FlowOrder {
    return new FlowOrder(this, timeoutMicros);
  }

  flowAt(slot: number): TrackedFlow | null {
    return slot === NONE ? null : this.#flows[slot]!;
  }

  older(slot: number): number {
    return this.#rows[slot * ROW_WORDS + OLDER]!;
  }

  newer(slot: number): number {
    return this.#rows[slot * ROW_WORDS + NEWER]!;
  }

  setOlder(slot: number, older: number): void {
    this.#rows[slot * ROW_WORDS + OLDER] = older;
  }

  setNewer(slot: number, newer: number): void {
    this.#rows[slot * ROW_WORDS + NEWER] = newer;
  }

  #take(): number {
    const slot = this.#free;
    if (slot !== NONE) {
      this.#free = this.#rows[slot * ROW_WORDS + NEXT]!;
      return slot;
    }
    const fresh = this.#flows.push(null) - 1;
    if ((fresh + 1) * ROW_WORDS > this.#rows.length) this.#rows = new Int32Array(doubled(this.#rows));
    return fresh;
  }

  #link(slot: number): void {
    const row = slot * ROW_WORDS;
    const bucket = this.#rows[row + HASH]! & (this.#buckets.length - 1);
    this.#rows[row + NEXT] = this.#buckets[bucket]!;
    this.#buckets[bucket] = slot;
  }

  #addBuckets(): void {
    this.#buckets = doubledAndFilled(this.#buckets, NONE);
    for (let slot = 0; slot < this.#flows.length; slot++) if (this.#flows[slot] !== null) this.#link(slot);
  }
}

/** Flows ordered by last packet: a linked list through the rows. */
export class FlowOrder {
  readonly timeoutMicros: number;
  readonly #slots: FlowSlots;
  #oldest = NONE;
  #newest = NONE;

  constructor(slots: FlowSlots, timeoutMicros: number) {
    this.#slots = slots;
    this.timeoutMicros = timeoutMicros;
  }

  get oldest(): TrackedFlow | null {
    return this.#slots.flowAt(this.#oldest);
  }

  /** The flow with the next later last packet; null after the newest. */
  after({ slot }: TrackedFlow): TrackedFlow | null {
    return this.#slots.flowAt(this.#slots.newer(slot));
  }

  append({ slot }: TrackedFlow): void {
    const slots = this.#slots;
    slots.setOlder(slot, this.#newest);
    slots.setNewer(slot, NONE);
    if (this.#newest !== NONE) slots.setNewer(this.#newest, slot);
    else this.#oldest = slot;
    this.#newest = slot;
  }

  remove({ slot }: TrackedFlow): void {
    const slots = this.#slots;
    const older = slots.older(slot);
    const newer = slots.newer(slot);
    if (older !== NONE) slots.setNewer(older, newer);
    else this.#oldest = newer;
    if (newer !== NONE) slots.setOlder(newer, older);
    else this.#newest = older;
  }

  touch(flow: TrackedFlow): void {
    if (this.#newest === flow.slot) return;
    this.remove(flow);
    this.append(flow);
  }
}
