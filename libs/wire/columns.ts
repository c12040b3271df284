import { createHash } from 'node:crypto';
import type { FieldDefinition, Observable } from '#flow';

/** What a column's values are; see format.ts. */
export type ColumnType = 'text' | 'count' | 'micros' | 'items';

/** A record, or an item of a list, as the codec sees it: the column says which type a field has. */
export type Row = Record<string, unknown>;

export interface Column {
  readonly tag: number;
  readonly type: ColumnType;
  /** Field of the record. */
  readonly field: string;
  /** The list's inner columns: null for a field that is no list; `''` for the items themselves; else the item's property. */
  readonly property: string | null;
  /** No value occurs twice, in this column or any other, so that the dictionary need not search for it. */
  readonly isUnique: boolean;
  /** For `items`: makes an empty item. */
  readonly createItem: () => unknown;
}

function createObservable(): Observable {
  return { kind: '', path: '', encoding: '', visibility: 'cleartext', confidence: 0, mask: '', token: '', sender: 'source', frame: 0, watchlist: '' };
}

const observableColumns: Record<keyof Observable, 'text' | 'count'> = {
  kind: 'text',
  path: 'text',
  encoding: 'text',
  visibility: 'text',
  confidence: 'count',
  mask: 'text',
  token: 'text',
  sender: 'text',
  frame: 'count',
  watchlist: 'text',
};

/** The columns of a field table, one or more for each of its probe fields, in the table's order. Throws when two tags collide. */
export function columnsOf(fields: Record<string, FieldDefinition>): Column[] {
  const columns = Object.entries(fields).filter(([, { by }]) => by === 'probe').flatMap(([field, { type }]) => fieldColumns(field, type));
  const named = new Map<number, string>();
  for (const { tag, field } of columns) {
    if (named.has(tag)) throw new Error(`fields ${named.get(tag)} and ${field} have the same tag on the wire: rename one`);
    named.set(tag, field);
  }
  return columns;
}

function fieldColumns(field: string, type: FieldDefinition['type']): Column[] {
  switch (type) {
    case 'string': return [column(field, null, 'text')];
    case 'count': return [column(field, null, 'count')];
    case 'micros': return [column(field, null, 'micros')];
    case 'strings': return [column(field, null, 'items', () => ''), column(field, '', 'text')];
    case 'observables': {
      const inner = Object.entries(observableColumns).map(([property, innerType]) => column(field, property, innerType));
      return [column(field, null, 'items', createObservable), ...inner];
    }
  }
}

function column(field: string, property: string | null, type: ColumnType, createItem: () => unknown = () => null): Column {
  const name = property === null ? field : `${field}[].${property}`;
  return {
    tag: createHash('sha256').update(`${name}:${type}`).digest().readUInt32LE(0), type, field, property, isUnique: field === 'event.id', createItem,
  };
}
