import { flowFields, type FlowField, type FlowRecord, type Observable } from '#flow';

/** A field that rules can name: of the record, or of the one observable that is looked at. */
export type Field =
  | { of: 'record'; name: FlowField; type: 'text' | 'texts' | 'number' | 'observables' }
  | { of: 'observable'; name: string; key: keyof Observable; type: 'text' | 'number' };

/** What a rule's field name means. Undefined: there is no such field. */
export type FieldResolver = (name: string) => Field | undefined;

const observablePrefix = 'telltale.observable.';
const observableFields: Readonly<Record<string, 'text' | 'number'>> = {
  kind: 'text', path: 'text', encoding: 'text', visibility: 'text', sender: 'text', confidence: 'number',
};

/** Fields as the field table names them, and `telltale.observable.*`. */
export const recordField: FieldResolver = (name) => {
  if (name.startsWith(observablePrefix)) {
    const key = name.slice(observablePrefix.length);
    return Object.hasOwn(observableFields, key) ? { of: 'observable', name, key: key as keyof Observable, type: observableFields[key]! } : undefined;
  }
  if (!Object.hasOwn(flowFields, name)) return undefined;
  const { type } = flowFields[name as FlowField];
  const kind = type === 'string' ? 'text' : type === 'strings' ? 'texts' : type === 'observables' ? 'observables' : 'number';
  return { of: 'record', name: name as FlowField, type: kind };
};

/** All names that {@link recordField} knows. */
export const recordFieldNames: readonly string[] = [...Object.keys(flowFields), ...Object.keys(observableFields).map((key) => observablePrefix + key)];

/** The value of a field; `observable` is the one that the rule looks at. */
export type FieldReader<T> = (record: FlowRecord, observable: Observable | undefined) => T;

export function textReader(field: Field): FieldReader<string> {
  if (field.of === 'record') return (record) => record[field.name] as string;
  return (_, observable) => (observable === undefined ? '' : observable[field.key] as string);
}

export function textsReader(field: Field): FieldReader<readonly string[]> {
  return (record) => record[field.name as FlowField] as string[];
}

export function numberReader(field: Field): FieldReader<number> {
  if (field.of === 'record') return (record) => record[field.name] as number;
  return (_, observable) => (observable === undefined ? 0 : observable[field.key] as number);
}
