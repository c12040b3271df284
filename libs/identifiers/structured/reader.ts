import { utf8Text } from '../utf8.ts';
import { deepest, isTelling, longestName, mostValues, type StructuredValue } from './value.ts';

/** An integer of `width` bytes in network order; infinite if it exceeds the bytes. */
export function numberAt(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) return Infinity;
  let number = 0;
  for (let i = at; i < at + width; i++) number = number * 256 + bytes[i]!;
  return number;
}

/** The common part of MessagePack and CBOR: names before values, in nested maps. Keeps nothing from one structure to the next. */
export abstract class StructureReader {
  /** Values beyond {@link mostValues} were omitted. */
  isCut = false;

  protected bytes: Buffer = Buffer.alloc(0);
  protected position = 0;
  protected failed = false;
  #values: StructuredValue[] = [];
  /** The string last read, which may be the name of the next value. */
  #text = '';

  /** The values of the structure from `start` to the end of `bytes`; null if it is not one, or contains nothing of interest. */
  whole(bytes: Buffer, start: number): StructuredValue[] | null {
    this.bytes = bytes;
    this.position = start;
    this.failed = this.isCut = false;
    this.#values = [];
    this.read('', 0);
    return !this.failed && this.position === bytes.length && this.#values.some(isTelling) ? this.#values : null;
  }

  /** Reads one value, which follows `name`. */
  protected abstract read(name: string, depth: number): void;

  protected map(entries: number, depth: number): void {
    if (depth >= deepest || entries > this.bytes.length) this.failed = true;
    for (let i = 0; i < entries && !this.failed; i++) {
      const before = this.#values.length;
      this.#text = '';
      this.read('', depth + 1);
      const name = this.#values.length === before + 1 && this.#text !== '' && this.#text.length <= longestName ? this.#text : '';
      if (name !== '') this.#values.pop();
      this.read(name, depth + 1);
    }
  }

  protected array(entries: number, name: string, depth: number): void {
    if (depth >= deepest || entries > this.bytes.length) this.failed = true;
    for (let i = 0; i < entries && !this.failed; i++) this.read(name, depth + 1);
  }

  protected text(name: string, length: number): void {
    const start = this.take(length);
    if (this.failed) return;
    const value = utf8Text(this.bytes, start, start + length);
    if (value === null) this.failed = true;
    else {
      this.#text = value;
      this.#add(name, value, start, false);
    }
  }

  /** Bytes may be text that the sender did not declare as such. */
  protected binary(name: string, length: number): void {
    const start = this.take(length);
    const value = this.failed ? null : utf8Text(this.bytes, start, start + length);
    if (value !== null && value !== '') this.#add(name, value, start, false);
  }

  protected integer(name: string, width: number, isSigned: boolean): void {
    const start = this.take(width);
    if (this.failed || name === '') return;
    const bits = BigInt(`0x${this.bytes.toString('hex', start, start + width)}`);
    this.small(name, isSigned ? BigInt.asIntN(width * 8, bits) : bits, start);
  }

  /** A number without a name is meaningless. */
  protected small(name: string, value: bigint | number, start: number): void {
    if (name !== '') this.#add(name, value.toString(), start, true);
  }

  /** Skips `length` bytes and returns the offset of the first. */
  protected take(length: number): number {
    const start = this.position;
    if (start + length > this.bytes.length) this.failed = true;
    else this.position += length;
    return start;
  }

  /** An integer of `width` bytes that is a length. */
  protected length(width: number): number {
    const start = this.take(width);
    return this.failed ? 0 : this.bytes.readUIntBE(start, width);
  }

  #add(name: string, value: string, offset: number, isInteger: boolean): void {
    if (this.#values.length >= mostValues) this.isCut = true;
    else this.#values.push({ name, value, offset, isInteger });
  }
}
