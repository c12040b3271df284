import type { Component } from '#runtime';
import type { Store } from '#store';
import type { Check } from './operations/operations.ts';

/** Whether ClickHouse answers and accepts inserts. */
export class StoreCheck implements Check {
  readonly name = 'store';
  protected readonly store: Store;
  #asked: Promise<unknown> | undefined;

  constructor(store: Store) {
    this.store = store;
  }

  /** Asks again only once the last request was answered: a hanging server must not collect a request for every readiness check. */
  async check(): Promise<void> {
    await (this.#asked ??= this.store.ask('SELECT 1').finally(() => { this.#asked = undefined; }));
    if (this.store.trouble !== '') throw new Error(this.store.trouble);
  }
}

/** The store as part of a lifecycle: migrated when it starts, closed when it stops. */
export class StoreComponent extends StoreCheck implements Component {
  async start(): Promise<void> {
    await this.store.migrate();
  }

  stop(): Promise<void> {
    return this.store.close();
  }
}
