import { columnOf, flowFields, type FlowField, type FlowRecord, type Observable } from '#flow';
import type { Expression } from './expression.ts';

/** A field that rules can name: of the record, of the observable under test, or computed from other fields. */
export type Field =
  | { of: 'record'; name: FlowField; type: 'text' | 'texts' | 'number' | 'observables' }
  | { of: 'observable'; name: string; key: keyof Observable; type: 'text' | 'number' }
  /** `sql` computes the same list from the columns. */
  | { of: 'computed'; name: string; type: 'texts'; read: (record: FlowRecord) => readonly string[]; sql: string };

/** What a field name in a rule can stand for. */
export type Resolution =
  | Field
  /** Records do not have it. */
  | { of: 'nowhere'; name: string; reason: string }
  /** A field of another log, each of whose values maps to a search over records; keys in lower case. */
  | { of: 'values'; name: string; searches: ReadonlyMap<string, Expression> };

/** What a rule's field name stands for. Undefined: there is no such field, and naming it is an error. */
export type FieldResolver = (name: string) => Resolution | undefined;

const observablePrefix = 'telltale.observable.';
const observableFields: Readonly<Record<string, 'text' | 'number'>> = {
  kind: 'text', path: 'text', encoding: 'text', visibility: 'text', sender: 'text', confidence: 'number', watchlist: 'text',
};
/** Members of an observable that rules can ask about. */
export const observableNames: readonly string[] = Object.keys(observableFields);

const noTexts: readonly string[] = [];

/** `/path?query`, alone and with `http://host` in front: logs write URLs either way. The latest is cached, since several rules read it. */
const urlOriginal = ((): (record: FlowRecord) => readonly string[] => {
  let path = '';
  let query = '';
  let host = '';
  let texts = noTexts;
  return (record) => {
    if (record['url.path'] === path && record['url.query'] === query && record['url.domain'] === host) return texts;
    path = record['url.path'];
    query = record['url.query'];
    host = record['url.domain'];
    const target = query === '' ? path : `${path}?${query}`;
    texts = target === '' ? noTexts : host === '' ? [target] : [target, `http://${host}${target}`];
    return texts;
  };
})();

const target = "concat(url_path, if(url_query = '', '', concat('?', url_query)))";

const computedFields: Readonly<Record<string, Pick<Extract<Field, { of: 'computed' }>, 'read' | 'sql'>>> = {
  'url.original': {
    read: urlOriginal,
    sql: `if(${target} = '', [], if(url_domain = '', [${target}], [${target}, concat('http://', url_domain, ${target})]))`,
  },
  'url.extension': {
    read: (record) => {
      const extension = /\.([^./]+)$/.exec(record['url.path'])?.[1];
      return extension === undefined ? noTexts : [extension];
    },
    sql: "extractAll(url_path, '\\\\.([^./]+)$')",
  },
};

/**
 * The field of that name: one of the field table, `telltale.observable.*`, or `url.original` and `url.extension`, computed from the other
 * URL fields.
 */
export const recordField = (name: string): Field | undefined => {
  if (name.startsWith(observablePrefix)) {
    const key = name.slice(observablePrefix.length);
    return Object.hasOwn(observableFields, key) ? { of: 'observable', name, key: key as keyof Observable, type: observableFields[key]! } : undefined;
  }
  if (Object.hasOwn(computedFields, name)) return { of: 'computed', name, type: 'texts', ...computedFields[name]! };
  if (!Object.hasOwn(flowFields, name)) return undefined;
  const { type } = flowFields[name as FlowField];
  const kind = type === 'string' ? 'text' : type === 'strings' ? 'texts' : type === 'observables' ? 'observables' : 'number';
  return { of: 'record', name: name as FlowField, type: kind };
};

/** All names that {@link recordField} knows. */
export const recordFieldNames: readonly string[] = [
  ...Object.keys(flowFields),
  ...Object.keys(observableFields).map((key) => observablePrefix + key),
  ...Object.keys(computedFields),
];

