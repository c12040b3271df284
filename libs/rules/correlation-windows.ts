import type { Condition } from './condition.ts';
import { originKey, namesMatching, type Correlation, type FieldByOrigin } from './correlation-links.ts';
import type { Bound } from './correlation.ts';

/** A match of a rule, or a window of a correlation, as correlations count it. */
export interface CorrelationEvent {
  id: string;
  /** µs */
  time: number;
  /** Id of the rule that matched; for a window of a correlation, that of its last event. */
  rule: string;
  fields: Readonly<Record<string, string>>;
}

/** A stretch of time in which the events of a group meet the condition. */
export interface CorrelationWindow {
  /** Values of `group-by`. */
  group: string[];
  /** Number of the period, from 1970: with rule and group it is the identity of the window. */
  period: number;
  /** When the condition was met: the time of the event that completed it, or of the last event of a fixed period. µs */
  time: number;
  events: CorrelationEvent[];
  /** How many of the events come from each rule of the correlation, in its order. */
  parts: number[];
}

const microsPerSecond = 1_000_000;
const day = 86_400 * microsPerSecond;

/**
 * Whether further events can never undo the condition. Then windows slide: each event ends one. Otherwise fixed periods are judged when
 * they are over, since an upper bound, an average or an absence may change until then.
 */
export function slides({ type, bounds, condition }: Pick<Correlation, 'type' | 'bounds' | 'condition'>): boolean {
  if (type === 'temporal_ordered') return true;
  if (type === 'value_avg' || type === 'value_percentile' || type === 'value_median') return false;
  return bounds.every(({ comparison }) => comparison === 'gt' || comparison === 'gte') && (condition === undefined || !hasNot(condition));
}

function hasNot(condition: Condition): boolean {
  switch (condition.type) {
    case 'not': return true;
    case 'and': case 'or': return condition.operands.some(hasNot);
    case 'search': case 'quantified': return false;
  }
}

export function timespanMicros({ timespanSeconds }: Pick<Correlation, 'timespanSeconds'>): number {
  return timespanSeconds * microsPerSecond;
}

/** Length of a period, in which a group has at most one window: the timespan, for sliding windows at most a day. µs */
export function periodMicros(correlation: Pick<Correlation, 'type' | 'bounds' | 'condition' | 'timespanSeconds'>): number {
  const timespan = timespanMicros(correlation);
  return slides(correlation) ? Math.min(timespan, day) : timespan;
}

/** Finds the windows in events held in memory. `eventsOf` gives those of a rule, by id; events with the same id count once. */
export function correlationWindows(correlation: Correlation, eventsOf: (rule: string) => readonly CorrelationEvent[]): CorrelationWindow[] {
  const { parts, groups, values, type } = correlation;
  const byGroup = new Map<string, PlacedEvent[]>();
  for (const [i, part] of parts.entries()) {
    const events = part.correlation ? correlationWindows(part.correlation, eventsOf).map((window) => asEvent(part.id, window)) : eventsOf(part.id);
    for (const event of new Map(events.map((one) => [one.id, one])).values()) {
      const text = ({ fields }: { fields: FieldByOrigin }): string => event.fields[fields.get(originKey(part.id, event.rule)) ?? ''] ?? '';
      const group = groups.map(text);
      const value = values.map(text);
      if (group.includes('') || value.includes('')) continue;
      const key = group.join('\0');
      if (!byGroup.has(key)) byGroup.set(key, []);
      byGroup.get(key)!.push({ event, part: i, group, value: value.join('\0') });
    }
  }
  const period = periodMicros(correlation);
  const timespan = timespanMicros(correlation);
  const windows: CorrelationWindow[] = [];
  for (const placed of byGroup.values()) {
    placed.sort((a, b) => a.event.time - b.event.time || (a.event.id < b.event.id ? -1 : 1));
    const found = new Map<number, CorrelationWindow>();
    let from = 0;
    for (const [i, { event: { time }, group }] of placed.entries()) {
      const number = Math.floor(time / period);
      while (slides(correlation) ? placed[from]!.event.time <= time - timespan : Math.floor(placed[from]!.event.time / period) < number) from += 1;
      // Events of the same moment belong together.
      if (
        placed[i + 1]?.event.time === time ||
        (slides(correlation) ? found.has(number) : Math.floor((placed[i + 1]?.event.time ?? Infinity) / period) === number)
      )
        continue;
      const inside = placed.slice(from, i + 1);
      const met = type === 'temporal_ordered' ? inOrder(inside, parts.length, time) : meets(correlation, inside);
      if (!met) continue;
      found.set(number, {
        group,
        period: number,
        time,
        events: inside.map(({ event }) => event),
        parts: parts.map((_, wanted) => inside.filter(({ part }) => part === wanted).length),
      });
    }
    windows.push(...found.values());
  }
  return windows;
}

