import type { Observable } from '#flow';
import { observableMembers, type StoredField } from './columns.ts';

/**
 * ClickHouse's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary): values one after another in column order, no
 * framing. Strings: LEB128 length, then UTF-8. UInt64 and DateTime64: 8 bytes, little-endian. Arrays: LEB128 length, then elements.
 * Maps: LEB128 length, then key and value in turn. LowCardinality is written as its inner type.
 */
export class RowBinaryEncoder {
  readonly #values = new ValueWriter();

  /** How many bytes are encoded so far. */
  get length(): number {
    return this.#values.length;
  }

  /** A view of what is encoded, valid until the next call on this encoder. */
  bytes(): Buffer {
    return this.#values.buffer.subarray(0, this.#values.length);
  }

  clear(): void {
    this.#values.length = 0;
  }

  /** Appends one row. Throws {@link UnencodableValue} for a value that does not fit its field; the rows before it are kept. */
  row(fields: readonly StoredField[], record: Readonly<Record<string, unknown>>): void {
    const values = this.#values;
    values.reserve(values.length, 0);
    values.length = rowWriterOf(fields)(record, values, values.length);
  }
}

/** Writes a row at offset `at`, and returns where it ends. */
type RowWriter = (record: Readonly<Record<string, unknown>>, values: ValueWriter, at: number) => number;
const rowWriters = new WeakMap<readonly StoredField[], RowWriter>();

/**
 * Generates one statement per field that names it literally. With the name in a variable all fields would share one access site, which V8 then
 * treats as megamorphic: measured at three times the time per row.
 */
function rowWriterOf(fields: readonly StoredField[]): RowWriter {
  let writer = rowWriters.get(fields);
  if (writer === undefined) {
    const body = `let { buffer, numbers } = values, value;\n${runsOf(fields).map(runStatement).join('\n')}\nreturn at;`;
    // oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
    rowWriters.set(fields, writer = new Function('record', 'values', 'at', body) as RowWriter);
  }
  return writer;
}

/** How many fields are tested together. */
const fieldsTogether = 8;

/** Runs of neighbouring fields: related fields are neighbours in the field table, and most records have all of a run or none. */
function runsOf(fields: readonly StoredField[]): StoredField[][] {
  const runs: StoredField[][] = [];
  for (let at = 0; at < fields.length; at += fieldsTogether) runs.push(fields.slice(at, at + fieldsTogether));
  return runs;
}

/**
 * The statement for a run. When all its fields are at their zero value, their bytes are written at once. Up to eight more bytes may be set
 * to zero, which the next field overwrites.
 */
function runStatement(run: readonly StoredField[]): string {
  const each = run.map(statementOf).join('\n');
  const tests = run.map(zeroTest);
  if (tests.includes(undefined)) return each;
  const length = run.reduce((sum, { type, columns }) => sum + (type === 'count' || type === 'micros' ? 8 : columns.length), 0);
  const zeroes = Array.from({ length: Math.ceil(length / 8) }, (_, word) => `numbers.setFloat64(at + ${8 * word}, 0);`).join(' ');
  return `if (${tests.join(' && ')}) { ${zeroes} at += ${length}; } else {\n${each}\n}`;
}

function zeroTest({ field, type }: StoredField): string | undefined {
  const value = `record[${JSON.stringify(field)}]`;
  switch (type) {
    case 'string': return `${value} === ''`;
    case 'count': case 'micros': return `${value} === 0`;
    case 'strings': case 'observables': return `Array.isArray(value = ${value}) && value.length === 0`;
    case 'map': return undefined;
  }
}

/** The statement for one field. Most fields of most records are at their zero value, which takes one comparison and no call. */
function statementOf({ field, type }: StoredField): string {
  const name = JSON.stringify(field);
  const write = `at = values[${JSON.stringify(type)}](${name}, value, at); ({ buffer, numbers } = values);`;
  switch (type) {
    case 'string': return `if ((value = record[${name}]) === '') buffer[at++] = 0; else { ${write} }`;
    case 'strings': return `if (Array.isArray(value = record[${name}]) && value.length === 0) buffer[at++] = 0; else { ${write} }`;
    // All bytes of a zero are 0, so that one store of eight bytes by the DataView writes it.
    case 'count': case 'micros': return `if ((value = record[${name}]) === 0) { numbers.setFloat64(at, 0); at += 8; } else { ${write} }`;
    default: return `value = record[${name}]; ${write}`;
  }
}

/** Bytes kept free after what is written, so that zero values and short texts need no bounds check: more than a row of nothing else can take. */
const slack = 8_192;
/** From this length on, a call into the runtime is cheaper than a loop. */
const shortText = 17;
/** The longest text in bytes whose length takes one byte. */
const longestShort = 0x7f;

/** Writes single values at an offset, and returns where they end. The methods that take a field are named after the types of fields. */
class ValueWriter implements Record<StoredField['type'], (field: string, value: unknown, at: number) => number> {
  buffer: Buffer = Buffer.allocUnsafe(1 << 20);
  numbers = numbersIn(this.buffer);
  /** Where the last row ends. */
  length = 0;
  /** Encodings of frozen lists: every record of a peer shares the list of its place's sources. */
  readonly #frozenLists = new WeakMap<readonly unknown[], Uint8Array>();
  /** The latest of these, since neighbouring records often have the same peer. */
  #frozenList: readonly unknown[] = [];
  #frozenBytes: Uint8Array = new Uint8Array(0);

