/** How many urgent statements may run in a row while others wait. */
const mostInARow = 4;

/**
 * Runs one statement at a time. Urgent ones, for which a person is waiting, go before background work, which still gets every fifth turn: a page
 * that queries without pause slows inserts down but never stops them.
 */
export class StatementQueue {
  /** Waiting statements, each as the function that starts it. */
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  #busy = false;
  #inARow = 0;

  /** Resolves and rejects as the statement does. If `signal` aborts before its turn, the statement is never started. */
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

  /** The queue stays busy while one statement hands over to the next, so that a new arrival cannot slip in between. */
  #next(): void {
    const othersTurn = this.#urgent.length === 0 || (this.#inARow >= mostInARow && this.#others.length > 0);
    this.#inARow = othersTurn ? 0 : this.#inARow + 1;
    const begin = (othersTurn ? this.#others : this.#urgent).shift();
    if (begin === undefined) this.#busy = false;
    else begin();
  }
}
