import type { Condition } from './condition.ts';
import { originKey, namesMatching, type Correlation, type FieldByOrigin } from './correlation-links.ts';
import type { Bound } from './correlation.ts';
import { periodMicros, slides, timespanMicros } from './correlation-windows.ts';
import { indented, joined, quoted } from './sql-text.ts';

/** Periods to look at, both included; see {@link periodMicros}. */
export interface CorrelationRange {
  readonly first: number;
  readonly last: number;
  /** Fixed periods that end after this time, or have events that were stored after it, are not judged yet. µs */
  readonly judged: number;
}

/**
 * SQL of a rule's events, from one time (µs, included) up to another: columns `time` (µs, Int64), `id`, `rule`, `fields` (Map(String, String)), and
 * `stored` (µs), when the event was stored.
 */
export type EventsSql = (rule: string, from: number, to: number) => string;

/** At most so many identifiers of a window are reported. */
const mostTokens = 20;

/**
 * SQL that finds the windows of a correlation that begin in a range of periods, with the meaning of `correlationWindows`. Rows: `grp` (values of
 * `group-by`), `period`, `at`, `events`, `first`, `last` (µs), `parts` (events by number of the rule, from 0), `tokens`, `shared` (fields of
 * `context` that have the same value in all events of the window), and `settled` (when the latest of the events was stored, µs).
 */
export function correlationSql(correlation: Correlation, range: CorrelationRange, events: EventsSql, context: readonly string[]): string {
  const timespan = timespanMicros(correlation);
  const inside = slides(correlation)
    ? `event.time > found.met - ${timespan} AND event.time <= found.met`
    : `intDiv(event.time, ${timespan}) = found.period`;
  const shared = context.map((name) => `${quoted(name)}, if(uniqExact(event.fields[${quoted(name)}]) = 1, any(event.fields[${quoted(name)}]), '')`);
  const kind = "event.fields['telltale.observable.kind']";
  const token = "event.fields['telltale.observable.token']";
  return `SELECT found.grp AS grp, found.period AS period, found.met AS at,
  count() AS events, min(event.time) AS first, max(event.time) AS last, max(event.stored) AS settled,
  arraySlice(arraySort(groupUniqArrayIf(event.fields['telltale.subject.ip'], event.fields['telltale.subject.ip'] != '')), 1, 10) AS subjects,
  arrayMap(n -> countEqual(groupArray(event.part), n), range(${correlation.parts.length})) AS parts,
  arraySort(groupUniqArrayIf(${mostTokens})(concat(${kind}, '=', ${token}), ${token} != '')) AS tokens,
  map(${shared.join(', ')}) AS shared
FROM (
  ${indented(windowsSql(correlation, range, events))}
) AS found
INNER JOIN (
  ${indented(placedSql(correlation, range, events))}
) AS event ON event.grp = found.grp
WHERE ${inside}
GROUP BY found.grp, found.period, found.met
ORDER BY found.period, found.grp`;
}

/** The events of a correlation's rules for windows that begin in the range: `time`, `id`, `rule`, `fields`, `stored`, `part`, `grp`, `value`. */
function placedSql(correlation: Correlation, { first, last, judged }: CorrelationRange, events: EventsSql): string {
  const period = periodMicros(correlation);
  const from = first * period - (slides(correlation) ? timespanMicros(correlation) : 0);
  const to = (last + 1) * period;
  const parts = correlation.parts.map((part, i) => {
    const value = ({ fields }: { fields: FieldByOrigin }): string => fieldSql(fields, part.id);
    const group = correlation.groups.map(value);
    const values = correlation.values.map(value);
    const rows = part.correlation ? windowEventsSql(part.id, part.correlation, { from, to, judged }, events) : events(part.id, from, to);
    const conditions = [`time >= ${from}`, `time < ${to}`, ...[...group, ...values].map((text) => `${text} != ''`)];
    const texts = (columns: readonly string[]): string => `[${columns.join(', ')}]::Array(String)`;
    const grp = texts(group.map((text) => `toString(${text})`));
    return `SELECT time, id, rule, fields, stored, ${i} AS part, ${grp} AS grp, ${texts(values)} AS value
FROM (
  ${indented(rows)}
)
WHERE ${conditions.join(' AND ')}`;
  });
  return parts.join('\nUNION ALL\n');
}

