import type { Level } from '#flow';
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { ConditionError, parseCondition, type Condition } from './condition.ts';
import type { LocatedDocumentReader } from './located.ts';
import { readHead, readLevel, type Head } from './rule-reader.ts';

const correlationTypes = [
  'event_count', 'value_count', 'temporal', 'temporal_ordered', 'value_sum', 'value_avg', 'value_percentile', 'value_median',
] as const;
export type CorrelationType = (typeof correlationTypes)[number];

export interface Bound {
  comparison: 'lt' | 'lte' | 'gt' | 'gte' | 'eq' | 'neq';
  value: number;
}

/** A correlation rule as it is written: it counts or combines events of other rules. Sigma correlation rules specification 2.1. */
export interface CorrelationText extends Head {
  level: Level;
  type: CorrelationType;
  /** Ids or names, as written, of the rules and correlations whose events count. */
  rules: string[];
  groupBy: string[];
  /** By alias, then by rule id or name: the field of that rule's events. */
  aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  timespanSeconds: number;
  /** Field whose values are counted, summed, …; several for a count of combinations. */
  fields: string[];
  /** All must hold. */
  bounds: Bound[];
  /** For value_percentile: which percentile is compared. */
  percentile: number | undefined;
  /** For temporal and temporal_ordered: the condition over the rules' names. */
  condition: Condition | undefined;
  /** Whether the rules also report on their own. */
  generate: boolean;
}

const comparisons: readonly string[] = ['lt', 'lte', 'gt', 'gte', 'eq', 'neq'];
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, M: 2_592_000, y: 31_536_000 };

/** Reads a correlation rule; undefined when it has an error. What it refers to is looked up when all rules are read. */
export function readCorrelation(reader: LocatedDocumentReader): CorrelationText | undefined {
  const head = readHead(reader);
  const node = reader.value('correlation');
  if (!isMap(node)) return reader.fail(node, 'correlation', '"correlation" must be a map with type, rules, timespan and more');
  const type = reader.text('type', node) as CorrelationType;
  const known = correlationTypes.includes(type);
  if (!known)
    reader.fail(
      reader.value('type', node) ?? node, 'correlation', `the type "${type}" is unknown: expected one of ${correlationTypes.join(', ')}`,
    );
  const rules = reader.texts('rules', node);
  if (rules.length === 0) reader.fail(reader.value('rules', node) ?? node, 'correlation', 'a correlation must name the rules whose events it counts');
  const condition = readBounds(reader, node, type, known);
  const aliases = readAliases(reader, reader.value('aliases', node), rules);
  const correlation: CorrelationText = {
    ...head,
    level: readLevel(reader),
    type,
    rules,
    groupBy: reader.texts('group-by', node),
    aliases,
    timespanSeconds: readTimespan(reader, node),
    ...condition,
    generate: ['true', 'yes'].includes(reader.text('generate', reader.entry('generate', node) ? node : reader.root)),
  };
  return reader.failed ? undefined : correlation;
}

function readTimespan(reader: LocatedDocumentReader, node: Node): number {
  const text = reader.text('timespan', node) || reader.text('timeframe', node);
  const match = /^(\d+)([smhdwMy])$/.exec(text);
  if (!match || Number(match[1]) === 0) {
    return (
      reader.fail(
        reader.value('timespan', node) ?? node,
        'timespan',
        `"${text}" is not a timespan: expected a number followed by s, m, h or d, such as 90m`,
      ) ??
      0
    );
  }
  return Number(match[1]) * unitSeconds[match[2]!]!;
}

function readBounds(
  reader: LocatedDocumentReader,
  node: Node,
  type: CorrelationType,
  known: boolean,
): Pick<CorrelationText, 'fields' | 'bounds' | 'percentile' | 'condition'> {
  const result: Pick<CorrelationText, 'fields' | 'bounds' | 'percentile' | 'condition'> = {
    fields: [],
    bounds: [],
    percentile: undefined,
    condition: undefined,
  };
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  const given = reader.value('condition', node);
  if (given === undefined && temporal) return result;
  if (isScalar(given) && typeof given.value === 'string' && temporal) {
    try {
      result.condition = parseCondition(given.value);
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      reader.reportAt((given.range?.[0] ?? 0) + error.offset, 'error', 'condition', error.message);
    }
    return result;
  }
  if (!isMap(given)) return reader.fail(given ?? node, 'condition', `${known ? type : 'a correlation'} needs a condition, such as gte: 10`) ?? result;
  for (const { key, value } of reader.entries(given)) {
    const name = String(key.value);
    const number = isScalar(value) ? Number(value.value) : Number.NaN;
    if (name === 'field') result.fields = isSeq(value) ? reader.texts('field', given) : [reader.text('field', given)].filter((text) => text !== '');
    else if (name === 'percentile' && number >= 0 && number <= 100) result.percentile = number;
    else if (!comparisons.includes(name))
      reader.fail(
        key,
        'condition',
        name === 'percentile'
          ? 'a percentile must be a number from 0 to 100'
          : `the key "${name}" is unknown: expected one of field, ${comparisons.join(', ')}`,
      );
    else if (!Number.isFinite(number)) reader.fail(value ?? key, 'condition', `"${name}" must be a number`);
    else result.bounds.push({ comparison: name as Bound['comparison'], value: number });
  }
  if (result.bounds.length === 0) reader.fail(given, 'condition', `a condition needs a comparison: one of ${comparisons.join(', ')}`);
  if (known && type.startsWith('value_') && result.fields.length === 0)
    reader.fail(given, 'condition', `a condition of type ${type} must name the field whose values count`);
  return result;
}

function readAliases(reader: LocatedDocumentReader, node: Node | null | undefined, rules: readonly string[]): Map<string, Map<string, string>> {
  const aliases = new Map<string, Map<string, string>>();
  if (node === undefined || node === null) return aliases;
  if (!isMap(node)) return reader.fail(node, 'aliases', '"aliases" must be a map of names, each with a field for every rule') ?? aliases;
  for (const { key, value } of reader.entries(node)) {
    const fields = reader.resolve(value);
    if (!isMap(fields)) {
      reader.fail(value ?? key, 'aliases', 'an alias must be a map of rules and their fields');
      continue;
    }
    aliases.set(String(key.value), new Map(reader.entries(fields).map((entry) => {
      const rule = String(entry.key.value);
      if (!rules.includes(rule)) reader.fail(entry.key, 'aliases', `the correlation does not name a rule "${rule}"`);
      return [rule, isScalar(entry.value) ? String(entry.value.value) : ''];
    })));
  }
  return aliases;
}
