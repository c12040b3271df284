import { createFinding, createFlowRecord, findingFlowFields, findingId, type Finding, type Hit } from '#flow';
import {
  contextFields,
  correlationSql,
  correlationWindows,
  periodMicros,
  slides,
  timespanMicros,
  type Correlation,
  type CorrelationRange,
  type CorrelationWindow,
} from '#rules';
import { overlapMicros, secondOf, storedFrom } from './detection-times.ts';
import { riskScore } from './linkability.ts';
import type { Query, ScheduledDetection } from './scheduled-detections.ts';

/** How long to wait after a fixed period has ended, and after the latest of its hits was stored, before it is judged. µs */
const settling = 30_000_000;
/** Most ranges of periods that are queried separately; more are queried as one. */
const mostRanges = 16;

export interface CorrelationOptions {
  intervalMillis: number;
  /** Versions of rules, policies and tables, to be put on findings. */
  versions: string;
}

/**
 * Runs a correlation as a detection over hits. It examines again every window to which a newly stored hit may belong, however old the hit's own
 * time, so late data counts; a window that was reported is not reported again.
 */
export function correlationDetection(correlation: Correlation, { intervalMillis, versions }: CorrelationOptions): ScheduledDetection {
  return {
    name: `correlation ${correlation.id}`, title: correlation.title, intervalMillis,
    async *detect(query, { since, now }) {
      const judged = now - settling;
      for (const range of await touched(correlation, query, since, now)) {
        const sql = correlationSql(correlation, { ...range, judged }, hitEvents, contextFields);
        yield (await query<CorrelationRow>(sql)).map((row) => correlationFinding(correlation, row, versions));
      }
    },
  };
}

/** A row of {@link correlationSql}. */
export interface CorrelationRow {
  grp: string[];
  period: number;
  at: number;
  events: number;
  first: number;
  last: number;
  settled: number;
  parts: number[];
  tokens: string[];
  /** Monitored endpoints of the events, at most ten. */
  subjects: string[];
  shared: Record<string, string>;
}

export function hitEvents(rule: string, from: number, to: number): string {
  return `SELECT toUnixTimestamp64Micro(timestamp) AS time, event_id AS id, toString(rule_id) AS rule, fields,
  toUnixTimestamp64Milli(ingested_at) * 1000 AS stored
FROM hits FINAL
WHERE rule_id = '${rule}' AND timestamp >= fromUnixTimestamp64Micro(${from}, 'UTC') AND timestamp < fromUnixTimestamp64Micro(${to}, 'UTC')`;
}

