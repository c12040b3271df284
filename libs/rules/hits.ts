import type { FlowRecord, Hit, Observable } from '#flow';
import type { Correlation } from './correlation-links.ts';
import { numberReader, recordField, textReader, textsReader, type Field, type FieldReader } from './fields.ts';

/** Fields that every hit carries, so that a finding about several hits can say what they have in common. */
export const contextFields: readonly string[] = [
  'observer.name', 'source.ip', 'destination.ip', 'destination.port', 'telltale.subject.ip', 'telltale.peer.ip', 'network.transport',
  'network.protocol', 'destination.domain', 'telltale.service', 'telltale.role',
  'destination.geo.country_iso_code', 'destination.as.number', 'destination.as.organization.name',
  'telltale.peer.located', 'telltale.peer.registered', 'telltale.peer.operated', 'telltale.peer.operator',
  'telltale.policy.id', 'telltale.policy.verdict', 'telltale.evidence.file',
  'telltale.observable.kind', 'telltale.observable.path', 'telltale.observable.mask', 'telltale.observable.token',
];

/** A match of a rule. */
export interface Match {
  /** Id of the rule. */
  readonly rule: string;
  readonly record: FlowRecord;
  /** The identifier that the match is about; undefined if it is about the record as a whole. */
  readonly observable: Observable | undefined;
  /** Id and time (microseconds since 1970) of the finding that the match is, or would be. */
  readonly id: string;
  readonly time: number;
}

/** Which matches correlations count, and what is kept of them. */
export class HitPlan {
  static readonly none = new HitPlan([], new Set());
  readonly #readers: ReadonlyMap<string, readonly (readonly [string, FieldReader<string>])[]>;
  readonly #silent: ReadonlySet<string>;

  /** @param silent ids of rules that report only through correlations */
  constructor(correlations: readonly Correlation[], silent: ReadonlySet<string>) {
    const fields = new Map<string, Map<string, Field>>();
    for (const { hitFields, evaluable } of correlations) {
      if (evaluable === 'no') continue;
      for (const [rule, wanted] of hitFields) fields.set(rule, new Map([...(fields.get(rule) ?? context), ...wanted]));
    }
    this.#readers = new Map([...fields].map(([rule, wanted]) => [rule, [...wanted].map(([name, field]) => [name, asText(field)] as const)]));
    this.#silent = silent;
  }

  /** Whether a correlation counts the rule's matches. */
  counts(rule: string): boolean {
    return this.#readers.has(rule);
  }

  /** Whether the rule reports nothing on its own. */
  isSilent(rule: string): boolean {
    return this.#silent.has(rule);
  }

  /** The hit for a match of a rule that a correlation counts. */
  hitOf(match: Match): Hit {
    const { rule, record, id, time } = match;
    return {
      'event.id': id,
      '@timestamp': time,
      'rule.id': rule,
      'telltale.flow.id': record['telltale.flow.id'],
      'telltale.record.id': record['event.id'],
      fields: this.fieldsOf(match),
    };
  }

  /** What the hit for a match keeps of the record and its identifier, by field name; empty fields are left out. */
  fieldsOf({ rule, record, observable }: Pick<Match, 'rule' | 'record' | 'observable'>): Record<string, string> {
    const fields: Record<string, string> = {};
    for (const [name, read] of this.#readers.get(rule)!) {
      const text = read(record, observable);
      if (text !== '') fields[name] = text;
    }
    return fields;
  }
}

/** Fields of the hits of each rule, by name: those that the correlation reads, and {@link contextFields}. */
export function fieldsOfHits({ hitFields }: Correlation): ReadonlyMap<string, ReadonlyMap<string, Field>> {
  return new Map([...hitFields].map(([rule, wanted]) => [rule, new Map([...context, ...wanted])]));
}

/** Reads a field as one text: several values are joined, of `url.original`'s spellings the first counts, and 0 is an absent number. */
function asText(field: Field): FieldReader<string> {
  switch (field.type) {
    case 'text': return textReader(field);
    case 'number': {
      const read = numberReader(field);
      return (record, observable) => {
        const value = read(record, observable);
        return value === 0 ? '' : String(value);
      };
    }
    case 'texts': {
      const read = textsReader(field);
      return field.of === 'computed'
        ? (record, observable) => read(record, observable)[0] ?? ''
        : (record, observable) => read(record, observable).join(',');
    }
    case 'observables': return () => '';
  }
}

/** A field that correlations may name: those of rules, and the mask and token of the observable. */
export function hitField(name: string): Field | undefined {
  if (name === 'telltale.observable.token' || name === 'telltale.observable.mask')
    return { of: 'observable', name, key: name.endsWith('token') ? 'token' : 'mask', type: 'text' };
  return recordField(name);
}

const context: ReadonlyMap<string, Field> = new Map(contextFields.map((name) => [name, hitField(name)!]));
