/** One call of `send`, settled when all its records are. */
export class Ticket {
  remaining: number;
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;

  constructor(records: number) {
    this.remaining = records;
    ({ promise: this.settled, resolve: this.resolve, reject: this.reject } = Promise.withResolvers<void>());
  }
}

interface Slice<T> {
  readonly records: readonly T[];
  readonly ticket: Ticket;
  done: number;
}

/** Records for one partition in the order in which they were sent, each with the ticket of its send. */
export class PartitionQueue<T> {
  readonly #slices: Slice<T>[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(records: readonly T[], ticket: Ticket): void {
    this.#slices.push({ records, ticket, done: 0 });
    this.#length += records.length;
  }

  /** `count` records from position `start` on, which remain in the queue. */
  peek(start: number, count: number): T[] {
    const found: T[] = [];
    let skip = start;
    for (const { records, done } of this.#slices) {
      const waiting = records.length - done;
      for (let i = done + Math.min(skip, waiting); i < records.length && found.length < count; i++) found.push(records[i]!);
      skip = Math.max(0, skip - waiting);
      if (found.length === count) break;
    }
    return found;
  }

  /** Removes the first `count` records as done, and resolves the tickets that this completes. */
  drop(count: number): void {
    this.#length -= count;
    let left = count;
    while (left > 0) {
      const slice = this.#slices[0]!;
      const taken = Math.min(left, slice.records.length - slice.done);
      slice.done += taken;
      slice.ticket.remaining -= taken;
      left -= taken;
      if (slice.done === slice.records.length) this.#slices.shift();
      if (slice.ticket.remaining === 0) slice.ticket.resolve();
    }
  }
}
