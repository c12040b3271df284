import { constants, zstdCompressSync } from 'node:zlib';
import { ByteWriter } from './byte-writer.ts';
import type { Column, Row } from './columns.ts';
import { WireError } from './errors.ts';
import { compression, layout, limits, smallestCompressedBody, version } from './format.ts';
import { Gatherer, type Gathered } from './gather.ts';

/** Writes rows as batches, one after the other, reusing its buffers. */
export class RowEncoder {
  readonly #columns: readonly Column[];
  readonly #gatherer: Gatherer;
  readonly #body = new ByteWriter();
  readonly #written = new ByteWriter();
  readonly #data = new ByteWriter();
  readonly #utf8 = new ByteWriter();

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#gatherer = new Gatherer(columns);
  }

  /** Writes `rows` as one batch. Throws as {@link take} does. */
  encode(rows: readonly Row[]): Buffer {
    try {
      for (const row of rows) this.add(row);
    } catch (error) {
      this.#gatherer.clear();
      throw error;
    }
    return this.take();
  }

  /** How many rows the current batch has. */
  get rows(): number {
    return this.#gatherer.rows;
  }

  /** Adds the contents of a row to the current batch. */
  add(row: Row): void {
    this.#gatherer.add(row);
  }

  /**
   * Writes the rows added since the last call as one batch, and clears them. Throws {@link WireError} `too_large` beyond the format's limits,
   * `unencodable` for an impossible value.
   */
  take(): Buffer {
    try {
      return this.#write();
    } finally {
      this.#gatherer.clear();
    }
  }

  #write(): Buffer {
    const dictionary = new Dictionary();
    const columns = this.#writeColumns(dictionary);
    const body = this.#body;
    body.clear();
    body.varint(this.rows);
    dictionary.writeTo(body, this.#utf8);
    body.varint(columns);
    body.bytes(this.#written.view());
    if (body.length > limits.bodyBytes) {
      throw new WireError('too_large', 0, `the body has ${body.length} bytes, and at most ${limits.bodyBytes} are allowed in a batch`);
    }
    return frame(body.view());
  }

  /** Returns how many columns it has written. */
  #writeColumns(dictionary: Dictionary): number {
    const gathered = this.#gatherer.columns();
    const writer = this.#written;
    const data = this.#data;
    let count = 0;
    writer.clear();
    for (const column of this.#columns) {
      const values = gathered.get(column.field)!;
      if (values === null) continue;
      data.clear();
      if (column.type === 'text') writeTexts(data, column, textsOf(column, values), dictionary);
      else writeNumbers(data, column, numbersOf(column, values));
      if (data.length === 0) continue;
      count++;
      writer.u32(column.tag);
      writer.varint(data.length);
      writer.bytes(data.view());
    }
    return count;
  }
}

function frame(body: Buffer): Buffer {
  const compressed = body.length < smallestCompressedBody ? body : zstdCompressSync(body, zstdOptions);
  return compressed.length < body.length
    ? Buffer.concat([Buffer.of(version, compression.zstd), compressed])
    : Buffer.concat([Buffer.of(version, compression.none), body]);
}

/** Level 2 takes a fifth of the time of the default, 3, and makes batches 5 % larger. */
const zstdOptions = { params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 2 } };

/** The distinct strings of a batch, in the order in which the columns first use them. Index 0 is the empty string and is not written. */
class Dictionary {
  readonly #indexes = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = [];

  /** Number of entries so far. */
  get entries(): number {
    return this.#texts.length;
  }

  /** The number that refers to `text` in a column: see `text` in format.ts. */
  refer(text: string): number {
    const index = this.#indexes.get(text);
    if (index !== undefined) return index === 0 ? 0 : this.#texts.length - index + 2;
    this.#indexes.set(text, this.#texts.length + 1);
    return this.append(text);
  }