  string(field: string, value: unknown, at: number): number {
    if (typeof value !== 'string') throw new UnencodableValue(field, 'a string', value);
    const { length } = value;
    if (length < shortText) {
      const end = this.#ascii(value, at);
      if (end > 0) return end;
    }
    this.reserve(at, length * 3 + 5); // UTF-8 takes at most 3 bytes per UTF-16 unit
    if (length <= longestShort) {
      const end = this.#short(value, at);
      if (end > 0) return end;
    }
    const start = this.#varint(Buffer.byteLength(value), at);
    return start + this.buffer.write(value, start);
  }

  /** Writes a short ASCII text, as most are, by a loop, which is cheaper than a call into the runtime. Returns 0 for others. */
  #ascii(value: string, at: number): number {
    const { buffer } = this;
    let end = at;
    buffer[end++] = value.length;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return 0;
      buffer[end++] = code;
    }
    return end;
  }

  /** Writes the text after one byte of length. Returns 0 when that is not enough. */
  #short(value: string, at: number): number {
    const written = this.buffer.write(value, at + 1);
    if (written > longestShort) return 0;
    this.buffer[at] = written;
    return at + 1 + written;
  }

  count(field: string, value: unknown, at: number): number {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new UnencodableValue(field, 'an integer from 0 to 2^53 - 1', value);
    return this.#int64(value as number, at);
  }

  micros(field: string, value: unknown, at: number): number {
    if (!Number.isSafeInteger(value)) throw new UnencodableValue(field, 'an integer of microseconds', value);
    return this.#int64(value as number, at);
  }

  #int64(value: number, at: number): number {
    this.reserve(at, 8);
    const high = value >>> 0 === value ? 0 : Math.floor(value / 0x1_0000_0000);
    this.numbers.setUint32(at, value - high * 0x1_0000_0000, true);
    this.numbers.setInt32(at + 4, high, true);
    return at + 8;
  }

  strings(field: string, value: unknown, at: number): number {
    if (!Array.isArray(value)) throw new UnencodableValue(field, 'a list of strings', value);
    if (value === this.#frozenList) return this.#bytes(this.#frozenBytes, at);
    const known = this.#frozenLists.get(value);
    if (known !== undefined) {
      this.#frozenList = value;
      this.#frozenBytes = known;
      return this.#bytes(known, at);
    }
    let end = this.#varint(value.length, at);
    for (let i = 0; i < value.length; i++) end = this.#item(field, value[i], end);
    if (Object.isFrozen(value)) this.#frozenLists.set(value, Buffer.from(this.buffer.subarray(at, end)));
    return end;
  }

  /** Writes one text of a list. A list may have any number of them, so that the slack does not suffice and room has to be reserved. */
  #item(field: string, value: unknown, at: number): number {
    this.reserve(at, 0);
    return this.string(field, value, at);
  }

  #bytes(bytes: Uint8Array, at: number): number {
    this.reserve(at, bytes.length);
    this.buffer.set(bytes, at);
    return at + bytes.length;
  }

  map(field: string, value: unknown, at: number): number {
    if (typeof value !== 'object' || value === null) throw new UnencodableValue(field, 'texts by name', value);
    const entries = Object.entries(value);
    let end = this.#varint(entries.length, at);
    for (const [name, text] of entries) end = this.#item(field, text, this.#item(field, name, end));
    return end;
  }

  observables(field: string, value: unknown, at: number): number {
    if (!Array.isArray(value)) throw new UnencodableValue(field, 'a list of observables', value);
    let end = at;
    if (value.length === 0) {
      for (let i = 0; i < members.length; i++) this.buffer[end++] = 0;
      return end;
    }
    for (const [member, type] of members) {
      end = this.#varint(value.length, end);
      for (const observable of value as Observable[]) {
        end = type === 'UInt64' ? this.count(field, observable[member], end) : this.#item(field, observable[member], end);
      }
    }
    return end;
  }

  /** Writes a varint, for which the slack always suffices. */
  #varint(value: number, at: number): number {
    const { buffer } = this;
    let rest = value;
    let end = at;
    while (rest > 0x7f) {
      buffer[end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[end++] = rest;
    return end;
  }

  /** Makes room for `bytes` bytes from `at` on, and the slack after them. */
  reserve(at: number, bytes: number): void {
    if (at + bytes + slack > this.buffer.length) this.#grow(at, bytes + slack);
  }

  #grow(at: number, bytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, at + bytes));
    this.buffer.copy(grown, 0, 0, at);
    this.buffer = grown;
    this.numbers = numbersIn(grown);
  }
}

function numbersIn({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const members = Object.entries(observableMembers) as [keyof Observable, string][];

/** A record has a value that its field cannot hold. The message names field and type, never the value. */
export class UnencodableValue extends Error {
  override readonly name = 'UnencodableValue';
  constructor(
    readonly field: string,
    expected: string,
    actual: unknown,
  ) {
    const found = actual === null ? 'null' : typeof actual === 'number' ? 'another number' : `of type ${typeof actual}`;
    super(`field ${field} must be ${expected}, but is ${found}`);
  }
}
