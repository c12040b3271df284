import type { Finding, FlowRecord } from '#flow';
import type { Table as AnyTable } from './columns.ts';
import type { Statements } from './statements.ts';

type Table = Exclude<AnyTable, 'hits'>;

/**
 * Rollups are recomputed, never added to.
 *
 * A bucket (minute or hour) is one row of `<table>_1m_buckets` with all its cells; the row with the greatest `computed_at` counts, and
 * the views `<table>_1m`, `<table>_1h` unfold it. So a recomputation replaces the bucket as a whole: a replay adds nothing, and a cell
 * that no longer has rows is gone.
 *
 * With several writers: `computed_at` is read from the server's clock *before* the recomputing statement takes its snapshot. Say a
 * write is confirmed at w. Its writer then recomputes the bucket with some c >= w. Whichever computation wins has computed_at >= c >= w,
 * hence its snapshot is later than w and it saw the write. The winner therefore always saw all confirmed and recomputed writes, in
 * whatever order the recomputations arrive. (On a cluster the clocks of its servers must agree within the time that a refresh waits.)
 *
 * A writer that dies before its recomputation leaves buckets older than their rows; {@link staleMinutes} finds them.
 */
export interface Rollup {
  readonly table: Table;
  /** Columns of the table that distinguish the cells. */
  readonly dimensions: readonly string[];
  /** Columns of a cell: the expression that computes each from rows, and the one from the cells of minutes. */
  readonly measures: Readonly<Record<string, { readonly ofRows: string; readonly ofCells: string }>>;
}

export const rollups: readonly Rollup[] = [
  {
    table: 'flows',
    dimensions: [
      'observer_name', 'network_transport', 'network_protocol', 'telltale_encryption_verdict', 'telltale_service', 'telltale_role',
      'telltale_peer_located', 'telltale_peer_registered', 'telltale_peer_operated', 'destination_as_number',
      'destination_as_organization_name', 'telltale_policy_id', 'telltale_policy_verdict',
    ],
    measures: {
      records: { ofRows: 'count()', ofCells: 'sum(records)' },
      flows: { ofRows: 'countIf(telltale_flow_sequence = 0)', ofCells: 'sum(flows)' },
      source_bytes: { ofRows: 'sum(source_bytes)', ofCells: 'sum(source_bytes)' },
      source_packets: { ofRows: 'sum(source_packets)', ofCells: 'sum(source_packets)' },
      destination_bytes: { ofRows: 'sum(destination_bytes)', ofCells: 'sum(destination_bytes)' },
      destination_packets: { ofRows: 'sum(destination_packets)', ofCells: 'sum(destination_packets)' },
      observables: { ofRows: 'sum(length(telltale_observables.kind))', ofCells: 'sum(observables)' },
      observables_dropped: { ofRows: 'sum(telltale_observables_dropped)', ofCells: 'sum(observables_dropped)' },
    },
  },
  {
    table: 'findings',
    dimensions: [
      'observer_name', 'rule_id', 'rule_name', 'event_severity_name', 'telltale_verdict', 'telltale_observable_kind', 'network_protocol',
      'telltale_service', 'telltale_role', 'telltale_peer_located', 'telltale_peer_registered', 'telltale_peer_operated',
      'destination_as_number', 'destination_as_organization_name', 'telltale_policy_id', 'telltale_policy_verdict',
    ],
    measures: {
      findings: { ofRows: 'count()', ofCells: 'sum(findings)' },
      subjects: { ofRows: 'uniqState(telltale_subject_ip)', ofCells: 'uniqMergeState(subjects)' },
      identifiers: {
        ofRows: "uniqStateIf(telltale_observable_token, telltale_observable_token != '')",
        ofCells: 'uniqMergeState(identifiers)',
      },
    },
  },
];

/** Seconds since 1970 at which a minute (hour) begins. */
type Bucket = number;

const minute = 60;
const hour = 3600;
/** Buckets hold a ClickHouse DateTime, 1970 to 2106; a record outside of that is in its table, but in no rollup. */
const endOfTime = 2 ** 32;
/** Buckets per statement. */
const bucketsPerStatement = 1000;

/** The minutes waiting for recomputation. Bounded, since it holds minutes, not rows. */
export class DirtyMinutes {
  readonly #minutes: Record<Table, Set<Bucket>> = { flows: new Set(), findings: new Set() };

  get empty(): boolean {
    return this.#minutes.flows.size === 0 && this.#minutes.findings.size === 0;
  }

  add(table: Table, minutes: Iterable<Bucket>): void {
    for (const bucket of minutes) this.#minutes[table].add(bucket);
  }

  /**
   * Marks the minutes that records touch. When a capture has grown since it was last read, a flow's last record, which the end of the file
   * had closed, can move to a later minute. So the minutes just before a record are marked too, back to the start of its flow.
   */
  addFlows(records: readonly FlowRecord[]): void {
    const minutes = this.#minutes.flows;
    for (const record of records) {
      const last = bucketOf(record['@timestamp']);
      const first = Math.max(bucketOf(record['event.start']), last - reach);
      for (let bucket = last; bucket >= first && bucket >= 0; bucket -= minute) minutes.add(bucket);
    }
  }