/** Texts that the probe itself produces (ids, verdicts, names of its own), and addresses that the record holds a second time. */
const ownTexts: ReadonlySet<string> = new Set([
  'event.id', 'observer.name', 'network.community_id', 'network.type',
  'telltale.flow.id', 'telltale.flow.state', 'telltale.flow.end_reason', 'telltale.flow.observable_kinds', 'telltale.evidence.file',
  'telltale.subject.ip', 'telltale.subject.mac', 'telltale.peer.ip', 'telltale.destination.domain_source',
  'telltale.encryption.verdict', 'telltale.encryption.reason', 'telltale.inference',
]);
const keywordFields = (type: 'string' | 'strings'): readonly FlowField[] =>
  (Object.keys(flowFields) as FlowField[]).filter((name) => flowFields[name].type === type && flowFields[name].by === 'probe' && !ownTexts.has(name));

/**
 * Fields that are searched for keywords: texts from the traffic or the log. A word found in a random id, or in what the detector adds about
 * a peer, would mean nothing.
 */
export const keywordTextFields = keywordFields('string');
/** As {@link keywordTextFields}, of the fields with several texts. */
export const keywordListFields = keywordFields('strings');

/** The texts of several fields as if of one. Nothing is allocated for records that have none, as most do not. */
export function joinedField(fields: readonly Field[]): Field {
  const readers = fields.map((field): FieldReader<readonly string[]> => {
    if (field.type === 'texts') return textsReader(field);
    const read = textReader(field);
    return (record, observable) => (read(record, observable) === '' ? noTexts : [read(record, observable)]);
  });
  const read = (record: FlowRecord): readonly string[] => {
    let texts = noTexts;
    for (const readOne of readers) {
      const own = readOne(record, undefined);
      if (own.length > 0) texts = texts.length === 0 ? own : [...texts, ...own];
    }
    return texts;
  };
  return {
    of: 'computed', name: fields.map(({ name }) => name).join(' or '), type: 'texts', read,
    sql: `arrayConcat(${fields.map(textsColumn).join(', ')})`,
  };
}

/** SQL of a field's texts as a list. */
export function textsColumn(field: Field): string {
  if (field.of === 'computed') return field.sql;
  const column = columnOf(field.name);
  return field.type === 'texts' ? column : `if(${column} = '', [], [toString(${column})])`;
}

/** Reads the value of a field; `observable` is the one under test. */
export type FieldReader<T> = (record: FlowRecord, observable: Observable | undefined) => T;

export function textReader(field: Field): FieldReader<string> {
  if (field.of === 'observable') return (_, observable) => (observable === undefined ? '' : observable[field.key] as string);
  return recordReader(field.name as FlowField) as FieldReader<string>;
}

export function textsReader(field: Field): FieldReader<readonly string[]> {
  if (field.of === 'computed') return field.read;
  return recordReader(field.name as FlowField) as FieldReader<string[]>;
}

export function numberReader(field: Field): FieldReader<number> {
  if (field.of === 'observable') return (_, observable) => (observable === undefined ? 0 : observable[field.key] as number);
  return recordReader(field.name as FlowField) as FieldReader<number>;
}

const recordReaders = new Map<FlowField, FieldReader<unknown>>();

/**
 * Reads a field of the record by its literal name. With the name in a variable all fields share one access site, which V8 then treats as
 * megamorphic.
 */
export function recordReader(name: FlowField): FieldReader<unknown> {
  if (!Object.hasOwn(flowFields, name)) throw new Error(`no field is named ${JSON.stringify(name)}`);
  let reader = recordReaders.get(name);
  // oxlint-disable-next-line no-new-func -- the text is made of a name of the field table alone
  if (!reader) recordReaders.set(name, reader = new Function('record', `return record[${JSON.stringify(name)}];`) as FieldReader<unknown>);
  return reader;
}
