import { levels, type Level } from '#flow';
import { tables, type Table } from './columns.ts';
import type { Store } from './store.ts';

/**
 * What the review page asks. All text here is constant: what a user chose travels as parameters, and picks between constants at most.
 */

/** Which findings. A list means any of its values, `''` in it means unknown; all conditions must hold. Times in microseconds. */
export interface FindingFilter {
  readonly level?: readonly string[];
  readonly verdict?: readonly string[];
  readonly kind?: readonly string[];
  /** Country in which the peer is located. */
  readonly country?: readonly string[];
  readonly service?: readonly string[];
  /** Rule id. */
  readonly rule?: readonly string[];
  /** Address of the monitored endpoint. */
  readonly subject?: string;
  /** Token of an identifier. */
  readonly token?: string;
  readonly flow?: string;
  /** Part of the sentence, name, address, path, mask or file; case does not matter. */
  readonly text?: string;
  /** From this time on, and before that one. */
  readonly from?: number;
  readonly to?: number;
}

const conditions: Readonly<Record<keyof FindingFilter, string>> = {
  level: 'event_severity_name IN {level:Array(String)}',
  verdict: 'telltale_verdict IN {verdict:Array(String)}',
  kind: 'telltale_observable_kind IN {kind:Array(String)}',
  country: 'telltale_peer_located IN {country:Array(String)}',
  service: 'telltale_service IN {service:Array(String)}',
  rule: 'rule_id IN {rule:Array(String)}',
  subject: 'telltale_subject_ip = {subject:String}',
  token: 'telltale_observable_token = {token:String}',
  flow: 'telltale_flow_id = {flow:String}',
  text: `positionCaseInsensitiveUTF8(concatWithSeparator(' ', message, rule_name, destination_domain, source_ip, destination_ip, destination_as_organization_name,
    telltale_observable_path, telltale_observable_mask, telltale_evidence_file, event_id), {text:String}) > 0`,
  from: 'timestamp >= fromUnixTimestamp64Micro({from:Int64})',
  to: 'timestamp < fromUnixTimestamp64Micro({to:Int64})',
};

/** The conditions of a filter, without the one on `except`. */
function where(filter: FindingFilter, except?: keyof FindingFilter): { clause: string; params: Record<string, unknown> } {
  const params: Record<string, unknown> = {};
  const chosen: string[] = [];
  for (const name of Object.keys(conditions) as (keyof FindingFilter)[]) {
    const value = filter[name];
    if (value === undefined || name === except) continue;
    chosen.push(conditions[name]);
    params[name] = value;
  }
  return { clause: chosen.length === 0 ? '' : `WHERE ${chosen.join(' AND ')}`, params };
}

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

/** A page of the findings that fit the filter. */
export async function findFindings(store: Store, filter: FindingFilter, page: Page): Promise<StoredRecord[]> {
  const { clause, params } = where(filter);
  const order = page.descending ? 'DESC' : 'ASC';
  const rows = await store.query<StoredRecord>(
    `SELECT * FROM findings FINAL ${clause}
     ORDER BY ${sortings[page.sort]} ${order}, timestamp ${order}, event_id
     LIMIT {limit:UInt32} OFFSET {offset:UInt64}`,
    { ...params, limit: page.limit, offset: page.offset });
  return rows.map((row) => fromRow('findings', row));
}

/** The finding, or undefined. */
export async function findFinding(store: Store, id: string): Promise<StoredRecord | undefined> {
  const [row] = await store.query<StoredRecord>('SELECT * FROM findings FINAL WHERE event_id = {id:String}', { id });
  return row === undefined ? undefined : fromRow('findings', row);
}

/** Counts different values; findings over several subjects or peers, as correlations have, name none. */
const distinct = (column: string): string => `uniqExactIf(${column}, ${column} != '')`;

/** How often, by whom and to whom an identifier was disclosed. */
export interface TokenUse {
  readonly findings: number;
  readonly subjects: number;
  readonly peers: number;
}

