import { columnOf, findingFields, findingFlowFields, flowFields, type FieldType, type Observable } from '#flow';

/** A field of a table, as it is stored. */
export interface StoredField {
  /** Record key: `source.ip`. */
  readonly field: string;
  readonly type: FieldType | 'map';
  /** The columns it fills: one, or for observables one array per member of an observable. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** Members of an observable in the order of their columns. */
export const observableMembers = {
  kind: 'LowCardinality(String)',
  path: 'String',
  encoding: 'LowCardinality(String)',
  visibility: 'LowCardinality(String)',
  confidence: 'UInt64',
  mask: 'String',
  token: 'String',
  sender: 'LowCardinality(String)',
  frame: 'UInt64',
  watchlist: 'LowCardinality(String)',
} as const satisfies Record<keyof Observable, string>;

export type Table = 'flows' | 'findings' | 'hits';

/** The fields of each table in the order of the field table, which is the order of RowBinary. */
export const tables: Readonly<Record<Table, readonly StoredField[]>> = {
  flows: stored(Object.entries(flowFields)),
  findings: stored([...Object.entries(findingFields), ...findingFlowFields.map((name) => [name, flowFields[name]] as const)]),
  hits: [
    ...stored([
      ['event.id', { type: 'string' }], ['@timestamp', { type: 'micros' }], ['rule.id', { type: 'string', lowCardinality: true }],
      ['telltale.flow.id', { type: 'string' }], ['telltale.record.id', { type: 'string' }],
    ]),
    { field: 'fields', type: 'map', columns: [{ name: 'fields', type: 'Map(LowCardinality(String), String)' }] },
  ],
};

type Definition = { readonly type: FieldType; readonly lowCardinality?: true };

function stored(fields: readonly (readonly [string, Definition])[]): StoredField[] {
  return fields.map(([field, definition]) => ({ field, type: definition.type, columns: columnsOf(columnOf(field), definition) }));
}

function columnsOf(name: string, { type, lowCardinality }: Definition): StoredField['columns'] {
  switch (type) {
    case 'string': return [{ name, type: lowCardinality ? 'LowCardinality(String)' : 'String' }];
    case 'strings': return [{ name, type: 'Array(String)' }];
    case 'count': return [{ name, type: 'UInt64' }];
    case 'micros': return [{ name, type: "DateTime64(6, 'UTC')" }];
    case 'observables':
      return Object.entries(observableMembers).map(([member, memberType]) => ({ name: `${name}.${member}`, type: `Array(${memberType})` }));
  }
}
