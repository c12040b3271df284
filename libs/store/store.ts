import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import type { Finding, FlowRecord, Hit } from '#flow';
import type { Table } from './columns.ts';
import { openEmbedded } from './embedded.ts';
import { describe, StoreError } from './errors.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/migrations.ts';
import { DirtyMinutes, recompute, rollups, staleMinutes, type Rollup } from './rollups.ts';
import { Statements, type Clients, type Parameters } from './statements.ts';
import { Writer, type Row } from './writer.ts';

export { ownerOf } from './embedded.ts';
export { StoreError, type StoreErrorCode } from './errors.ts';
export * from './findings-summary.ts';
export * from './queries.ts';

export interface StoreOptions {
  /** A ClickHouse server, 24.8 or later: `http://user:password@host:8123`. Either this or `path`. */
  readonly url?: string;
  /** Data folder of the embedded ClickHouse; created when missing. */
  readonly path?: string;
  /** Default `telltale`. */
  readonly database?: string;
  /** Called when something is retried, late, or given up, with one sentence for the log, without values. */
  readonly warn?: (message: string) => void;
  /** How long a server may take for one statement before it is told to stop, milliseconds. Default 30 000. */
  readonly statementTimeout?: number;
  /** How long a store that is drained or closed waits for a server that does not answer, milliseconds. Default 5 000. */
  readonly patience?: number;
  /** Bytes per insert. Default 16 MiB. */
  readonly maxInsertBytes?: number;
  /** Milliseconds before the first retry, doubling up to `maxBackoff`. Defaults 200 and 15 000. */
  readonly backoff?: number;
  readonly maxBackoff?: number;
  /** How far rollups may lag behind the rows, milliseconds. Default 10 000. */
  readonly rollupInterval?: number;
}

/** Totals since the store was opened; read them when metrics are collected. */
export interface StoreCounters {
  flows: number;
  findings: number;
  /** Matches that correlations count. */
  hits: number;
  /** Rows that ClickHouse cannot accept. */
  rejected: number;
  /** Inserts that were retried. */
  retries: number;
  /** Minutes recomputed. */
  rollupMinutes: number;
  /** Recomputations that failed; their minutes are retried with the next. */
  rollupFailures: number;
}

/** Opens ClickHouse, embedded or a server; from there on both get the same statements. Rejects with a {@link StoreError}. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, path, database = 'telltale' } = options;
  if (!/^\w+$/.test(database)) throw new TypeError(`database ${JSON.stringify(database)} must consist of letters, digits and underscores`);
  if ((url === undefined) === (path === undefined))
    throw new TypeError('a store needs either url (a server) or path (a folder for the embedded ClickHouse)');
  if (url !== undefined) {
    const client = connect(url, database, options);
    return new Store({ client, urgent: client }, () => migrateAt(url, database), options); // a server answers many at a time
  }

  const clients = await openEmbedded(path!);
  const { client } = clients;
  const failed = (error: unknown): never => { throw unusable(path!, error); };
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` }).catch(failed);
  await client.command({ query: `USE ${database}` }).catch(failed); // chdb does not read the client's `database`; its connection is one session
  return new Store(clients, () => migrate(client, migrations).catch(failed), options);
}

/** The engine's own words name no folder. */
function unusable(path: string, error: unknown): unknown {
  const { type } = error as { type?: unknown };
  if (error instanceof StoreError || typeof type !== 'string') return error;
  const reason = type === 'NOT_ENOUGH_SPACE' ? 'no space is left on its disk' : describe(error);
  return new StoreError('query-failed', `the embedded ClickHouse cannot use ${path}: ${reason}`);
}

function connect(url: string, database: string, { statementTimeout = 30_000 }: Pick<StoreOptions, 'statementTimeout'> = {}): ClickHouseClient {
  return createClient({
    url,
    database,
    request_timeout: statementTimeout,
    application: 'telltale',
    log: { level: ClickHouseLogLevel.OFF }, // it would log server errors, which quote values of rows
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 0, // counts are numbers, as in the embedded engine
      max_execution_time: Math.ceil(statementTimeout / 1000), // else a server would continue with statements that nobody waits for any more
    },
  });
}

/** How long a server may take for one statement of a migration, which may go through everything that is stored, ms. */
const migrationTimeout = 6 * 3_600_000;

async function migrateAt(url: string, database: string): Promise<string[]> {
  await createDatabaseAt(url, database);
  const client = connect(url, database, { statementTimeout: migrationTimeout });
  try {
    return await migrate(client, migrations);
  } finally {
    await client.close();
  }
}

/**
 * Creates the database. It is the first request to the server, and so the one that says which server does not answer: by its address only,
 * since a URL may hold a password.
 */
