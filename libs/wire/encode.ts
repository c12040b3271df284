import { constants, zstdCompressSync } from 'node:zlib';
import { ByteWriter } from './byte-writer.ts';
import type { Column, Row } from './columns.ts';
import { WireError } from './errors.ts';
import { compression, layout, limits, smallestCompressedBody, version } from './format.ts';

/** Writes `rows` as one batch. Throws {@link WireError} `too_large` beyond the format's limits, `unencodable` for an impossible value. */
export function encodeRows(columns: readonly Column[], rows: readonly Row[]): Buffer {
  if (rows.length > limits.records) throw new WireError('too_large', 0, `${rows.length} records, at most ${limits.records} fit in a batch`);
  const dictionary = new Dictionary();
  const written = writeColumns(columns, rows, dictionary);
  const body = new ByteWriter();
  body.varint(rows.length);
  dictionary.writeTo(body);
  body.varint(written.count);
  body.bytes(written.bytes);
  if (body.length > limits.bodyBytes) {
    throw new WireError('too_large', 0, `${body.length} bytes, at most ${limits.bodyBytes} fit in a batch`);
  }
  return frame(body.view());
}

function frame(body: Buffer): Buffer {
  const compressed = body.length < smallestCompressedBody ? body : zstdCompressSync(body, zstdOptions);
  return compressed.length < body.length
    ? Buffer.concat([Buffer.of(version, compression.zstd), compressed])
    : Buffer.concat([Buffer.of(version, compression.none), body]);
}

/** Level 2 takes a fifth of the time of the default, 3, for batches that are a twentieth larger. */
const zstdOptions = { params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 2 } };

/** The distinct strings of a batch, in the order in which the columns first use them. Index 0 is the empty string and is not written. */
class Dictionary {
  readonly #indexes = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = [];

  /** How many entries there are so far. */
  get entries(): number {
    return this.#texts.length;
  }

  /** The number that stands for `text` in a column: see `text` in format.ts. */
  refer(text: string): number {
    const index = this.#indexes.get(text);
    if (index !== undefined) return index === 0 ? 0 : this.#texts.length - index + 2;
    this.#indexes.set(text, this.#texts.push(text));
    return 1;
  }

  /** As {@link refer}, for a text that stands nowhere else in the batch. */
  append(text: string): number {
    if (text === '') return 0;
    this.#texts.push(text);
    return 1;
  }

  writeTo(writer: ByteWriter): void {
    const utf8 = new ByteWriter();
    writer.varint(this.entries);
    for (const text of this.#texts) writer.varint(utf8.utf8(text));
    writer.bytes(utf8.view());
  }
}

function writeColumns(columns: readonly Column[], rows: readonly Row[], dictionary: Dictionary): { count: number; bytes: Buffer } {
  const writer = new ByteWriter();
  const values = new ByteWriter();
  const source = new ColumnSource(rows);
  let count = 0;
  for (const column of columns) {
    values.clear();
    const written = column.type === 'text'
      ? writeTexts(values, column, source.texts(column), dictionary)
      : writeNumbers(values, column, source.numbers(column));
    if (!written) continue;
    count++;
    writer.u32(column.tag);
    writer.varint(values.length);
    writer.bytes(values.view());
  }
  return { count, bytes: writer.view() };
}

/** Reads column after column out of the rows, into arrays that the next column overwrites. */
class ColumnSource {
  readonly #rows: readonly Row[];
  readonly #texts: unknown[] = [];
  readonly #lists: unknown[][] = [];
  readonly #numbers: Float64Array;

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
    this.#numbers = new Float64Array(rows.length);
  }

  /** The column's values; a single one when all rows have the same. */
  texts(column: Column): readonly unknown[] {
    const texts = this.#texts;
    if (column.property !== null) return this.#inner(column.property);
    if (this.#isConstant(column)) return [this.#rows[0]![column.field]];
    texts.length = this.#rows.length;
    column.gather(this.#rows, texts);
    return texts;
  }

  numbers(column: Column): Float64Array {
    if (column.property !== null) return Float64Array.from(this.#inner(column.property) as number[]);
    if (column.type !== 'items') {
      if (this.#isConstant(column)) return Float64Array.of(this.#rows[0]![column.field] as number);
      column.gather(this.#rows, this.#numbers);
      return this.#numbers;
    }
    this.#lists.length = this.#rows.length;
    column.gather(this.#rows, this.#lists);
    for (let i = 0; i < this.#lists.length; i++) this.#numbers[i] = this.#lists[i]!.length;
    return this.#numbers;
  }

  #isConstant(column: Column): boolean {
    return this.#rows.length > 0 && column.isConstant(this.#rows);
  }

  /** Values of an inner column of the list whose `items` column was read last. */
  #inner(property: string): unknown[] {
    const values: unknown[] = [];
    for (const list of this.#lists) {
      for (const item of list) values.push(property === '' ? item : (item as Row)[property]);
    }
    return values;
  }
}

/** Returns false when all are empty: then the column is left out. */
function writeTexts(writer: ByteWriter, column: Column, values: readonly unknown[], dictionary: Dictionary): boolean {
  const constant = isConstant(values);
  if (constant && (values.length === 0 || values[0] === '')) return false;
  writer.u8(constant ? layout.constant : layout.varying);
  writer.varint(dictionary.entries);
  const count = constant ? 1 : values.length;
  let reference = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (typeof value !== 'string') throw unencodable(column, 'a string');
    // Neighbours often agree: then the reference is the one before, or, when that was new, the newest entry.
    if (column.isUnique) reference = dictionary.append(value);
    else if (i > 0 && value === values[i - 1]) reference = reference === 1 ? 2 : reference;
    else reference = dictionary.refer(value);
    writer.varint(reference);
  }
  return true;
}

/** Returns false when all are zero: then the column is left out. */
function writeNumbers(writer: ByteWriter, column: Column, values: Float64Array): boolean {
  const constant = isConstant(values);
  if (constant && (values.length === 0 || values[0] === 0)) return false;
  writer.u8(constant ? layout.constant : layout.varying);
  if (column.type === 'items') checkItems(column, values);
  const count = constant ? 1 : values.length;
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (!Number.isSafeInteger(value) || value < 0) throw unencodable(column, 'an integer from 0 to 2^53 - 1');
    if (column.type === 'micros') writer.difference(value - previous);
    else writer.varint(value);
    previous = value;
  }
  return true;
}

function isConstant(values: ArrayLike<unknown>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function checkItems({ field }: Column, sizes: Float64Array): void {
  let total = 0;
  for (const size of sizes) total += size;
  if (total > limits.items) throw new WireError('too_large', 0, `${total} items in ${field}, at most ${limits.items} fit in a batch`);
}

function unencodable({ field, property }: Column, expected: string): WireError {
  return new WireError('unencodable', 0, `${field}${property ? `[].${property}` : ''} is not ${expected}`);
}