/** A field of an event, which depends on the rule that it comes from. */
function fieldSql(fields: FieldByOrigin, part: string): string {
  const byRule = [...fields]
    .filter(([origin]) => origin.startsWith(originKey(part, '')))
    .map(([origin, field]) => [origin.slice(part.length + 1), `fields[${quoted(field)}]`] as const);
  const [first] = byRule;
  if (!first) return "''";
  if (byRule.every(([, sql]) => sql === first[1])) return first[1];
  return `multiIf(${byRule.map(([rule, sql]) => `rule = ${quoted(rule)}, ${sql}`).join(', ')}, '')`;
}

/**
 * Windows of a correlation as events of the one that counts them: at the time when the condition was met, with the fields of the event of
 * that moment.
 */
function windowEventsSql(
  id: string,
  correlation: Correlation,
  { from, to, judged }: { from: number; to: number; judged: number },
  events: EventsSql,
): string {
  const period = periodMicros(correlation);
  const range: CorrelationRange = { first: Math.floor(from / period), last: Math.floor((to - 1) / period), judged };
  return `SELECT found.met AS time, concat(${quoted(`${id} `)}, toString(found.period), ' ', arrayStringConcat(found.grp, '\\0')) AS id,
  argMin(event.rule, event.id) AS rule, argMin(event.fields, event.id) AS fields, max(event.stored) AS stored
FROM (
  ${indented(windowsSql(correlation, range, events))}
) AS found
INNER JOIN (
  ${indented(placedSql(correlation, range, events))}
) AS event ON event.grp = found.grp AND event.time = found.met
GROUP BY found.grp, found.period, found.met`;
}

/** `grp`, `period` and `met` (when the condition was met) of each window. */
function windowsSql(correlation: Correlation, range: CorrelationRange, events: EventsSql): string {
  const placed = placedSql(correlation, range, events);
  const inRange = `period BETWEEN ${range.first} AND ${range.last}`;
  if (!slides(correlation)) {
    return `SELECT grp, intDiv(time, ${periodMicros(correlation)}) AS period, max(time) AS met
FROM (
  ${indented(placed)}
)
GROUP BY grp, period
HAVING ${inRange} AND (period + 1) * ${periodMicros(correlation)} <= ${range.judged} AND max(stored) <= ${range.judged}
  AND ${conditionSql(correlation, measureOfPeriod(correlation), (part) => `countIf(part = ${part}) > 0`)}`;
  }
  return `SELECT grp, intDiv(at, ${periodMicros(correlation)}) AS period, min(at) AS met
FROM (
  ${indented(correlation.type === 'temporal_ordered' ? orderedSql(correlation, placed) : levelsSql(correlation, placed))}
)
GROUP BY grp, period
HAVING ${inRange}`;
}

function measureOfPeriod({ type, percentile, parts }: Correlation): string {
  const number = 'toInt128OrZero(value[1])';
  switch (type) {
    case 'event_count': return 'count()';
    case 'value_count': return 'uniqExact(value)';
    case 'value_sum': return `sum(${number})`;
    case 'value_avg': return `avg(toFloat64(${number}))`;
    case 'value_median': return `quantileExactInclusive(0.5)(toFloat64(${number}))`;
    case 'value_percentile': return `quantileExactInclusive(${(percentile ?? 50) / 100})(toFloat64(${number}))`;
    case 'temporal': case 'temporal_ordered': return parts.map((_, i) => `(countIf(part = ${i}) > 0)`).join(' + ');
  }
}