  addFindings(findings: readonly Finding[]): void {
    const minutes = this.#minutes.findings;
    for (const finding of findings) {
      const bucket = bucketOf(finding['@timestamp']);
      if (bucket >= 0) minutes.add(bucket);
    }
  }

  /** Takes the waiting minutes of a table. */
  take(table: Table): Bucket[] {
    const minutes = [...this.#minutes[table]].sort((a, b) => a - b);
    this.#minutes[table].clear();
    return minutes;
  }
}

/** From how far back a growing capture can move a record, in seconds: longer than the time between two records of a running flow. */
const reach = 5 * minute;

/** Start of the minute of a time in microseconds; -1 when no bucket can hold it. */
function bucketOf(micros: number): Bucket {
  const seconds = Math.floor(micros / 1e6);
  return seconds >= 0 && seconds < endOfTime ? seconds - seconds % minute : -1;
}

/** Recomputes the given minutes of a table's rollup, then their hours. */
export async function recompute(statements: Statements, rollup: Rollup, minutes: readonly Bucket[]): Promise<void> {
  const hours = [...new Set(minutes.map((bucket) => bucket - bucket % hour))];
  await run(statements, statement(rollup, '1m', `${rollup.table} FINAL`, 'toStartOfMinute', 'ofRows'), minutes, minute);
  await run(statements, statement(rollup, '1h', `${rollup.table}_1m`, 'toStartOfHour', 'ofCells'), hours, hour);
}

async function run(statements: Statements, query: string, buckets: readonly Bucket[], width: number): Promise<void> {
  for (let start = 0; start < buckets.length; start += bucketsPerStatement) {
    const part = buckets.slice(start, start + bucketsPerStatement);
    const [clock] = await statements.query<{ now: string }>('SELECT toString(toUnixTimestamp64Micro(now64(6))) AS now');
    await statements.command(query, { buckets: part, from: part[0]!, to: Math.min(part.at(-1)! + width, endOfTime - 1), computed_at: clock!.now });
  }
}

/** The statement joins from the wanted buckets, so that a bucket without rows is written too, as an empty one. */
function statement(
  { table, dimensions, measures }: Rollup,
  step: '1m' | '1h',
  source: string,
  startOf: string,
  origin: 'ofRows' | 'ofCells',
): string {
  const cells = [...dimensions, ...Object.keys(measures)];
  return `INSERT INTO ${table}_${step}_buckets (timestamp, ${cells.map((cell) => `cells.${cell}`).join(', ')}, computed_at)
SELECT bucket, ${cells.map((cell) => `cell_${cell}`).join(', ')}, fromUnixTimestamp64Micro({computed_at:Int64}, 'UTC')
FROM (SELECT toDateTime(arrayJoin({buckets:Array(UInt32)}), 'UTC') AS bucket) AS wanted
LEFT JOIN (
  SELECT bucket, ${cells.map((cell) => `groupArray(one_${cell}) AS cell_${cell}`).join(', ')}
  FROM (
    SELECT toDateTime(${startOf}(timestamp), 'UTC') AS bucket,
      ${dimensions.map((dimension) => `${dimension} AS one_${dimension}`).join(', ')},
      ${Object.entries(measures).map(([measure, from]) => `${from[origin]} AS one_${measure}`).join(', ')}
    FROM ${source}
    WHERE timestamp >= toDateTime({from:UInt32}, 'UTC') AND timestamp < toDateTime({to:UInt32}, 'UTC')
      AND toUnixTimestamp(${startOf}(timestamp)) IN {buckets:Array(UInt32)}
    GROUP BY bucket, ${dimensions.join(', ')}
  )
  GROUP BY bucket
) AS computed USING bucket`;
}

/**
 * Minutes with rows newer than their bucket, whose writer died before it recomputed them. `ingested_at` is set when an insert begins, and a
 * slow insert may be confirmed after a computation; so the last minutes before each computation are included.
 */
export async function staleMinutes(statements: Statements, { table }: Rollup): Promise<Bucket[]> {
  const rows = await statements.query<{ minute: number }>(`SELECT toUnixTimestamp(bucket) AS minute
FROM (
  SELECT toDateTime(toStartOfMinute(timestamp), 'UTC') AS bucket, max(ingested_at) AS latest
  FROM ${table}
  WHERE timestamp >= toDateTime(0, 'UTC') AND timestamp < toDateTime(4294967295, 'UTC')
  GROUP BY bucket
) AS stored
LEFT JOIN (SELECT timestamp AS bucket, computed_at FROM ${table}_1m_buckets FINAL) AS computed USING bucket
WHERE latest >= computed_at - INTERVAL 5 MINUTE`);
  return rows.map((row) => Number(row.minute));
}
