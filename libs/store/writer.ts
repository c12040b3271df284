import { setTimeout as sleep } from 'node:timers/promises';
import { tables, type Table } from './columns.ts';
import { classify, describe, StoreError } from './errors.ts';
import { RowBinaryEncoder, UnencodableValue } from './row-binary.ts';
import type { Statements } from './statements.ts';

/** A row that the store cannot accept, however often it is sent. */
export interface Rejection {
  /** `event.id` of the record. */
  readonly id: string;
  /** Field, or the server's error name; never a value. */
  readonly reason: string;
}

export interface WriterOptions {
  /** An insert is sent once it holds so many bytes. */
  readonly maxInsertBytes: number;
  /** Wait before the first retry; it doubles up to `maxBackoff`. Milliseconds. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /** Called before each wait. */
  readonly retrying: (table: Table, reason: string, attempt: number) => void;
  /** Ends the wait between attempts. */
  readonly closing: AbortSignal;
}

export type Row = Readonly<Record<string, unknown>> & { readonly 'event.id': string };

/** Inserts in RowBinary, retrying each batch until the server has confirmed it. Not reentrant: one insert at a time. */
export class Writer {
  readonly #statements: Pick<Statements, 'insert'>;
  readonly #options: WriterOptions;
  readonly #encoder = new RowBinaryEncoder();
  /** Rejections of the insert in progress. */
  #rejections: Rejection[] = [];

  constructor(statements: Pick<Statements, 'insert'>, options: WriterOptions) {
    this.#statements = statements;
    this.#options = options;
  }

  /**
   * Resolves once each row is confirmed or rejected. Rejects with a {@link StoreError} `refused` when the server accepts no row at all,
   * `closed` when the store closes meanwhile.
   */
  async insert(table: Table, rows: readonly Row[]): Promise<{ confirmed: number; rejections: readonly Rejection[] }> {
    this.#rejections = [];
    let confirmed = 0;
    let batch: Row[] = [];
    this.#encoder.clear();
    for (const row of rows) {
      if (!this.#encode(table, row)) continue;
      batch.push(row);
      if (this.#encoder.length < this.#options.maxInsertBytes) continue;
      confirmed += await this.#send(table, batch);
      batch = [];
      this.#encoder.clear();
    }
    confirmed += await this.#send(table, batch);
    return { confirmed, rejections: this.#rejections };
  }

  #encode(table: Table, row: Row): boolean {
    try {
      this.#encoder.row(tables[table], row);
      return true;
    } catch (error) {
      if (!(error instanceof UnencodableValue)) throw error;
      this.#rejections.push({ id: row['event.id'], reason: error.message });
      return false;
    }
  }

  /** Sends the contents of the encoder, which are `rows`. */
  async #send(table: Table, rows: readonly Row[]): Promise<number> {
    if (rows.length === 0) return 0;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#statements.insert(insertStatements[table], this.#encoder.bytes());
        return rows.length;
      } catch (error) {
        if (error instanceof StoreError) throw error;
        switch (classify(error)) {
          case 'refused':
            throw new StoreError(
              'refused',
              `ClickHouse refuses inserts into ${table}: ${describe(error)}. Check the schema (telltale migrate) and the user's rights.`,
              { cause: error },
            );
          case 'row':
            return this.#bisect(table, rows, describe(error));
          case 'retry':
            this.#options.retrying(table, describe(error), attempt);
            await this.#backOff(attempt);
        }
      }
    }
  }

  /** Finds the rows to blame for a refusal. Halving finds one in 2 log2(n) inserts; rows that are sent twice collapse by id. */
  async #bisect(table: Table, rows: readonly Row[], reason: string): Promise<number> {
    if (rows.length === 1) {
      this.#rejections.push({ id: rows[0]!['event.id'], reason });
      return 0;
    }
    let confirmed = 0;
    const middle = rows.length >> 1;
    for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
      this.#encoder.clear();
      for (const row of half) this.#encoder.row(tables[table], row);
      confirmed += await this.#send(table, half);
    }
    return confirmed;
  }

  async #backOff(attempt: number): Promise<void> {
    const { backoff, maxBackoff, closing } = this.#options;
    const wait = Math.min(maxBackoff, backoff * 2 ** (attempt - 1));
    try {
      await sleep(wait * (0.5 + Math.random() / 2), undefined, { signal: closing });
    } catch {
      throw new StoreError('closed', 'the store was closed while ClickHouse could not be reached; what was not confirmed must be sent again');
    }
  }
}

const insertStatements: Readonly<Record<Table, string>> = {
  flows: insertStatement('flows'),
  findings: insertStatement('findings'),
  hits: insertStatement('hits'),
};

function insertStatement(table: Table): string {
  const names = tables[table].flatMap(({ columns }) => columns.map(({ name }) => name));
  return `INSERT INTO ${table} (${names.join(', ')}) FORMAT RowBinary`;
}