interface PlacedEvent {
  event: CorrelationEvent;
  /** Which of the correlation's rules. */
  part: number;
  group: string[];
  value: string;
}

/** A window as an event of the correlation that counts it: at the time when the condition was met, with the fields of the event of that moment. */
function asEvent(part: string, { group, period, time, events }: CorrelationWindow): CorrelationEvent {
  const last = events.filter((event) => event.time === time).reduce((least, one) => (one.id < least.id ? one : least));
  return { id: `${part} ${period} ${group.join('\0')}`, time, rule: last.rule, fields: last.fields };
}

function meets({ type, bounds, condition, percentile, parts }: Correlation, events: readonly PlacedEvent[]): boolean {
  const seen = new Set(events.map(({ part }) => part));
  switch (type) {
    case 'event_count': return within(events.length, bounds);
    case 'value_count': return within(new Set(events.map(({ value }) => value)).size, bounds);
    case 'value_sum': return within(events.reduce((sum, { value }) => sum + Number(value), 0), bounds);
    case 'value_avg': return within(events.reduce((sum, { value }) => sum + Number(value), 0) / events.length, bounds);
    case 'value_median': return within(percentileOf(events.map(({ value }) => Number(value)), 50), bounds);
    case 'value_percentile': return within(percentileOf(events.map(({ value }) => Number(value)), percentile ?? 50), bounds);
    case 'temporal': case 'temporal_ordered':
      if (condition) return holds(condition, new Set([...seen].map((part) => parts[part]!.reference)), parts.map(({ reference }) => reference));
      return bounds.length > 0 ? within(seen.size, bounds) : seen.size === parts.length;
  }
}

const comparisons: Record<Bound['comparison'], (a: number, b: number) => boolean> = {
  lt: (a, b) => a < b, lte: (a, b) => a <= b, gt: (a, b) => a > b, gte: (a, b) => a >= b, eq: (a, b) => a === b, neq: (a, b) => a !== b,
};

function within(value: number, bounds: readonly Bound[]): boolean {
  return bounds.every((bound) => comparisons[bound.comparison](value, bound.value));
}

/** Interpolates linearly between the two nearest values. */
function percentileOf(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * percent / 100;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place));
}

function holds(condition: Condition, seen: ReadonlySet<string>, names: readonly string[]): boolean {
  switch (condition.type) {
    case 'and': return condition.operands.every((operand) => holds(operand, seen, names));
    case 'or': return condition.operands.some((operand) => holds(operand, seen, names));
    case 'not': return !holds(condition.operand, seen, names);
    case 'search': return seen.has(condition.name);
    case 'quantified': {
      const meant = namesMatching(condition.pattern, names);
      return condition.quantifier === 'all' ? meant.every((name) => seen.has(name)) : meant.some((name) => seen.has(name));
    }
  }
}

/** Whether there is an event of the last rule at `time`, and before it (or at the same moment) one of each rule in turn. */
function inOrder(events: readonly PlacedEvent[], parts: number, time: number): boolean {
  if (!events.some(({ event, part }) => part === parts - 1 && event.time === time)) return false;
  // The earliest chain leaves most room for what follows.
  let earliest = -Infinity;
  for (let wanted = 0; wanted < parts; wanted += 1) {
    const next = events.find(({ event, part }) => part === wanted && event.time >= earliest);
    if (!next) return false;
    earliest = next.event.time;
  }
  return true;
}
