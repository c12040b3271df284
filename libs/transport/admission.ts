import { countReason, type SinkCounters } from './counters.ts';
import { TransportError } from './errors.ts';

/** The bound of a queue: admits records while there is room, makes senders wait in line otherwise, and bounds that line. */
export class Admission {
  readonly #maxRecords: number;
  readonly #maxWaiting: number;
  readonly #waiting: { count: number; admit: () => void; refuse: (error: Error) => void }[] = [];
  #records = 0;

  constructor(maxRecords: number, maxWaiting: number) {
    this.#maxRecords = maxRecords;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Runs `send` for `count` records as soon as there is room for them, and counts them: as rejected if they are not admitted, else as queued until
   * `send` has settled.
   *
   * @param assertOpen throws a {@link TransportError} if the sink takes no more records
   */
  async run(count: number, counters: SinkCounters, assertOpen: () => void, send: () => Promise<void>): Promise<void> {
    if (count === 0) return;
    try {
      assertOpen();
      const admitted = this.enter(count);
      if (admitted !== null) await admitted;
    } catch (error) {
      countReason(counters.rejected, (error as TransportError).code, count);
      throw error;
    }
    counters.queuedRecords += count;
    try {
      await send();
    } finally {
      counters.queuedRecords -= count;
      this.leave(count);
    }
  }

  /** Admits `count` records: at once (null), or when the promise resolves. More records than the bound are admitted on their own. */
  enter(count: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#hasRoom(count)) {
      this.#records += count;
      return null;
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new TransportError('queue_full', `the queue is full: ${this.#waiting.length} sends wait for room already`);
    }
    return new Promise((admit, refuse) => this.#waiting.push({ count, admit, refuse }));
  }

  leave(count: number): void {
    this.#records -= count;
    while (this.#waiting.length > 0 && this.#hasRoom(this.#waiting[0]!.count)) {
      const next = this.#waiting.shift()!;
      this.#records += next.count;
      next.admit();
    }
  }

  /** Refuses the sends that wait, because their sink is closed. */
  close(): void {
    this.refuseWaiting(new TransportError('closed', 'the sink was closed before the records were accepted'));
  }

  refuseWaiting(error: Error): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(error);
  }

  #hasRoom(count: number): boolean {
    return this.#records === 0 || this.#records + count <= this.#maxRecords;
  }
}