async function createDatabaseAt(url: string, database: string): Promise<void> {
  try {
    await createDatabase(connect(url, 'default'), database);
  } catch (error) {
    const { code = '', message: text } = error as NodeJS.ErrnoException;
    const reason = /^E[A-Z]+$/.test(code) ? code : text === 'Timeout error.' ? 'no answer in time' : undefined;
    if (reason === undefined) throw error;
    const message = `ClickHouse at ${new URL(url).host} does not answer (${reason}). Start it, or set CLICKHOUSE_URL.`;
    throw new StoreError('query-failed', message, { cause: error });
  }
}

/** Creates the database unless it exists: where an administrator made it, our user may not be allowed to create one. */
async function createDatabase(client: ClickHouseClient, database: string): Promise<void> {
  const existing = await client.query({
    query: 'SELECT name FROM system.databases WHERE name = {database:String}',
    query_params: { database },
    format: 'JSONEachRow',
  });
  if ((await existing.json()).length === 0) await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` });
  await client.close();
}

/** Where queries go for which a person is waiting. */
export type Asked = Pick<Store, 'ask'>;

export class Store {
  readonly counters: StoreCounters = { flows: 0, findings: 0, hits: 0, rejected: 0, retries: 0, rollupMinutes: 0, rollupFailures: 0 };
  readonly #statements: Statements;
  readonly #migrate: () => Promise<string[]>;
  readonly #writer: Writer;
  readonly #warn: (message: string) => void;
  readonly #rollupInterval: number;
  readonly #dirty = new DirtyMinutes();
  readonly #closing = new AbortController();
  /** The latest write: writes run one after the other. */
  #writes: Promise<unknown> = Promise.resolve();
  #refreshing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #lookedForStale = false;
  #trouble = '';

  constructor(clients: Clients, migrate: () => Promise<string[]>, options: StoreOptions) {
    this.#migrate = migrate;
    this.#warn = options.warn ?? (() => {});
    const patienceMillis = options.url === undefined ? undefined : options.patience ?? 5_000;
    this.#statements = new Statements(clients, {
      patienceMillis,
      onLost: () => this.#warn(`ClickHouse has not answered for ${patienceMillis! / 1000} s: the store closes without it, `
        + 'and what was not confirmed must be sent again'),
    });
    this.#rollupInterval = options.rollupInterval ?? 10_000;
    this.#writer = new Writer(this.#statements, {
      maxInsertBytes: options.maxInsertBytes ?? 16 << 20,
      backoff: options.backoff ?? 200,
      maxBackoff: options.maxBackoff ?? 15_000,
      closing: this.#closing.signal,
      retrying: (table, reason, attempt) => {
        this.counters.retries++;
        this.#trouble = `insert into ${table} failed: ${reason}`;
        this.#warn(`${this.#trouble}; attempt ${attempt}, trying again`);
      },
    });
  }

  /** Why an insert is being retried; empty when the last one succeeded. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Brings the schema up to date. Resolves to the names of the migrations it applied, none when there was nothing to do. */
  async migrate(): Promise<string[]> {
    const applied = await this.#migrate();
    this.#scheduleRefresh();
    return applied;
  }

  /**
   * Stores records, hits and findings, records first, so that no finding is without its flow. Resolves once ClickHouse has confirmed all;
   * until then it retries. Idempotent: what is sent again replaces the same rows. Calls run one after the other. Rejects with a {@link
   * StoreError} `refused` (schema, permissions) or `closed`; then none of them may be assumed to be stored.
   */
  async write(flows: readonly FlowRecord[], findings: readonly Finding[], hits: readonly Hit[] = []): Promise<void> {
    if (this.#closing.signal.aborted) throw new StoreError('closed', 'the store is closed');
    const write = this.#writes.then(() => this.#write(flows, findings, hits));
    this.#writes = write.catch(() => {});
    await write;
  }

  async #write(flows: readonly FlowRecord[], findings: readonly Finding[], hits: readonly Hit[]): Promise<void> {
    try {
      this.counters.flows += await this.#insert('flows', flows);
      this.counters.hits += await this.#insert('hits', hits);
      this.counters.findings += await this.#insert('findings', findings);
      this.#trouble = '';
    } finally { // a failed write may have stored some of it
      this.#dirty.addFlows(flows);
      this.#dirty.addFindings(findings);
      this.#scheduleRefresh();
    }
  }

  async #insert(table: Table, rows: readonly Row[]): Promise<number> {
    const { confirmed, rejections } = await this.#writer.insert(table, rows);
    const [first] = rejections;
    if (first !== undefined) {
      this.counters.rejected += rejections.length;
      this.#warn(`rows of ${table} cannot be stored and are given up (${rejections.length}; the first is ${first.id}): ${first.reason}`);
    }
    return confirmed;
  }

  /**
   * Runs one statement with `{name:Type}` parameters. Tables need `FINAL`, the rollup views do not.
   * Rejects with a {@link StoreError} `query-failed` whose cause is ClickHouse's own error.
   */
  query<T>(sql: string, params: Parameters = {}): Promise<T[]> {
    return this.#rows<T>(sql, params, { urgent: false });
  }

  /** Like {@link query}, when a person is waiting for the answer: where statements queue, this one goes before inserts and detections. */
  ask<T>(sql: string, params: Parameters = {}): Promise<T[]> {
    return this.#rows<T>(sql, params, { urgent: true });
  }

  /** Queries for a person who may stop waiting: the statement is then given up, and its promise rejects. */
  until(signal: AbortSignal): Asked {
    return { ask: (sql, params = {}) => this.#rows(sql, params, { urgent: true, signal }) };
  }

  async #rows<T>(sql: string, params: Parameters, order: { urgent: boolean; signal?: AbortSignal }): Promise<T[]> {
    try {
      return await this.#statements.query<T>(sql, params, order);
    } catch (error) {
      throw new StoreError('query-failed', `ClickHouse did not answer a query: ${describe(error)}`, { cause: error });
    }
  }

  /**
   * How far scheduled detections have come, by name: times in µs, by the store's own clock. `now` is that clock, read first: rows confirmed
   * after `now` may be missed by queries that follow, so that the next run has to begin there.
   */
  async detectionRuns(): Promise<{ now: number; until: ReadonlyMap<string, number> }> {
    const [clock] = await this.query<{ now: string }>('SELECT toString(toUnixTimestamp64Micro(now64(6))) AS now');
    const rows = await this.query<{ name: string; until: string }>(
      'SELECT name, toString(toUnixTimestamp64Micro(max(until))) AS until FROM detection_runs GROUP BY name',
    );
    return { now: Number(clock!.now), until: new Map(rows.map(({ name, until }) => [name, Number(until)])) };
  }

  /** Records that a scheduled detection has seen everything stored before `until`, µs. Rejects with a {@link StoreError} `query-failed`. */
  async recordDetectionRun(name: string, until: number): Promise<void> {
    try {
      await this.#statements.command(
        "INSERT INTO detection_runs (name, until) SELECT {name:String}, fromUnixTimestamp64Micro({until:Int64}, 'UTC')",
        { name, until: String(until) },
      );
    } catch (error) {
      throw new StoreError('query-failed', `ClickHouse did not take a note of a detection run: ${describe(error)}`, { cause: error });
    }
  }

  /** Those of the findings that are not stored yet. */
  async withoutStored(findings: readonly Finding[]): Promise<Finding[]> {
    const stored = new Set<string>();
    // Parameters are sent in the URL, whose length servers limit.
    for (let from = 0; from < findings.length; from += 1000) {
      const part = findings.slice(from, from + 1000);
      const rows = await this.query<{ id: string }>(
        `SELECT DISTINCT event_id AS id FROM findings
          WHERE event_id IN {ids:Array(String)} AND toUnixTimestamp64Micro(timestamp) IN {times:Array(Int64)}`,
        { ids: part.map((finding) => finding['event.id']), times: [...new Set(part.map((finding) => finding['@timestamp']))] },
      );
      for (const { id } of rows) stored.add(id);
    }
    return findings.filter((finding) => !stored.has(finding['event.id']));
  }

  /** Brings the rollups up to date with what was written. This also happens within `rollupInterval`, and on close. */
  async refreshRollups(): Promise<void> {
    const refresh = this.#refreshing.then(() => this.#refresh());
    this.#refreshing = refresh.catch(() => {});
    await refresh;
  }

  async #refresh(): Promise<void> {
    for (const rollup of rollups) await this.#recompute(rollup);
    if (this.#lookedForStale) return;
    // Last, since it reads a column of the whole table: what was just written must not wait for that, nor be delayed when it fails.
    for (const rollup of rollups) this.#dirty.add(rollup.table, await staleMinutes(this.#statements, rollup));
    this.#lookedForStale = true;
    for (const rollup of rollups) await this.#recompute(rollup);
  }

  async #recompute(rollup: Rollup): Promise<void> {
    const minutes = this.#dirty.take(rollup.table);
    try {
      await recompute(this.#statements, rollup, minutes);
      this.counters.rollupMinutes += minutes.length;
    } catch (error) {
      this.#dirty.add(rollup.table, minutes);
      throw error;
    }
  }

  #scheduleRefresh(): void {
    if (this.#timer !== undefined || this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#refreshOrWarn();
    }, this.#rollupInterval).unref();
  }

  async #refreshOrWarn(): Promise<void> {
    try {
      await this.refreshRollups();
    } catch (error) {
      this.counters.rollupFailures++;
      if (this.#statements.lost) return;
      this.#warn(`the rollups could not be computed (${describe(error)}): trying again`);
      this.#scheduleRefresh();
    }
  }

  /** The process is about to end: from now on the store waits at most `patience` for a server that does not answer. */
  drain(): void {
    this.#statements.drain();
  }

  /**
   * Waits for the write in progress (one that waits for the server is given up), brings the rollups up to date and disconnects. If the server does
   * not answer, the next process that opens the store completes the rollups.
   */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.drain();
    clearTimeout(this.#timer);
    await this.#writes;
    if (!this.#dirty.empty && !this.#statements.lost) await this.#refreshOrWarn();
    await this.#refreshing;
    await this.#statements.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