/** Times at which a sliding window meets the condition. What it holds is a running sum: events add when they enter, and subtract a timespan later. */
function levelsSql(correlation: Correlation, placed: string): string {
  const timespan = timespanMicros(correlation);
  const { type, parts } = correlation;
  const levels =
    type === 'temporal' ? parts.map((_, i) => `toInt64(part = ${i})`) : [type === 'value_sum' ? 'toInt128OrZero(value[1])' : 'toInt64(1)'];
  const running = levels
    .map((_, i) => `sum(change${i}) OVER (PARTITION BY grp ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS level${i}`)
    .join(', ');
  const measure = type === 'temporal' ? parts.map((_, i) => `(level${i} > 0)`).join(' + ') : 'level0';
  // A value is in the window from its first moment until a timespan has passed without it; anything else for one timespan.
  const rows = type === 'value_count' ? steps(placed) : placed;
  const entering = type === 'value_count' ? [`toInt64(isNull(before) OR time - before >= ${timespan})`] : levels;
  const leaving = type === 'value_count' ? [`-toInt64(isNull(after) OR after - time >= ${timespan})`] : levels.map((level) => `-${level}`);
  const edges = `[(time, 1, ${entering.join(', ')}), (time + ${timespan}, 0, ${leaving.join(', ')})]`;
  return `SELECT grp, at
FROM (
  SELECT grp, at, event, ${running}
  FROM (
    SELECT grp, edge.1 AS at, max(edge.2) AS event, ${levels.map((_, i) => `sum(edge.${i + 3}) AS change${i}`).join(', ')}
    FROM (
      SELECT grp, arrayJoin(${edges}) AS edge
      FROM (
        ${indented(indented(indented(indented(rows))))}
      )
    )
    GROUP BY grp, at
  )
)
WHERE event = 1 AND ${conditionSql(correlation, measure, (part) => `level${part} > 0`)}`;
}

/** The times at which each value occurs, with the previous and the next time of the same value. */
function steps(placed: string): string {
  const window = 'OVER (PARTITION BY grp, value ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)';
  return `SELECT grp, time, lagInFrame(toNullable(time)) ${window} AS before, leadInFrame(toNullable(time)) ${window} AS after
FROM (
  SELECT DISTINCT grp, value, time FROM (
    ${indented(indented(placed))}
  )
)`;
}

/**
 * Times at which an event of the last rule completes a chain. Rule by rule, it computes for each event the latest time at which a chain up
 * to it can have begun. Simultaneous events count as being in any order.
 */
function orderedSql({ parts, timespanSeconds }: Correlation, placed: string): string {
  let rows = `SELECT grp, time, part, time AS begin0 FROM (\n  ${indented(placed)}\n)`;
  for (let i = 0; i < parts.length - 1; i += 1) {
    const upToHere = 'PARTITION BY grp ORDER BY time RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW';
    const begins = `maxIf(begin${i}, part = ${i} AND begin${i} > 0) OVER (${upToHere})`;
    rows = `SELECT grp, time, part, ${begins} AS begin${i + 1} FROM (\n  ${indented(rows)}\n)`;
  }
  const last = parts.length - 1;
  const inTime = `time - begin${last} < ${timespanSeconds * 1_000_000}`;
  return `SELECT grp, time AS at FROM (\n  ${indented(rows)}\n)\nWHERE part = ${last} AND begin${last} > 0 AND ${inTime}`;
}

const operators: Record<Bound['comparison'], string> = { lt: '<', lte: '<=', gt: '>', gte: '>=', eq: '=', neq: '!=' };

function conditionSql({ type, bounds, condition, parts }: Correlation, measure: string, seen: (part: number) => string): string {
  if (condition) return conditionOver(condition, parts.map(({ reference }) => reference), seen);
  if (type === 'temporal' && bounds.length === 0) return joined('AND', parts.map((_, i) => seen(i)));
  const measured = measure.includes(' + ') ? `(${measure})` : measure;
  return joined('AND', bounds.map(({ comparison, value }) => `${measured} ${operators[comparison]} ${value}`));
}

function conditionOver(condition: Condition, names: readonly string[], seen: (part: number) => string): string {
  switch (condition.type) {
    case 'and': return joined('AND', condition.operands.map((operand) => conditionOver(operand, names, seen)));
    case 'or': return joined('OR', condition.operands.map((operand) => conditionOver(operand, names, seen)));
    case 'not': return `NOT (${conditionOver(condition.operand, names, seen)})`;
    case 'search': return seen(names.indexOf(condition.name));
    case 'quantified': {
      const matching = namesMatching(condition.pattern, names).map((name) => seen(names.indexOf(name)));
      return joined(condition.quantifier === 'all' ? 'AND' : 'OR', matching);
    }
  }
}