export async function countToken(store: Store, token: string): Promise<TokenUse> {
  const [row] = await store.query<TokenUse>(
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

/** A flow and its first `limit` records in order, or undefined. */
export async function findFlow(store: Store, id: string, limit: number): Promise<{ totals: FlowTotals; records: StoredRecord[] } | undefined> {
  const [totals] = await store.query<FlowTotals>(
    `SELECT count() AS records, min(event_start) AS start, max(timestamp) AS last, sum(source_bytes) AS source_bytes, sum(source_packets) AS source_packets,
       sum(destination_bytes) AS destination_bytes, sum(destination_packets) AS destination_packets, max(telltale_handshake_rtt) AS rtt
     FROM flows FINAL WHERE telltale_flow_id = {id:String}`, { id });
  if (totals === undefined || totals.records === 0) return undefined;
  const rows = await store.query<StoredRecord>(
    'SELECT * FROM flows FINAL WHERE telltale_flow_id = {id:String} ORDER BY telltale_flow_sequence LIMIT {limit:UInt32}', { id, limit });
  return { totals: { ...totals, start: iso(totals.start), last: iso(totals.last) }, records: rows.map((row) => fromRow('flows', row)) };
}

const facets = {
  level: 'event_severity_name',
  verdict: 'telltale_verdict',
  kind: 'telltale_observable_kind',
  country: 'telltale_peer_located',
  service: 'telltale_service',
  rule: 'rule_id',
} as const;
export type Facet = keyof typeof facets;

export interface FacetValue {
  readonly value: string;
  /** What to show for the value; a rule's title. */
  readonly label: string;
  readonly count: number;
}

export interface FindingSummary {
  readonly findings: number;
  readonly violations: number;
  readonly indeterminate: number;
  readonly subjects: number;
  readonly identifiers: number;
  /** Counts by value, each under all conditions but its own, so that alternatives stay visible. Most frequent first, at most 100. */
  readonly facets: Readonly<Record<Facet, readonly FacetValue[]>>;
  readonly histogram: Histogram;
}

export interface Histogram {
  /** Seconds per bucket, and the start of the first one in seconds since 1970. */
  readonly width: number;
  readonly from: number;
  /** One entry per bucket up to the last that holds a finding: counts by level, least level first. */
  readonly buckets: readonly (readonly number[])[];
}

/** Counts over the findings that fit the filter. */
export async function summariseFindings(store: Store, filter: FindingFilter): Promise<FindingSummary> {
  const { clause, params } = where(filter);
  const [totals] = await store.query<Omit<FindingSummary, 'facets' | 'histogram'> & { first: number; last: number }>(
    `SELECT count() AS findings, countIf(telltale_verdict = 'violation') AS violations, countIf(telltale_verdict = 'indeterminate') AS indeterminate,
       ${distinct('telltale_subject_ip')} AS subjects, ${distinct('telltale_observable_token')} AS identifiers,
       intDiv(toUnixTimestamp64Micro(min(timestamp)), 1000000) AS first, intDiv(toUnixTimestamp64Micro(max(timestamp)), 1000000) AS last
     FROM findings FINAL ${clause}`, params);
  const { first, last, ...counts } = totals!;
  const counted = {} as Record<Facet, FacetValue[]>;
  for (const facet of Object.keys(facets) as Facet[]) counted[facet] = await countBy(store, facet, filter);
  return { ...counts, facets: counted, histogram: await histogram(store, filter, counts.findings, first, last) };
}

async function countBy(store: Store, facet: Facet, filter: FindingFilter): Promise<FacetValue[]> {
  const { clause, params } = where(filter, facet);
  return store.query<FacetValue>(
    `SELECT ${facets[facet]} AS value, ${facet === 'rule' ? 'any(rule_name)' : 'value'} AS label, count() AS count
     FROM findings FINAL ${clause} GROUP BY value ORDER BY count DESC, value LIMIT 100`, params);
}

const second = 1, minute = 60, hour = 3600, day = 86_400;
const widths = [second, 5, 15, 30, minute, 5 * minute, 15 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 7 * day, 30 * day, 365 * day, 3650 * day];
const mostBuckets = 60;

async function histogram(store: Store, filter: FindingFilter, findings: number, first: number, last: number): Promise<Histogram> {
  if (findings === 0) return { width: second, from: 0, buckets: [] };
  const width = widths.find((each) => Math.floor(last / each) - Math.floor(first / each) < mostBuckets) ?? widths.at(-1)!;
  const from = Math.floor(first / width) * width;
  const { clause, params } = where(filter);
  const rows = await store.query<{ bucket: number; level: Level; count: number }>(
    `SELECT intDiv(intDiv(toUnixTimestamp64Micro(timestamp), 1000000) - {start:Int64}, {width:Int64}) AS bucket, event_severity_name AS level, count() AS count
     FROM findings FINAL ${clause} GROUP BY bucket, level`, { ...params, start: from, width });
  const buckets = Array.from({ length: Math.floor((last - from) / width) + 1 }, () => levels.map(() => 0));
  for (const { bucket, level, count } of rows) {
    const counts = buckets[bucket];
    if (counts !== undefined && levels.includes(level)) counts[levels.indexOf(level)]! += count;
  }
  return { width, from, buckets };
}

/** From columns to fields. */
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
