import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { StoreError } from './errors.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** Two connections to the same ClickHouse: where statements queue, those of `urgent` go first. */
export interface Clients {
  readonly client: ClickHouseClient;
  readonly urgent: ClickHouseClient;
}

export interface StatementsOptions {
  /** How long one statement may take once the store is about to close, ms; unlimited when absent. */
  readonly patienceMillis?: number | undefined;
  /** Called when a statement took longer. */
  readonly onLost: () => void;
}

/** Runs the store's statements. Once the store is about to close, each of them gets `patienceMillis` to be answered. */
export class Statements {
  readonly #clients: Clients;
  readonly #options: StatementsOptions;
  readonly #running = new Set<AbortController>();
  #draining = false;
  #lost = false;

  constructor(clients: Clients, options: StatementsOptions) {
    this.#clients = clients;
    this.#options = options;
  }

  /** ClickHouse did not answer while the store was about to close; from then on all statements fail immediately. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Rows of one statement with `{name:Type}` parameters.
   * @param order.signal aborts when nobody is waiting for the answer any more
   */
  async query<T>(query: string, params: Parameters = {}, { urgent = false, signal }: { urgent?: boolean; signal?: AbortSignal } = {}): Promise<T[]> {
    const client = urgent ? this.#clients.urgent : this.#clients.client;
    return this.#run(async (giveUp) => {
      const result = await client.query({
        query, query_params: { ...params }, format: 'JSONEachRow', abort_signal: signal ? AbortSignal.any([signal, giveUp]) : giveUp,
      });
      return result.json<T>();
    });
  }

  async command(query: string, params: Parameters = {}): Promise<void> {
    await this.#run((signal) => this.#clients.client.command({ query, query_params: { ...params }, abort_signal: signal }));
  }

  /** @param bytes in the format that the statement names */
  async insert(query: string, bytes: Uint8Array): Promise<void> {
    await this.#run(async (signal) => {
      const { stream } = await this.#clients.client.exec({ query, values: Readable.from([bytes], { objectMode: false }), abort_signal: signal });
      await stream.resume().toArray();
    });
  }

  /** The process is about to end: from now on each statement, running or still to come, may take `patienceMillis`. */
  drain(): void {
    if (this.#draining || this.#options.patienceMillis === undefined) return;
    this.#draining = true;
    for (const controller of this.#running) this.#limit(controller);
  }

  close(): Promise<void> {
    return this.#clients.client.close();
  }

  async #run<T>(statement: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#lost) throw notAnswering();
    const controller = new AbortController();
    this.#running.add(controller);
    if (this.#draining) this.#limit(controller);
    try {
      return await statement(controller.signal);
    } catch (error) {
      throw controller.signal.aborted ? notAnswering() : error;
    } finally {
      this.#running.delete(controller);
    }
  }

  #limit(controller: AbortController): void {
    setTimeout(() => {
      if (!this.#running.has(controller)) return;
      if (!this.#lost) this.#options.onLost();
      this.#lost = true;
      for (const each of this.#running) each.abort();
    }, this.#options.patienceMillis).unref();
  }
}

function notAnswering(): StoreError {
  return new StoreError('closed', 'the store closes while ClickHouse does not answer; what was not confirmed must be sent again');
}
