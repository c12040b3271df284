import type { Component } from '#runtime';
import type { Store } from '#store';
import type { Check } from './operations/operations.ts';

/** The store as part of a lifecycle: migrated when it starts, closed when it stops. */
export class StoreComponent implements Component, Check {
  readonly name = 'store';
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    await this.#store.migrate();
  }

  stop(): Promise<void> {
    return this.#store.close();
  }

  async check(): Promise<void> {
    await this.#store.ask('SELECT 1');
    if (this.#store.trouble !== '') throw new Error(this.#store.trouble);
  }
}
