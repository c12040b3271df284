import { utf8Text } from '../utf8.ts';
import { deepest, isTelling, longestName, mostValues, type StructuredValue } from './value.ts';

/** Wire types. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const wireTypes: readonly number[] = [VARINT, FIXED64, LENGTH, FIXED32];

/** Whether a message may begin with the byte: the tag of a field number of at least 1. */
export function mayBeginMessage(first: number): boolean {
  return first >= 8 && wireTypes.includes(first & 7);
}

const longestVarint = 10;

/**
 * Strings of a Protocol Buffers message (https://protobuf.dev/programming-guides/encoding/), and of nested messages. Fields have numbers instead of
 * names, but an entry of a map is a message of two fields, 1 the name and 2 the value.
 */
export class Protobuf {
  /** Values beyond {@link mostValues} were omitted. */
  isCut = false;
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  #values: StructuredValue[] = [];

  /** The values of the message from `start` to the end of `bytes`; null if it is not a message, or contains nothing of interest. */
  whole(bytes: Buffer, start: number): StructuredValue[] | null {
    this.#bytes = bytes;
    this.#position = start;
    this.isCut = false;
    if (this.#values.length > 0) this.#values = [];
    return this.#message(bytes.length, 0) && this.#values.some(isTelling) ? this.#values : null;
  }

  /** Reads a message that extends to `end`. Returns false if the bytes are not a message. */
  #message(end: number, depth: number): boolean {
    let name = '';
    for (let fields = 1; this.#position < end; fields++) {
      const tag = this.#varint(end);
      if (tag < 8 || tag > 0xfffff) return false;
      const number = tag >> 3;
      const start = this.#position;
      switch (tag & 7) {
        case VARINT:
          if (this.#varint(end) < 0) return false;
          if (number === 2 && fields === 2 && name !== '')
            this.#add({ name, value: this.#integer(start).toString(), offset: start, isInteger: true });
          break;
        case FIXED64: this.#position += 8; break;
        case FIXED32: this.#position += 4; break;
        case LENGTH: {
          const length = this.#varint(end);
          if (length < 0 || length > end - this.#position) return false;
          const text = this.#content(length, number === 2 && fields === 2 ? name : '', depth);
          if (number === 1 && fields === 1 && text.length <= longestName) name = text;
          break;
        }
        default: return false;
      }
      if (this.#position > end) return false;
    }
    return true;
  }

  /** Reads a text, which is returned, a nested message, or neither. */
  #content(length: number, name: string, depth: number): string {
    const start = this.#position;
    const end = start + length;
    const text = utf8Text(this.#bytes, start, end);
    if (text !== null && text !== '') this.#add({ name, value: text, offset: start, isInteger: false });
    if (text === null && depth < deepest) {
      const { isCut } = this;
      const kept = this.#values.length;
      if (!this.#message(end, depth + 1)) {
        this.#values.length = kept;
        this.isCut = isCut;
      }
    }
    this.#position = end;
    return text ?? '';
  }

  #add(value: StructuredValue): void {
    if (this.#values.length >= mostValues) this.isCut = true;
    else this.#values.push(value);
  }

  /** Skips a number and returns it, inexact from 2^53 on, or -1 if there is none. */
  #varint(end: number): number {
    let value = 0;
    let factor = 1;
    for (let i = this.#position; i < end && i < this.#position + longestVarint; i++) {
      const byte = this.#bytes[i]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.#position = i + 1;
        return value;
      }
      factor *= 128;
    }
    return -1;
  }

  /** All 64 bits of the number last skipped, which begins at `start`. */
  #integer(start: number): bigint {
    let value = 0n;
    for (let i = this.#position - 1; i >= start; i--) value = (value << 7n) | BigInt(this.#bytes[i]! & 0x7f);
    return value;
  }
}
