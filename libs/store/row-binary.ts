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
    const statements = fields.map(({ field, type }) => `values[${JSON.stringify(type)}](${JSON.stringify(field)}, record[${JSON.stringify(field)}]);`);
    // oxlint-disable-next-line no-new-func -- the text is made of names of the field table alone
    rowWriters.set(fields, writer = new Function('record', 'values', statements.join('\n')) as RowWriter);
  }
  return writer;
}

/** Writes single values; the methods that take a field are named by the types of fields. */
class ValueWriter implements Record<StoredField['type'], (field: string, value: unknown) => void> {
  buffer: Buffer = Buffer.allocUnsafe(1 << 20);
  length = 0;
  #numbers = numbersIn(this.buffer);

  string(field: string, value: unknown): void {
    if (typeof value !== 'string') throw new UnencodableValue(field, 'a string', value);
    const { length } = value;
    this.#reserve(length * 3 + 5); // UTF-8 takes at most 3 bytes per UTF-16 unit
    if (length < 64 && this.#ascii(value)) return;
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

  count(field: string, value: unknown): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new UnencodableValue(field, 'an integer from 0 to 2^53 - 1', value);
    this.#int64(value as number);
  }

  micros(field: string, value: unknown): void {
    if (!Number.isSafeInteger(value)) throw new UnencodableValue(field, 'an integer of microseconds', value);
    this.#int64(value as number);
  }

  #int64(value: number): void {
    this.#reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#numbers.setUint32(this.length, value - high * 0x1_0000_0000, true);
    this.#numbers.setInt32(this.length + 4, high, true);
    this.length += 8;
  }

  strings(field: string, value: unknown): void {
    if (!Array.isArray(value)) throw new UnencodableValue(field, 'a list of strings', value);
    this.#reserve(5);
    this.#varint(value.length);
    for (let i = 0; i < value.length; i++) this.string(field, value[i]);
  }

  map(field: string, value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new UnencodableValue(field, 'texts by name', value);
    const entries = Object.entries(value);
    this.#reserve(5);
    this.#varint(entries.length);
    for (const [name, text] of entries) {
      this.string(field, name);
      this.string(field, text);
    }
  }

  observables(field: string, value: unknown): void {
    if (!Array.isArray(value)) throw new UnencodableValue(field, 'a list of observables', value);
    for (const [member, type] of members) {
      this.#reserve(5);
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

  #reserve(bytes: number): void {
    if (this.length + bytes > this.buffer.length) this.#grow(bytes);
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
