import { zstdDecompressSync } from 'node:zlib';
import { assemblyOf, type Assembly, type FieldColumn } from './assemble.ts';
import { ByteReader } from './byte-reader.ts';
import type { Column, ColumnType, Row } from './columns.ts';
import { WireError } from './errors.ts';
import { compression, layout, limits, version } from './format.ts';

/** What a reader knows: the columns of its field table by tag, and how to assemble records from them. */
export interface Schema {
  readonly columns: ReadonlyMap<number, Column>;
  readonly assembly: Assembly;
}

/** @param createRow makes an empty record */
export function schemaOf(columns: readonly Column[], createRow: () => Row): Schema {
  return { columns: new Map(columns.map((column) => [column.tag, column])), assembly: assemblyOf(columns, createRow) };
}

/** Reads a batch. Throws {@link WireError}. Whatever the bytes are, time and memory are bounded by the format's limits. */
export function decodeRows(schema: Schema, message: Uint8Array): Row[] {
  const reader = new ByteReader(bodyOf(message));
  const count = reader.varint();
  if (count > limits.records) throw new WireError('too_large', 0, `the batch has ${count} records, and at most ${limits.records} are allowed`);
  const dictionary = readDictionary(reader);
  return schema.assembly.assemble(count, readColumns(reader, schema, count, dictionary));
}

function bodyOf(message: Uint8Array): Buffer {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (bytes.length < 2) throw new WireError('truncated', bytes.length, 'the bytes end within the header');
  if (bytes[0] !== version)
    throw new WireError('unknown_version', 0, `the batch has format version ${bytes[0]}, and this reader knows only version ${version}`);
  switch (bytes[1]) {
    case compression.none: return bytes.subarray(2);
    case compression.zstd: return decompressed(bytes.subarray(2));
    default: throw new WireError('unknown_compression', 1, `the compression ${bytes[1]} is unknown`);
  }
}

/** With this chunk size most bodies come in one or two pieces. The default is pieces of 16 KiB, each of which costs a call and a copy. */
const decompressionOptions = { maxOutputLength: limits.bodyBytes, chunkSize: 256 * 1024 };

function decompressed(body: Buffer): Buffer {
  try {
    return zstdDecompressSync(body, decompressionOptions);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new WireError('too_large', 2, `the body decompresses to more than ${limits.bodyBytes} bytes`);
    }
    throw new WireError('corrupt', 2, 'the body cannot be decompressed');
  }
}

/** The batch's strings; index 0 is the empty string. */
function readDictionary(reader: ByteReader): readonly string[] {
  const entries = reader.varint();
  if (entries > reader.remaining) throw new WireError('truncated', reader.offset, 'the bytes end within the dictionary');
  const lengths = reader.varints(entries);
  const texts = [''];
  // One at a time: slices of one large string would be slower to read, and each would keep the whole string in memory.
  for (const length of lengths) texts.push(reader.utf8(length));
  return texts;
}

/** Reads the values of each field of the schema, under its number. */
function readColumns(reader: ByteReader, schema: Schema, rows: number, dictionary: readonly string[]): FieldColumn[] {
  const { numbers } = schema.assembly;
  const values = Array<FieldColumn>(numbers.size).fill(undefined);
  const seen = new Set<number>();
  const lists: Lists = new Map();
  const bodyEnd = reader.end;
  for (let left = reader.varint(); left > 0; left--) {
    const tag = reader.u32();
    if (seen.has(tag)) throw new WireError('malformed', reader.offset, 'a column occurs twice');
    seen.add(tag);
    const length = reader.varint();
    if (length > reader.remaining) throw new WireError('truncated', reader.offset, 'the bytes end within a column');
    const columnEnd = reader.offset + length;
    const column = schema.columns.get(tag);
    if (column) {
      reader.end = columnEnd;
      if (column.property === null) values[numbers.get(column.field)!] = readField(reader, column, rows, lists, dictionary);
      else readInnerValues(reader, column, column.property, lists.get(column.field) ?? [], dictionary);
      if (reader.offset < columnEnd) throw new WireError('malformed', reader.offset, `bytes are left over in the column ${column.field}`);
      reader.end = bodyEnd;
    }
    reader.offset = columnEnd;
  }
  if (reader.remaining > 0) throw new WireError('malformed', reader.offset, 'bytes are left over after the columns');
  return values;
}