  /** As {@link refer}, for a text that occurs nowhere else in the batch. */
  append(text: string): number {
    if (text === '') return 0;
    this.#texts.push(text);
    return 1;
  }

  /** @param utf8 scratch space for the bytes of the texts while the lengths are written */
  writeTo(writer: ByteWriter, utf8: ByteWriter): void {
    utf8.clear();
    writer.varint(this.entries);
    for (let at = 0; at < this.entries; at += textsTogether) writeUtf8(this.#texts.slice(at, at + textsTogether), writer, utf8);
    writer.bytes(utf8.view());
  }
}

/** How many texts are converted by one call into the runtime. */
const textsTogether = 64;

/** Writes the lengths in bytes, and the bytes. For texts that are all ASCII, as most are, these are the lengths of the strings. */
function writeUtf8(texts: readonly string[], lengths: ByteWriter, bytes: ByteWriter): void {
  const joined = texts.join('');
  const start = bytes.length;
  if (bytes.text(joined) === joined.length) {
    for (const { length } of texts) lengths.varint(length);
    return;
  }
  // A text that ends with half a surrogate pair and one that begins with the other half would become a pair when joined.
  bytes.truncate(start);
  for (const text of texts) lengths.varint(bytes.text(text));
}

function textsOf({ property }: Column, values: Gathered): readonly unknown[] {
  return property === null ? values as unknown[] : innerValues(values as unknown[][], property);
}

function numbersOf({ type, property }: Column, values: Gathered): Float64Array {
  if (property !== null) return Float64Array.from(innerValues(values as unknown[][], property) as number[]);
  return type === 'items' ? lengthsOf(values as unknown[][]) : values as Float64Array;
}

function lengthsOf(lists: readonly unknown[][]): Float64Array {
  const lengths = new Float64Array(lists.length);
  for (let row = 0; row < lists.length; row++) lengths[row] = lists[row]!.length;
  return lengths;
}

/** The values of a list's inner column, for all items of all rows. */
function innerValues(lists: readonly unknown[][], property: string): unknown[] {
  const values: unknown[] = [];
  for (let row = 0; row < lists.length; row++) {
    const list = lists[row]!;
    for (let i = 0; i < list.length; i++) values.push(property === '' ? list[i] : (list[i] as Row)[property]);
  }
  return values;
}

/** Writes a column of texts; nothing when all are empty, and then the column is left out. */
function writeTexts(writer: ByteWriter, column: Column, values: readonly unknown[], dictionary: Dictionary): void {
  const constant = isConstant(values);
  if (constant && (values.length === 0 || values[0] === '')) return;
  writer.u8(constant ? layout.constant : layout.varying);
  writer.varint(dictionary.entries);
  const count = constant ? 1 : values.length;
  let reference = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (typeof value !== 'string') throw unencodable(column, 'a string');
    // Neighbours are often equal: then the reference is the previous one, or the newest entry if that was new.
    if (column.isUnique) reference = dictionary.append(value);
    else if (i > 0 && value === values[i - 1]) reference = reference === 1 ? 2 : reference;
    else reference = dictionary.refer(value);
    writer.varint(reference);
  }
}

/** Writes a column of numbers; nothing when all are zero, and then the column is left out. */
function writeNumbers(writer: ByteWriter, column: Column, values: Float64Array): void {
  const constant = isConstant(values);
  if (constant && (values.length === 0 || values[0] === 0)) return;
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
}

function isConstant(values: ArrayLike<unknown>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function checkItems({ field }: Column, sizes: Float64Array): void {
  let total = 0;
  for (let i = 0; i < sizes.length; i++) total += sizes[i]!;
  if (total > limits.items)
    throw new WireError('too_large', 0, `the column ${field} has ${total} items, and at most ${limits.items} are allowed in a batch`);
}

function unencodable({ field, property }: Column, expected: string): WireError {
  return new WireError('unencodable', 0, `${field}${property ? `[].${property}` : ''} is not ${expected}`);
}