/** Periods whose windows may have changed: those to which a hit stored since may belong, and those that have ended since. */
async function touched(correlation: Correlation, query: Query, since: number, now: number): Promise<Omit<CorrelationRange, 'judged'>[]> {
  const period = periodMicros(correlation);
  const reach = reachOf(correlation);
  const rows = await query<{ bucket: number }>(
    `SELECT DISTINCT intDiv(toUnixTimestamp64Micro(timestamp), {period:Int64}) AS bucket FROM hits
WHERE rule_id IN {rules:Array(String)} AND ingested_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') ORDER BY bucket`,
    { period: String(period), rules: [...correlation.hitFields.keys()], since: storedFrom(since) },
  );
  const periods: [number, number][] = rows.map(({ bucket }) => [bucket, Math.floor(((bucket + 1) * period + reach) / period)]);
  const waits = longestFixed(correlation);
  if (waits > 0 && since > 0)
    periods.push([Math.max(0, Math.floor((since - overlapMicros - settling - waits) / period)), Math.floor((now + reach) / period)]);
  const ranges: { first: number; last: number }[] = [];
  for (const [first, last] of periods.toSorted(([a], [b]) => a - b)) {
    const previous = ranges.at(-1);
    if (previous && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
    else ranges.push({ first, last });
  }
  return ranges.length <= mostRanges ? ranges : [{ first: ranges[0]!.first, last: ranges.at(-1)!.last }];
}

/** How long after an event a window may end that includes it. */
function reachOf(correlation: Correlation): number {
  const inner = correlation.parts.flatMap((part) => (part.correlation ? [reachOf(part.correlation) + periodMicros(part.correlation)] : []));
  return timespanMicros(correlation) + Math.max(0, ...inner);
}

/** The longest fixed period that the correlation, or one that it refers to, waits for; 0: none. */
function longestFixed(correlation: Correlation): number {
  return Math.max(
    slides(correlation) ? 0 : timespanMicros(correlation),
    ...correlation.parts.map((part) => (part.correlation ? longestFixed(part.correlation) : 0)),
  );
}

const empty = createFlowRecord();

/**
 * The finding for a window. Its id is a function of rule, group and period, and its time is the beginning of the period, or the end of a fixed
 * period: however late data arrives, the finding stays on the same row.
 */
export function correlationFinding(correlation: Correlation, row: CorrelationRow, versions: string): Finding {
  const finding = createFinding(empty);
  const period = periodMicros(correlation);
  for (const name of findingFlowFields) {
    const text = row.shared[name] ?? '';
    if (text !== '') Object.assign(finding, { [name]: typeof finding[name] === 'number' ? Number(text) : text });
  }
  finding['event.id'] = findingId(correlation.id, `window ${row.period}`, row.grp.join('\0'), '');
  finding['@timestamp'] = slides(correlation) ? row.period * period : (row.period + 1) * period;
  finding['event.created'] = row.settled;
  finding['rule.id'] = correlation.id;
  finding['rule.name'] = correlation.title;
  finding['rule.version'] = correlation.version;
  finding['event.severity_name'] = correlation.level;
  finding['event.risk_score'] = riskScore(correlation.level, []);
  finding['telltale.verdict'] = 'violation';
  finding['telltale.versions'] = versions;
  if (row.tokens.length === 1) {
    for (const name of ['kind', 'path', 'mask', 'token'] as const)
      finding[`telltale.observable.${name}`] = row.shared[`telltale.observable.${name}`] ?? '';
  } else finding['telltale.observables.related'] = row.tokens;
  finding['message'] = messageOf(correlation, row);
  return finding;
}

/**
 * `Many links from one host: 12 events (12 of "Meeting link in clear") by 10.1.2.3, from 2026-08-01T11:48:02Z to 2026-08-01T11:59:31Z.`
 */
function messageOf({ title, parts, groups }: Correlation, { grp, events, parts: counts, first, last, subjects, shared }: CorrelationRow): string {
  const of = parts.map((part, i) => `${counts[i]} of "${part.title}"`).filter((_, i) => counts[i]! > 0).join(', ');
  const { 'telltale.observable.kind': kind, 'telltale.observable.mask': mask } = shared;
  // The subject and the peer are named below.
  const named = [subjects.length === 1 ? subjects[0] : '', shared['telltale.peer.ip']];
  const where = groups.flatMap(({ name }, i) => {
    if (named.includes(grp[i])) return [];
    return [name === 'telltale.observable.token' && mask ? `${kind} ${mask}` : `${name} ${grp[i]}`];
  }).join(', ');
  return `${title}: ${events} event${events === 1 ? '' : 's'} `
    + `(${of})${where === '' ? '' : ` with ${where}`}${whoAndWhere(subjects, shared)}, from ${secondOf(first)} to ${secondOf(last)}.`;
}

/** ` by 10.20.0.11 and 10.20.0.12, to 221.122.63.10 located in and operated from CN (policy conferencing)`, where all events agree. */
function whoAndWhere(subjects: readonly string[], shared: Readonly<Record<string, string>>): string {
  if (subjects.length === 0) return '';
  const { 'telltale.peer.ip': peer, 'telltale.peer.located': located, 'telltale.peer.operated': operated, 'telltale.policy.id': policy } = shared;
  const place = located && located === operated
    ? `located in and operated from ${located}`
    : [located && `located in ${located}`, operated && `operated from ${operated}`].filter(Boolean).join(', ');
  const by = subjects.length === 1 ? subjects[0] : `${subjects.slice(0, -1).join(', ')} and ${subjects.at(-1)}`;
  return ` by ${by}${peer ? `, to ${peer}${place && ` ${place}`}` : ''}${policy ? ` (policy ${policy})` : ''}`;
}

/** Runs correlations over hits in memory, such as those of a scan that stores nothing. */
export function correlate(correlations: readonly Correlation[], hits: readonly Hit[], versions: string): Finding[] {
  const byRule = Map.groupBy(hits, (hit) => hit['rule.id']);
  const eventsOf = (rule: string) =>
    (byRule.get(rule) ?? []).map((hit) => ({ id: hit['event.id'], time: hit['@timestamp'], rule, fields: hit.fields }));
  return correlations
    .filter(({ evaluable, silent }) => evaluable !== 'no' && !silent)
    .flatMap((correlation) => correlationWindows(correlation, eventsOf).map((window) => correlationFinding(correlation, rowOf(window), versions)));
}

/** Most identifiers that the message about a window names. */
const mostTokens = 20;
/** Subjects, in the form in which the SQL returns them. */
const mostSubjects = 10;

function rowOf({ group, period, time, events, parts }: CorrelationWindow): CorrelationRow {
  const shared = Object.fromEntries(contextFields.map((name) => {
    const texts = new Set(events.map(({ fields }) => fields[name] ?? ''));
    return [name, texts.size === 1 ? [...texts][0]! : ''];
  }));
  const tokens = new Set(events.flatMap(({ fields }) => {
    const token = fields['telltale.observable.token'];
    return token ? [`${fields['telltale.observable.kind']}=${token}`] : [];
  }));
  const subjects = new Set(events.map(({ fields }) => fields['telltale.subject.ip'] ?? '').filter((subject) => subject !== ''));
  return {
    grp: group,
    period,
    at: time,
    events: events.length,
    subjects: [...subjects].toSorted().slice(0, mostSubjects),
    first: events[0]!.time,
    last: events.at(-1)!.time,
    settled: 0,
    parts,
    tokens: [...tokens].slice(0, mostTokens).toSorted(),
    shared,
  };
}
