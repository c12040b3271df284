import { createFinding, createFlowRecord, findingId, flowId, recordId, type Finding, type FlowRecord } from '#flow';
import { temporaryFolder } from '../../test/support/folder.ts';
import { openEmbedded } from './embedded.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';

/** An embedded store with its schema, in a folder that is deleted at the end of the scope. Rollups are refreshed only on demand. */
export async function temporaryStore(options: Partial<StoreOptions> = {}): Promise<AsyncDisposable & { store: Store; path: string }> {
  const folder = await temporaryFolder('store');
  const store = await openStore({ path: folder.path, rollupInterval: 3_600_000, ...options });
  await store.migrate();
  return {
    store,
    path: folder.path,
    async [Symbol.asyncDispose]() {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** 2020-03-01T12:00:00Z in microseconds. */
export const noon = Date.UTC(2020, 2, 1, 12) * 1000;

/** The only record of flow number `index`, which begins `index` seconds after {@link noon}. */
export function flowRecord(index: number, changes: Partial<FlowRecord> = {}): FlowRecord {
  const begin = noon + index * 1_000_000;
  const id = flowId('probe-1', `1:${index}`, begin);
  return Object.assign(createFlowRecord(), {
    'event.id': recordId(id, 0),
    'telltale.flow.id': id,
    'event.start': begin,
    '@timestamp': begin + 123_456,
    'observer.name': 'probe-1',
    'telltale.subject.ip': '192.168.1.7',
    'source.bytes': 200 + index,
    'telltale.peer.located': index % 2 === 0 ? 'US' : 'CN',
    ...changes,
  });
}

export function flowRecords(count: number, changes: Partial<FlowRecord> = {}): FlowRecord[] {
  return Array.from({ length: count }, (_, index) => flowRecord(index, changes));
}

/** A finding of rule `rule-1` about `record`. */
export function findingAbout(record: FlowRecord, changes: Partial<Finding> = {}): Finding {
  return Object.assign(createFinding(record), {
    'event.id': findingId('rule-1', record['event.id'], 'tk1.00000000.token', 'udp.payload@12'),
    'rule.id': 'rule-1',
    'rule.name': 'User id in clear',
    'event.severity_name': 'high',
    'telltale.verdict': 'violation',
    'telltale.observable.kind': 'user_id',
    'telltale.observable.token': 'tk1.00000000.token',
    ...changes,
  });
}

/** Number of rows of a table or view. */
export async function count(store: Store, source: string): Promise<number> {
  const [row] = await store.query<{ n: number }>(`SELECT count() AS n FROM ${source}`);
  return row!.n;
}

/** Runs statements that {@link Store.query} does not offer, on a connection of their own to the data folder. */
export async function run(path: string, ...statements: string[]): Promise<void> {
  const { client } = await openEmbedded(path);
  for (const query of ['USE telltale', ...statements]) await client.command({ query });
  await client.close();
}

/** Changes the rows of a table as if they had been stored `interval` (such as `31 DAY`) earlier. */
export async function age(path: string, table: string, interval: string): Promise<void> {
  await run(path,
    `CREATE TABLE aged AS ${table}`,
    `INSERT INTO aged SELECT * REPLACE (ingested_at - INTERVAL ${interval} AS ingested_at) FROM ${table}`,
    `EXCHANGE TABLES aged AND ${table}`,
    'DROP TABLE aged');
}
