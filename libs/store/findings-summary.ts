import { levels, type Level } from '#flow';
import { allOf, conditionsOf, parametersOf, where, type FindingFilter } from './finding-filter.ts';
import type { Asked } from './store.ts';

const facets = {
  level: 'event_severity_name',
  verdict: 'telltale_verdict',
  kind: 'telltale_observable_kind',
  country: 'telltale_peer_located',
  service: 'telltale_service',
  rule: 'rule_id',
} as const;
export type Facet = keyof typeof facets;
const facetNames = Object.keys(facets) as Facet[];

/** Columns whose distinct values are counted. Findings over several subjects or peers, such as correlations, have none. */
const distinct = { subjects: 'telltale_subject_ip', identifiers: 'telltale_observable_token' } as const;

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
  /** Counts by value, under all conditions except the facet's own, so that alternatives stay visible. Most frequent first, at most 100. */
  readonly facets: Readonly<Record<Facet, readonly FacetValue[]>>;
  readonly histogram: Histogram;
}

export interface Histogram {
  /** Seconds per bucket, and the start of the first one in seconds since 1970. */
  readonly width: number;
  readonly from: number;
  /** One entry per bucket up to the last that holds a finding: counts by level, lowest level first. */
  readonly buckets: readonly (readonly number[])[];
}

/** A row of the answer. */
interface Counted {
  readonly part: 'histogram' | Facet | keyof typeof distinct;
  /** For a facet. */
  readonly value: string;
  readonly label: string;
  /** For the histogram: seconds since 1970. */
  readonly bucket: number;
  readonly level: Level;
  readonly verdict: string;
  readonly width: number;
  readonly count: number;
}

/** Counts over the findings that match the filter. One statement in a single pass: an embedded store answers one statement at a time. */
export async function summariseFindings(store: Asked, filter: FindingFilter): Promise<FindingSummary> {
  const rows = await store.ask<Counted>(statement(filter), parametersOf(filter));
  const of = (part: Counted['part']): Counted[] => rows.filter((row) => row.part === part);
  const inTime = of('histogram');
  const withVerdict = (verdict: string): Counted[] => inTime.filter((row) => row.verdict === verdict);
  return {
    findings: sum(inTime),
    violations: sum(withVerdict('violation')),
    indeterminate: sum(withVerdict('indeterminate')),
    subjects: sum(of('subjects')),
    identifiers: sum(of('identifiers')),
    facets: facetsOf(rows),
    histogram: histogram(inTime),
  };
}

function facetsOf(rows: readonly Counted[]): FindingSummary['facets'] {
  const counts: Record<Facet, FacetValue[]> = { level: [], verdict: [], kind: [], country: [], service: [], rule: [] };
  for (const { part, value, label, count } of rows) if (part in counts) counts[part as Facet].push({ value, label, count });
  return counts;
}

const second = 1, minute = 60, hour = 3600, day = 86_400;
/** The widest covers every time that ClickHouse can represent. */
const widths = [
  second, 5, 15, 30, minute, 5 * minute, 15 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 7 * day, 30 * day, 365 * day,
  3650 * day,
];
const mostBuckets = 60;
const mostValues = 100;

const seconds = 'intDiv(toUnixTimestamp64Micro(timestamp), 1000000)';

/**
 * Counts each finding by every facet, by time bucket, by subject and by identifier, with GROUPING SETS: columns that a set does not group by are
 * empty. `missed` is the number, from 1, of the facet whose condition the finding does not meet; a finding that misses two is in no count.
 */
function statement(filter: FindingFilter): string {
  const conditions = conditionsOf(filter);
  const others = Object.entries(conditions).filter(([name]) => !(name in facets)).map(([, condition]) => condition);
  const chosen = facetNames.filter((facet) => conditions[facet] !== undefined)
    .map((facet, index) => ({ facet, number: index + 1, condition: `(${conditions[facet]!})` }));
  const missesOneAtMost = `${chosen.map(({ condition }) => condition).join(' + ')} >= ${chosen.length - 1}`;
  const parts = Object.entries({ ...facets, ...distinct });
  const columns = parts.map(([, column]) => column);
  return `WITH
  (SELECT (min(${seconds}), max(${seconds})) FROM findings ${where(filter)}) AS span,
  arrayFirst(each -> intDiv(span.2, each) - intDiv(span.1, each) < ${mostBuckets}, [${widths.join(', ')}]) AS width
SELECT part, value, any(title) AS label, bucket, level, verdict, width, if(${isDistinct}, count(), sum(findings)) AS count
FROM (
  SELECT
    ${multiIf(parts.map(([part, column]) => [`grouping(${column}) = 0 AND grouping(bucket) = 1`, `'${part}'`]), "'histogram'")} AS part,
    concat(${columns.join(', ')}) AS key,
    if(part = 'histogram' OR ${isDistinct}, '', key) AS value,
    if(part = 'rule', any(rule_name), value) AS title,
    bucket,
    if(part = 'histogram', ${facets.level}, '') AS level,
    if(part = 'histogram', ${facets.verdict}, '') AS verdict,
    ${multiIf(chosen.map(({ facet, number }) => [`part = '${facet}'`, `countIf(missed IN (0, ${number}))`]), 'countIf(missed = 0)')} AS findings
  FROM (
    SELECT ${columns.join(', ')}, rule_name, ${seconds} - positiveModulo(${seconds}, width) AS bucket,
      ${multiIf(chosen.map(({ condition, number }) => [`NOT ${condition}`, String(number)]), '0')} AS missed
    FROM findings FINAL ${allOf(chosen.length > 1 ? [...others, missesOneAtMost] : others)}
  )
  GROUP BY GROUPING SETS ((bucket, ${facets.level}, ${facets.verdict}), ${columns.map((column) => `(${column})`).join(', ')})
  HAVING findings > 0 AND NOT (${isDistinct} AND key = '')
)
GROUP BY part, value, bucket, level, verdict
ORDER BY part, count DESC, value
LIMIT ${mostValues} BY part, bucket`;
}

const isDistinct = `part IN (${Object.keys(distinct).map((part) => `'${part}'`).join(', ')})`;

function multiIf(branches: readonly (readonly [condition: string, value: string])[], otherwise: string): string {
  return branches.length === 0 ? otherwise : `multiIf(${branches.flat().join(', ')}, ${otherwise})`;
}

function histogram(rows: readonly Counted[]): Histogram {
  if (rows.length === 0) return { width: second, from: 0, buckets: [] };
  const { width } = rows[0]!;
  const from = Math.min(...rows.map(({ bucket }) => bucket));
  const last = Math.max(...rows.map(({ bucket }) => bucket));
  const buckets = Array.from({ length: (last - from) / width + 1 }, () => levels.map(() => 0));
  for (const { bucket, level, count } of rows) {
    if (levels.includes(level)) buckets[(bucket - from) / width]![levels.indexOf(level)]! += count;
  }
  return { width, from, buckets };
}

function sum(rows: readonly Counted[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}
