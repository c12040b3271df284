import type { Condition } from './condition.ts';
import type { CorrelationText } from './correlation.ts';
import type { Field } from './fields.ts';
import { hitField } from './hits.ts';
import type { LocatedDocumentReader } from './located.ts';
import type { LogSources } from './log-sources.ts';
import type { Rule } from './rule.ts';

/** A rule or correlation whose events a correlation counts. */
export interface CorrelationPart {
  /** As the correlation names it: id or name. */
  reference: string;
  id: string;
  title: string;
  /** Undefined: a rule. */
  correlation: Correlation | undefined;
}

/** The field that a name in the correlation stands for, by the part and the rule that an event comes from: see {@link originKey}. */
export type FieldByOrigin = ReadonlyMap<string, string>;

/** A correlation rule, with what it refers to. */
export interface Correlation extends CorrelationText {
  /** In the order in which they are written. */
  parts: CorrelationPart[];
  groups: { name: string; fields: FieldByOrigin }[];
  /** The condition's field or fields, whose values are counted. */
  values: { name: string; fields: FieldByOrigin }[];
  /** The rules that it rests on, also through other correlations: by id, the fields that their hits need. */
  hitFields: ReadonlyMap<string, ReadonlyMap<string, Field>>;
  evaluable: Rule['evaluable'];
  gaps: string[];
  /** Another correlation counts its windows, and it does not report on its own. */
  silent: boolean;
}

export function originKey(part: string, rule: string): string {
  return `${part} ${rule}`;
}

/** Longest timespan: hits are kept for 35 days. */
const longestTimespan = 31 * 86_400;

/**
 * Resolves what correlations refer to: rules and correlations by id or name, fields by the log source of each rule. Faults are reported at
 * their place; a correlation that refers to itself, directly or through others, is an error.
 */
export function linkCorrelations(
  texts: readonly (readonly [CorrelationText, LocatedDocumentReader])[],
  rules: readonly Rule[],
  logSources: LogSources,
): Correlation[] {
  const linker = new Linker(texts, rules, logSources);
  const linked = texts.map(([text]) => linker.link(text.id)).filter((one) => one !== undefined);
  for (const correlation of linked) {
    const parents = linked.filter(({ parts }) => parts.some(({ id }) => id === correlation.id));
    correlation.silent = parents.length > 0 && parents.every(({ generate, evaluable }) => !generate && evaluable !== 'no');
  }
  return linked;
}

/** Rules that some running correlation counts and that report nothing on their own, since none of their correlations says `generate: true`. */
export function silentRules(correlations: readonly Correlation[]): ReadonlySet<string> {
  const silent = new Map<string, boolean>();
  for (const { parts, generate, evaluable } of correlations) {
    for (const { id, correlation } of parts) if (!correlation) silent.set(id, (silent.get(id) ?? true) && !generate && evaluable !== 'no');
  }
  return new Set([...silent].filter(([, is]) => is).map(([id]) => id));
}

class Linker {
  readonly #texts: ReadonlyMap<string, readonly [CorrelationText, LocatedDocumentReader]>;
  readonly #byName = new Map<string, string>();
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #logSources: LogSources;
  readonly #linked = new Map<string, Correlation | undefined>();
  /** Correlations being linked: one that comes up again refers to itself. */
  readonly #path = new Set<string>();

  constructor(texts: readonly (readonly [CorrelationText, LocatedDocumentReader])[], rules: readonly Rule[], logSources: LogSources) {
    this.#texts = new Map(texts.map((entry) => [entry[0].id, entry]));
    this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
    this.#logSources = logSources;
    for (const { id, name } of [...rules, ...texts.map(([text]) => text)]) if (name !== '') this.#byName.set(name, id);
  }

