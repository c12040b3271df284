import { levels } from '#flow';
import { tables, type Table } from './columns.ts';
import { parametersOf, where, type FindingFilter } from './finding-filter.ts';
import type { Asked } from './store.ts';

export type { FindingFilter } from './finding-filter.ts';

/**
 * The queries of the review page. All SQL here is constant: a user's choices travel as parameters, or select between constants.
 */

/** A stored record under its field names; times as ISO 8601 with microseconds, observables as objects. */
export type StoredRecord = Record<string, unknown>;

const severity = `indexOf([${levels.map((level) => `'${level}'`).join(', ')}], event_severity_name)`;

const sortings = {
  time: 'timestamp',
  level: `(${severity}, event_risk_score)`,
  risk: 'event_risk_score',
  rule: 'rule_name',
  kind: 'telltale_observable_kind',
  subject: 'telltale_subject_ip',
  peer: 'if(destination_domain = \'\', telltale_peer_ip, destination_domain)',
  country: 'telltale_peer_located',
  service: 'telltale_service',
} as const;
export type FindingSorting = keyof typeof sortings;
export const findingSortings = Object.keys(sortings) as FindingSorting[];

export interface Page {
  readonly sort: FindingSorting;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** A page of the findings that match the filter. */
export async function findFindings(store: Asked, filter: FindingFilter, page: Page): Promise<StoredRecord[]> {
  const order = page.descending ? 'DESC' : 'ASC';
  const rows = await store.ask<StoredRecord>(
    `SELECT * FROM findings FINAL ${where(filter)}
     ORDER BY ${sortings[page.sort]} ${order}, timestamp ${order}, event_id
     LIMIT {limit:UInt32} OFFSET {offset:UInt64}`,
    { ...parametersOf(filter), limit: page.limit, offset: page.offset });
  return rows.map((row) => fromRow('findings', row));
}

/** The finding, or undefined when there is none. */
export async function findFinding(store: Asked, id: string): Promise<StoredRecord | undefined> {
  const [row] = await store.ask<StoredRecord>('SELECT * FROM findings FINAL WHERE event_id = {id:String}', { id });
  return row === undefined ? undefined : fromRow('findings', row);
}

/** Counts distinct values. Findings over several subjects or peers, such as correlations, have none. */
const distinct = (column: string): string => `uniqExactIf(${column}, ${column} != '')`;

/** How often, by whom and to whom an identifier was disclosed. */
export interface TokenUse {
  readonly findings: number;
  readonly subjects: number;
  readonly peers: number;
}

export async function countToken(store: Asked, token: string): Promise<TokenUse> {
  const [row] = await store.ask<TokenUse>(
    `SELECT count() AS findings, ${distinct('telltale_subject_ip')} AS subjects, ${distinct('telltale_peer_ip')} AS peers
     FROM findings FINAL WHERE telltale_observable_token = {token:String}`, { token });
  return row!;
}

/** A flow as a whole: the sums over its records. */
export interface FlowTotals {
  readonly records: number;
  readonly start: string;
  readonly last: string;
  readonly source_bytes: number;
  readonly source_packets: number;
  readonly destination_bytes: number;
  readonly destination_packets: number;
  /** Largest handshake round trip reported, in microseconds; 0 is unknown. */
  readonly rtt: number;
}

/** A flow and its first `limit` records in order, or undefined when there is none. */
export async function findFlow(store: Asked, id: string, limit: number): Promise<{ totals: FlowTotals; records: StoredRecord[] } | undefined> {
  const [totals] = await store.ask<FlowTotals>(
    `SELECT count() AS records, min(event_start) AS start, max(timestamp) AS last, sum(source_bytes) AS source_bytes,
       sum(source_packets) AS source_packets, sum(destination_bytes) AS destination_bytes,
       sum(destination_packets) AS destination_packets, max(telltale_handshake_rtt) AS rtt
     FROM flows FINAL WHERE telltale_flow_id = {id:String}`, { id });
  if (totals === undefined || totals.records === 0) return undefined;
  const rows = await store.ask<StoredRecord>(
    'SELECT * FROM flows FINAL WHERE telltale_flow_id = {id:String} ORDER BY telltale_flow_sequence LIMIT {limit:UInt32}', { id, limit });
  return { totals: { ...totals, start: iso(totals.start), last: iso(totals.last) }, records: rows.map((row) => fromRow('flows', row)) };
}

/** Columns to fields. */
function fromRow(table: Table, row: Readonly<Record<string, unknown>>): StoredRecord {
  const record: StoredRecord = {};
  for (const { field, type, columns } of tables[table]) {
    if (type === 'observables') record[field] = transpose(columns.map(({ name }) => [name.slice(name.lastIndexOf('.') + 1), row[name] as unknown[]]));
    else record[field] = type === 'micros' ? iso(row[columns[0]!.name] as string) : row[columns[0]!.name];
  }
  return record;
}

function transpose(members: (readonly [string, unknown[]])[]): Record<string, unknown>[] {
  return members[0]![1].map((_, index) => Object.fromEntries(members.map(([name, list]) => [name, list[index]])));
}

/** ClickHouse's `2020-03-01 12:00:00.123456` in UTC. */
function iso(timestamp: string): string {
  return `${timestamp.replace(' ', 'T')}Z`;
}