/** By field: the lists that are not empty, in the order of their records. */
type Lists = Map<string, readonly unknown[][]>;

function readField(reader: ByteReader, column: Column, rows: number, lists: Lists, dictionary: readonly string[]): FieldColumn {
  const values = readValues(reader, column, rows, dictionary);
  return values === undefined || column.type !== 'items' ? values : createLists(reader, column, values as number[], lists);
}

const emptyList: readonly unknown[] = [];

/** The lists of all records; those that are not empty are filled later, by the inner columns. */
function createLists(reader: ByteReader, column: Column, sizes: readonly number[], lists: Lists): readonly unknown[][] {
  let total = 0;
  for (const size of sizes) total += size;
  if (total > limits.items) {
    throw new WireError(
      'too_large', reader.offset, `the column ${column.field} has ${total} items, and at most ${limits.items} are allowed in a batch`,
    );
  }
  const all: unknown[][] = [];
  const filled: unknown[][] = [];
  for (const size of sizes) {
    if (size === 0) {
      all.push(emptyList as unknown[]);
      continue;
    }
    const list: unknown[] = [];
    for (let i = 0; i < size; i++) list.push(column.createItem());
    all.push(list);
    filled.push(list);
  }
  lists.set(column.field, filled);
  return all;
}

function readInnerValues(reader: ByteReader, column: Column, property: string, lists: readonly unknown[][], dictionary: readonly string[]): void {
  let total = 0;
  for (const list of lists) total += list.length;
  const values = readValues(reader, column, total, dictionary) ?? repeated(column.type === 'text' ? '' : 0, total);
  let next = 0;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++, next++) {
      if (property === '') list[i] = values[next];
      else (list[i] as Row)[property] = values[next];
    }
  }
}

/** Reads a column's `total` values; undefined when all are the zero value. */
function readValues(reader: ByteReader, { type }: Column, total: number, dictionary: readonly string[]): (string | number)[] | undefined {
  const how = reader.u8();
  if (how !== layout.constant && how !== layout.varying) throw new WireError('malformed', reader.offset - 1, `the layout ${how} is unknown`);
  const count = how === layout.constant ? 1 : total;
  if (count > reader.remaining) throw new WireError('truncated', reader.offset, 'the bytes end within a column');
  const values = readVarying(reader, type, count, dictionary);
  if (how === layout.varying) return values;
  const [value] = values;
  return value === '' || value === 0 ? undefined : repeated(value!, total);
}

function repeated<T>(value: T, times: number): T[] {
  const values: T[] = [];
  for (let i = 0; i < times; i++) values.push(value);
  return values;
}

function readVarying(reader: ByteReader, type: ColumnType, count: number, dictionary: readonly string[]): (string | number)[] {
  switch (type) {
    case 'text': return readTexts(reader, count, dictionary);
    case 'micros': return readMicros(reader, count);
    case 'count':
    case 'items': return reader.varints(count);
  }
}

function readTexts(reader: ByteReader, count: number, dictionary: readonly string[]): string[] {
  let newest = reader.varint();
  const values = Array<string>(count);
  for (let i = 0; i < count; i++) {
    const reference = reader.shortVarint();
    const index = reference === 0 ? 0 : reference === 1 ? ++newest : newest - reference + 2;
    if (index < 0 || index >= dictionary.length) {
      throw new WireError('malformed', reader.offset, 'a reference leads to no string of the dictionary');
    }
    values[i] = dictionary[index]!;
  }
  return values;
}

function readMicros(reader: ByteReader, count: number): number[] {
  const values: number[] = [];
  let value = 0;
  for (let i = 0; i < count; i++) {
    value += reader.difference();
    if (!Number.isSafeInteger(value) || value < 0) throw new WireError('malformed', reader.offset, 'a time is outside 0 to 2^53 - 1');
    values.push(value);
  }
  return values;
}