  link(id: string): Correlation | undefined {
    if (this.#linked.has(id)) return this.#linked.get(id);
    this.#path.add(id);
    const [text, reader] = this.#texts.get(id)!;
    const linked = this.#link(text, reader);
    this.#path.delete(id);
    this.#linked.set(id, linked);
    return linked;
  }

  #link(text: CorrelationText, reader: LocatedDocumentReader): Correlation | undefined {
    const section = reader.value('correlation');
    const at = (key: string): ReturnType<LocatedDocumentReader['value']> => reader.value(key, section) ?? section;
    const parts = text.rules.map((reference, i) => this.#part(reference, reader, reader.items(at('rules'))[i] ?? at('rules')));
    if (new Set(parts.map((part) => part?.id)).size < parts.length && !reader.failed)
      reader.fail(at('rules'), 'correlation', 'the correlation names a rule twice');
    checkConditionNames(text, parts, reader, at('condition'));
    if (reader.failed || parts.includes(undefined)) return undefined;
    const known = parts as CorrelationPart[];
    const correlation: Correlation = {
      ...text,
      parts: known,
      groups: [],
      values: [],
      hitFields: new Map(),
      evaluable: 'whole',
      gaps: this.#gaps(known),
      silent: false,
    };
    const hitFields = new Map(known.flatMap((part) => this.#basesOf(part)).map((rule) => [rule, new Map<string, Field>()]));
    for (const part of known)
      for (const [rule, fields] of part.correlation?.hitFields ?? []) for (const [name, field] of fields) hitFields.get(rule)!.set(name, field);
    const resolved = (name: string, of: 'any' | 'number', key: string): { name: string; fields: FieldByOrigin } => {
      const fields = new Map<string, string>();
      for (const part of known) {
        for (const rule of this.#basesOf(part)) {
          const field = this.#field(correlation, part, rule, name);
          if (field?.of === 'record' && field.type === 'observables')
            reader.fail(at(key), 'unknown-field', `the field "${name}" is a list and has no single value`);
          else if (field && of === 'number' && field.type !== 'number')
            reader.fail(at(key), 'unknown-field', `the field "${name}" does not hold numbers`);
          else if (field) {
            fields.set(originKey(part.id, rule), field.name);
            hitFields.get(rule)!.set(field.name, field);
          } else if (this.#rules.get(rule)!.logsource.product === 'telltale')
            reader.fail(at(key), 'unknown-field', `the field "${name}" of rule "${this.#rules.get(rule)!.title}" is unknown`);
          else correlation.gaps.push(`the field "${name}" of rule "${this.#rules.get(rule)!.title}" has no mapping`);
        }
      }
      return { name, fields };
    };
    if (text.timespanSeconds > longestTimespan)
      correlation.gaps.push('its timespan is longer than 31 days, and the events of rules are kept only for 35');
    const unmapped = correlation.gaps.length;
    if (text.type === 'temporal_ordered' && !isOfAll(text, known))
      correlation.gaps.push('temporal_ordered can ask only for all of its rules in turn');
    correlation.groups = text.groupBy.map((name) => resolved(name, 'any', 'group-by'));
    correlation.values = text.fields.map((name) => resolved(name, text.type === 'value_count' ? 'any' : 'number', 'condition'));
    correlation.hitFields = hitFields;
    const runs =
      known.every((part) => (part.correlation ?? this.#rules.get(part.id)!).evaluable !== 'no') &&
      correlation.gaps.length === unmapped &&
      text.timespanSeconds <= longestTimespan;
    correlation.evaluable = !runs ? 'no' : correlation.gaps.length > 0 ? 'part' : 'whole';
    for (const gap of correlation.gaps) reader.warn(at('rules'), 'not-evaluable', `${runs ? 'a part of it' : 'it'} cannot be evaluated here: ${gap}`);
    return reader.failed ? undefined : correlation;
  }

  #part(reference: string, reader: LocatedDocumentReader, node: ReturnType<LocatedDocumentReader['value']>): CorrelationPart | undefined {
    const id = this.#byName.get(reference) ?? reference.toLowerCase();
    const rule = this.#rules.get(id);
    if (rule) return { reference, id, title: rule.title, correlation: undefined };
    if (!this.#texts.has(id)) return reader.fail(node, 'unknown-rule', `no rule has the id or name "${reference}"`);
    if (this.#path.has(id)) return reader.fail(node, 'correlation', `through "${reference}" the correlation would count its own events`);
    const correlation = this.link(id);
    if (!correlation) return reader.fail(node, 'correlation', `the correlation "${reference}" has an error`);
    return { reference, id, title: correlation.title, correlation };
  }

  #gaps(parts: readonly CorrelationPart[]): string[] {
    return parts.flatMap((part) => {
      const { title, evaluable } = part.correlation ?? this.#rules.get(part.id)!;
      return evaluable === 'whole'
        ? []
        : [`the rule "${title}" ${evaluable === 'no' ? 'cannot be evaluated here' : 'can be evaluated here only in part'}`];
    });
  }

  #basesOf({ id, correlation }: CorrelationPart): string[] {
    return correlation ? [...correlation.hitFields.keys()] : [id];
  }

  /** The field of a rule's events that the correlation calls `name`. For events of another correlation it is the field that that one calls so. */
  #field({ aliases }: CorrelationText, part: CorrelationPart, rule: string, name: string): Field | undefined {
    const alias = aliases.get(name);
    const written = alias === undefined ? name : alias.get(part.reference);
    if (written === undefined) return undefined;
    if (part.correlation) {
      const inner = part.correlation.parts.find((one) => this.#basesOf(one).includes(rule))!;
      return this.#field(part.correlation, inner, rule, written);
    }
    const field = this.#logSources.of(this.#rules.get(rule)!.logsource).resolve(written);
    return field === undefined || field.of === 'nowhere' || field.of === 'values' ? hitField(written) : field;
  }
}

/** Whether the condition asks for events of all rules: of temporal_ordered, which needs all of them anyway, it may say nothing else. */
function isOfAll({ condition, bounds }: CorrelationText, parts: readonly CorrelationPart[]): boolean {
  if (condition)
    return (
      parts.length > 1 &&
      condition.type === 'and' &&
      parts.every(({ reference }) => condition.operands.some((one) => one.type === 'search' && one.name === reference))
    );
  return bounds.every(({ comparison, value }) =>
    comparison === 'gte' || comparison === 'eq' ? value === parts.length : comparison === 'gt' && value === parts.length - 1,
  );
}

/** Reports names in the condition of a temporal correlation that are not those of its rules. */
function checkConditionNames(
  { condition }: CorrelationText,
  parts: readonly (CorrelationPart | undefined)[],
  reader: LocatedDocumentReader,
  node: ReturnType<LocatedDocumentReader['value']>,
): void {
  const names = new Set(parts.map((part) => part?.reference));
  const check = (one: Condition): void => {
    switch (one.type) {
      case 'and': case 'or': return one.operands.forEach(check);
      case 'not': return check(one.operand);
      case 'search': if (!names.has(one.name)) reader.fail(node, 'condition', `the correlation names no rule "${one.name}"`); return;
      case 'quantified':
        if (
          namesMatching(
            one.pattern,
            [...names].filter((name) => name !== undefined),
          ).length === 0
        )
          reader.fail(node, 'condition', `no rule is named "${one.pattern}"`);
    }
  };
  if (condition) check(condition);
}

/** Names that a pattern in a condition selects: `them`, or a name with `*`. */
export function namesMatching(pattern: string, names: readonly string[]): string[] {
  if (pattern.toLowerCase() === 'them') return [...names];
  const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return names.filter((name) => regex.test(name));
}
