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

  /** Admits `count` records: at once (null), or when the promise resolves. More records than the bound are admitted on their own. */
  enter(count: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#hasRoom(count)) {
      this.#records += count;
      return null;
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new TransportError('queue_full', `${this.#waiting.length} sends are waiting for room already`);
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

  refuseWaiting(error: Error): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(error);
  }

  #hasRoom(count: number): boolean {
    return this.#records === 0 || this.#records + count <= this.#maxRecords;
  }
}
