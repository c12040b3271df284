/** How many statements that somebody waits for may follow each other while others wait. */
const mostInARow = 4;

/**
 * One statement after the other. Those that a person waits for go before those of the background, which still get every fifth turn: a page that
 * asks without end slows inserts down, and never stops them.
 */
export class StatementQueue {
  /** Statements that wait, each as what begins it. */
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  #busy = false;
  #inARow = 0;

  /** Resolves and rejects as the statement does; one whose `signal` aborts before its turn is not begun. */
  async run<T>(statement: () => Promise<T>, { urgent, signal }: { urgent: boolean; signal?: AbortSignal | undefined }): Promise<T> {
    if (this.#busy) await new Promise<void>((begin) => void (urgent ? this.#urgent : this.#others).push(begin));
    this.#busy = true;
    try {
      signal?.throwIfAborted();
      return await statement();
    } finally {
      this.#next();
    }
  }

  /** The queue stays busy while one statement hands over to another, so that none that comes meanwhile gets between them. */
  #next(): void {
    const othersTurn = this.#urgent.length === 0 || (this.#inARow >= mostInARow && this.#others.length > 0);
    this.#inARow = othersTurn ? 0 : this.#inARow + 1;
    const begin = (othersTurn ? this.#others : this.#urgent).shift();
    if (begin === undefined) this.#busy = false;
    else begin();
  }
}
