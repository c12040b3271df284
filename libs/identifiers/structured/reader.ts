import { utf8Text } from '../utf8.ts';
import { deepest, isTelling, longestName, mostValues, type StructuredValue } from './value.ts';

/** An integer of `width` bytes in network order; infinite where the bytes end before. */
export function numberAt(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) return Infinity;
  let number = 0;
  for (let i = at; i < at + width; i++) number = number * 256 + bytes[i]!;
  return number;
}

/** What MessagePack and CBOR share: names in front of values, in maps of any depth. It keeps nothing from one structure to the next. */
export abstract class StructureReader {
  /** Values beyond {@link mostValues} were left out. */
  isCut = false;

  protected bytes: Buffer = Buffer.alloc(0);
  protected position = 0;
  protected failed = false;
  #values: StructuredValue[] = [];
  /** The string that was read last, which may be the name of what follows. */
  #text = '';

  /** The values of what fits from `start` to the end of `bytes`; null when nothing does, or it tells nothing. */
  whole(bytes: Buffer, start: number): StructuredValue[] | null {
    this.bytes = bytes;
    this.position = start;
    this.failed = this.isCut = false;
    this.#values = [];
    this.read('', 0);
    return !this.failed && this.position === bytes.length && this.#values.some(isTelling) ? this.#values : null;
  }

  /** Reads one value, which stands behind `name`. */
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

  /** Bytes may be text that its sender did not call so. */
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

  /** A number without a name says nothing. */
  protected small(name: string, value: bigint | number, start: number): void {
    if (name !== '') this.#add(name, value.toString(), start, true);
  }

  /** Passes over so many bytes; returns where they begin. */
  protected take(length: number): number {
    const start = this.position;
    if (start + length > this.bytes.length) this.failed = true;
    else this.position += length;
    return start;
  }

  /** An integer of `width` bytes that says how long something is. */
  protected length(width: number): number {
    const start = this.take(width);
    return this.failed ? 0 : this.bytes.readUIntBE(start, width);
  }

  #add(name: string, value: string, offset: number, isInteger: boolean): void {
    if (this.#values.length >= mostValues) this.isCut = true;
    else this.#values.push({ name, value, offset, isInteger });
  }
}
