import type { Observable } from '#flow';
import { observableMembers, type StoredField } from './columns.ts';

/**
 * ClickHouse's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary): values one after another in column order, no
 * framing. Strings: LEB128 length, then UTF-8. UInt64 and DateTime64: 8 bytes, little-endian. Arrays: LEB128 length, then elements.
 * Maps: LEB128 length, then key and value in turn. LowCardinality is written as its inner type.
 */
export class RowBinaryEncoder {
  readonly #values = new ValueWriter();

  /** Bytes encoded so far. */
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

  /** Appends one row. A value that does not fit its field throws {@link UnencodableValue} and leaves the rows before it as they are. */
  row(fields: readonly StoredField[], record: Readonly<Record<string, unknown>>): void {
    const start = this.#values.length;
    this.#values.reserve(0);
    try {
      rowWriterOf(fields)(record, this.#values);
    } catch (error) {
      this.#values.length = start;
      throw error;
    }
  }
}

type RowWriter = (record: Readonly<Record<string, unknown>>, values: ValueWriter) => void;
const rowWriters = new WeakMap<readonly StoredField[], RowWriter>();

/**
 * One statement per field, which names it literally. With the name in a variable all fields would share one access site, which V8 then
 * treats as megamorphic: measured at three times the time per row.
 */
function rowWriterOf(fields: readonly StoredField[]): RowWriter {
  let writer = rowWriters.get(fields);
  if (writer === undefined) {
    // oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
    rowWriters.set(fields, writer = new Function('record', 'values', `let value;\n${fields.map(statementOf).join('\n')}`) as RowWriter);
  }
  return writer;
}

/** Most fields of most records are at their zero value, which is told by a comparison. */
function statementOf({ field, type }: StoredField): string {
  const name = JSON.stringify(field);
  const write = `values[${JSON.stringify(type)}](${name}, value);`;
  switch (type) {
    case 'string': return `if ((value = record[${name}]) === '') values.zeroByte(); else ${write}`;
    case 'strings': return `if (Array.isArray(value = record[${name}]) && value.length === 0) values.zeroByte(); else ${write}`;
    case 'count': case 'micros': return `if ((value = record[${name}]) === 0) values.zeroNumber(); else ${write}`;
    default: return `value = record[${name}]; ${write}`;
  }
}

/** Bytes kept free behind what is written, so that zero values need no look at the buffer's end: more than there can be in a row of nothing else. */
const slack = 4_096;
/** From this length on a call into the runtime costs less than a loop. */
const shortText = 20;
/** The longest text in bytes whose length takes one byte. */
const longestShort = 0x7f;

/** Writes single values; the methods that take a field are named by the types of fields. */
class ValueWriter implements Record<StoredField['type'], (field: string, value: unknown) => void> {
  buffer: Buffer = Buffer.allocUnsafe(1 << 20);
  length = 0;
  #numbers = numbersIn(this.buffer);
  /** What a list that cannot change is encoded as: a place's sources stand in each record of a peer there. */
  readonly #frozenLists = new WeakMap<readonly unknown[], Uint8Array>();

  /** An empty text or list. */
  zeroByte(): void {
    this.buffer[this.length++] = 0;
  }

  /** All of a zero's bytes are 0, also as the one store of eight bytes that a DataView has for numbers. */
  zeroNumber(): void {
    this.#numbers.setFloat64(this.length, 0);
    this.length += 8;
  }

  string(field: string, value: unknown): void {
    if (typeof value !== 'string') throw new UnencodableValue(field, 'a string', value);
    const { length } = value;
    this.reserve(length * 3 + 5); // UTF-8 takes at most 3 bytes per UTF-16 unit
    if (length < shortText ? this.#ascii(value) : length <= longestShort && this.#short(value)) return;
    this.#varint(Buffer.byteLength(value));
    this.length += this.buffer.write(value, this.length);
  }

  /** Most values are short and ASCII: for these a loop is cheaper than a call into the runtime. */
  #ascii(value: string): boolean {
    const { buffer } = this;
    let at = this.length;
    buffer[at++] = value.length;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.length = at;
    return true;
  }

  /** Writes the text behind one byte of length, and says whether that was enough. */
  #short(value: string): boolean {
    const written = this.buffer.write(value, this.length + 1);
    if (written > longestShort) return false;
    this.buffer[this.length] = written;
    this.length += written + 1;
    return true;
  }

  count(field: string, value: unknown): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new UnencodableValue(field, 'an integer from 0 to 2^53 - 1', value);
    this.#int64(value as number);
  }

  micros(field: string, value: unknown): void {
    if (!Number.isSafeInteger(value)) throw new UnencodableValue(field, 'an integer of microseconds', value);
    this.#int64(value as number);
  }

  #int64(value: number): void {
    this.reserve(8);
    const high = value >>> 0 === value ? 0 : Math.floor(value / 0x1_0000_0000);
    this.#numbers.setUint32(this.length, value - high * 0x1_0000_0000, true);
    this.#numbers.setInt32(this.length + 4, high, true);
    this.length += 8;
  }

  strings(field: string, value: unknown): void {
    if (!Array.isArray(value)) throw new UnencodableValue(field, 'a list of strings', value);
    const known = this.#frozenLists.get(value);
    if (known !== undefined) return this.#bytes(known);
    const start = this.length;
    this.reserve(5);
    this.#varint(value.length);
    for (let i = 0; i < value.length; i++) this.string(field, value[i]);
    if (Object.isFrozen(value)) this.#frozenLists.set(value, Buffer.from(this.buffer.subarray(start, this.length)));
  }

  #bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  map(field: string, value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new UnencodableValue(field, 'texts by name', value);
    const entries = Object.entries(value);
    this.reserve(5);
    this.#varint(entries.length);
    for (const [name, text] of entries) {
      this.string(field, name);
      this.string(field, text);
    }
  }

  observables(field: string, value: unknown): void {
    if (!Array.isArray(value)) throw new UnencodableValue(field, 'a list of observables', value);
    if (value.length === 0) {
      for (let i = 0; i < members.length; i++) this.zeroByte();
      return;
    }
    for (const [member, type] of members) {
      this.reserve(5);
      this.#varint(value.length);
      for (const observable of value as Observable[]) {
        if (type === 'UInt64') this.count(field, observable[member]);
        else this.string(field, observable[member]);
      }
    }
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }

  /** Makes room for so many bytes, and for the zero values behind them. */
  reserve(bytes: number): void {
    if (this.length + bytes + slack > this.buffer.length) this.#grow(bytes + slack);
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
    this.#numbers = numbersIn(grown);
  }
}

function numbersIn({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const members = Object.entries(observableMembers) as [keyof Observable, string][];

/** A record holds a value its field cannot hold. The message names field and type, never the value. */
export class UnencodableValue extends Error {
  override readonly name = 'UnencodableValue';
  constructor(readonly field: string, expected: string, actual: unknown) {
    super(`field ${field} must be ${expected}, but is ${actual === null ? 'null' : typeof actual === 'number' ? 'another number' : `of type ${typeof actual}`}`);
  }
}
