/** Values of self-describing binary formats, told by their shape: they fit from the first byte to the last, or they are none. */

/** A scalar with the name in front of it; empty when it has none. Integers come as their decimal digits. */
export interface StructuredValue {
  name: string;
  value: string;
  /** Of the value's first byte. */
  offset: number;
  isInteger: boolean;
}

export interface Structure {
  encoding: 'msgpack' | 'cbor' | 'protobuf';
  values: StructuredValue[];
}

const mostValues = 256;
const deepest = 8;
const longestName = 64;

/** Wire types of Protocol Buffers. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** What `bytes` hold from `start` to the end, when they are MessagePack, CBOR or a Protocol Buffers message; else null. */
export function readStructure(bytes: Buffer, start = 0): Structure | null {
  if (bytes.length - start < 4) return null;
  const formats = formatsOf[bytes[start]!]!;
  if ((formats & isMessagePack) !== 0 && mayEndMessagePack(bytes, start)) {
    const values = messagePack.whole(bytes, start);
    if (values !== null) return { encoding: 'msgpack', values };
  }
  if ((formats & isCbor) !== 0 && mayEndCbor(bytes, start)) {
    const values = cbor.whole(bytes, start);
    if (values !== null) return { encoding: 'cbor', values };
  }
  const values = (formats & isProtobuf) === 0 ? null : protobuf.whole(bytes, start);
  return values === null ? null : { encoding: 'protobuf', values };
}

const isMessagePack = 1;
const isCbor = 2;
const isProtobuf = 4;
/** Formats that may begin with a byte. A document of the first two is a map or an array: anything shorter tells nothing that text does not. */
const formatsOf = Uint8Array.from({ length: 256 }, (_, first) => (
  ((first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf) ? isMessagePack : 0)
  | ((first >= 0x80 && first <= 0xbf) || first === 0xd9 ? isCbor : 0)
  | (first >= 8 && [VARINT, FIXED64, LENGTH, FIXED32].includes(first & 7) ? isProtobuf : 0)
));

/** By tag of MessagePack from 0xc0 on: bytes of a length or a count behind it, and bytes that follow in any case. */
const messagePackWidths = Uint8Array.of(0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4);
const messagePackTails = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0);

/**
 * Whether the value at `start` may reach to the end of `bytes`, as lengths and counts say. Of random bytes they hardly ever do, and to go by them is
 * much quicker than to read.
 */
function mayEndMessagePack(bytes: Buffer, start: number): boolean {
  let at = start;
  // Each value that is left takes a byte at least.
  for (let left = 1; left > 0 && at + left <= bytes.length; left--) {
    const tag = bytes[at++]!;
    if (tag < 0x80 || tag >= 0xe0) continue;
    if (tag < 0x90) left += 2 * (tag & 0x0f);
    else if (tag < 0xa0) left += tag & 0x0f;
    else if (tag < 0xc0) at += tag & 0x1f;
    else {
      const width = messagePackWidths[tag - 0xc0]!;
      const length = numberAt(bytes, at, width);
      at += width + messagePackTails[tag - 0xc0]!;
      if (tag < 0xdc) at += length;
      else left += tag < 0xde ? length : 2 * length;
    }
  }
  return at === bytes.length;
}

/** As {@link mayEndMessagePack}. */
function mayEndCbor(bytes: Buffer, start: number): boolean {
  let at = start;
  for (let left = 1; left > 0 && at + left <= bytes.length; left--) {
    const major = bytes[at]! >> 5;
    const short = bytes[at++]! & 0x1f;
    if (short > 27) return false;
    const width = short < 24 ? 0 : 1 << (short - 24);
    const argument = width === 0 ? short : numberAt(bytes, at, width);
    at += width;
    if (major === 2 || major === 3) at += argument;
    else if (major > 3 && major < 7) left += major === 4 ? argument : major === 5 ? 2 * argument : 1;
  }
  return at === bytes.length;
}

/** In network order; infinite where the bytes end before. */
function numberAt(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) return Infinity;
  let number = 0;
  for (let i = at; i < at + width; i++) number = number * 256 + bytes[i]!;
  return number;
}

/** Random bytes give short strings now and then, but none that looks like a name or a value. */
function isTelling({ name, value, isInteger }: StructuredValue): boolean {
  return !isInteger && (value.length >= 6 || name !== '');
}

/** What MessagePack and CBOR share: names in front of values, in maps of any depth. */
abstract class Reader {
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
    this.failed = false;
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
    const value = textOf(this.bytes, start, start + length);
    if (value === null) this.failed = true;
    else {
      this.#text = value;
      this.#add(name, value, start, false);
    }
  }

  /** Bytes may be text that its sender did not call so. */
  protected binary(name: string, length: number): void {
    const start = this.take(length);
    const value = this.failed ? null : textOf(this.bytes, start, start + length);
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
    if (this.#values.length >= mostValues) this.failed = true;
    else this.#values.push({ name, value, offset, isInteger });
  }
}

/** https://github.com/msgpack/msgpack/blob/master/spec.md */
class MessagePack extends Reader {
  protected read(name: string, depth: number): void {
    const start = this.take(1);
    if (this.failed) return;
    const tag = this.bytes[start]!;
    if (tag < 0x80) return this.small(name, tag, start);
    if (tag < 0x90) return this.map(tag & 0x0f, depth);
    if (tag < 0xa0) return this.array(tag & 0x0f, name, depth);
    if (tag < 0xc0) return this.text(name, tag & 0x1f);
    if (tag >= 0xe0) return this.small(name, tag - 256, start);
    switch (tag) {
      case 0xc0: case 0xc2: case 0xc3: return;
      case 0xc4: case 0xc5: case 0xc6: return this.binary(name, this.length(1 << (tag - 0xc4)));
      case 0xc7: case 0xc8: case 0xc9: return void this.take(1 + this.length(1 << (tag - 0xc7)));
      case 0xca: return void this.take(4);
      case 0xcb: return void this.take(8);
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return this.integer(name, 1 << (tag - 0xcc), false);
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return this.integer(name, 1 << (tag - 0xd0), true);
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return void this.take(1 + (1 << (tag - 0xd4)));
      case 0xd9: case 0xda: case 0xdb: return this.text(name, this.length(1 << (tag - 0xd9)));
      case 0xdc: case 0xdd: return this.array(this.length(2 << (tag - 0xdc)), name, depth);
      case 0xde: case 0xdf: return this.map(this.length(2 << (tag - 0xde)), depth);
      default: this.failed = true;
    }
  }
}

/** RFC 8949, section 3. Items of indefinite length are left alone. */
class Cbor extends Reader {
  protected read(name: string, depth: number): void {
    const start = this.take(1);
    if (this.failed) return;
    const major = this.bytes[start]! >> 5;
    const argument = this.bytes[start]! & 0x1f;
    if (argument > 27) {
      this.failed = true;
      return;
    }
    const width = argument < 24 ? 0 : 1 << (argument - 24);
    if (major === 0 && width > 0) return this.integer(name, width, false);
    if (major === 7) return void this.take(width);
    const value = width === 0 ? argument : width === 8 ? this.#long() : this.length(width);
    if (this.failed) return;
    switch (major) {
      case 0: return this.small(name, value, start);
      case 1: return this.small(name, -1 - value, start);
      case 2: return this.binary(name, value);
      case 3: return this.text(name, value);
      case 4: return this.array(value, name, depth);
      case 5: return this.map(value, depth);
      default: return depth >= deepest ? void (this.failed = true) : this.read(name, depth + 1);
    }
  }

  #long(): number {
    const start = this.take(8);
    return this.failed ? 0 : Number(this.bytes.readBigUInt64BE(start));
  }
}

const longestVarint = 10;

/**
 * Strings of a Protocol Buffers message (https://protobuf.dev/programming-guides/encoding/), and of messages in it. It has numbers instead of
 * names, but an entry of a map is a message of two fields, 1 the name and 2 the value.
 */
class Protobuf {
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  #values: StructuredValue[] = [];

  /** As {@link Reader.whole}. */
  whole(bytes: Buffer, start: number): StructuredValue[] | null {
    this.#bytes = bytes;
    this.#position = start;
    if (this.#values.length > 0) this.#values = [];
    return this.#message(bytes.length, 0) && this.#values.some(isTelling) ? this.#values : null;
  }

  /** Reads a message that goes on to `end`. Returns false when the bytes are none. */
  #message(end: number, depth: number): boolean {
    let name = '';
    for (let fields = 1; this.#position < end; fields++) {
      const tag = this.#varint(end);
      if (tag < 8 || tag > 0xfffff || fields > mostValues) return false;
      const number = tag >> 3;
      const start = this.#position;
      switch (tag & 7) {
        case VARINT:
          if (this.#varint(end) < 0) return false;
          if (number === 2 && fields === 2 && name !== '')
            this.#values.push({ name, value: this.#integer(start).toString(), offset: start, isInteger: true });
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
      if (this.#position > end || this.#values.length > mostValues) return false;
    }
    return true;
  }

  /** A text, which is returned, or a message in the message, or neither. */
  #content(length: number, name: string, depth: number): string {
    const start = this.#position;
    const end = start + length;
    const text = textOf(this.#bytes, start, end);
    if (text !== null && text !== '') this.#values.push({ name, value: text, offset: start, isInteger: false });
    if (text === null && depth < deepest) {
      const kept = this.#values.length;
      if (!this.#message(end, depth + 1)) this.#values.length = kept;
    }
    this.#position = end;
    return text ?? '';
  }

  /** Passes over a number; returns it, no longer exact from 2^53 on, or -1 where none stands. */
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

  /** All 64 bits of the number that was passed over last, which begins at `start`. */
  #integer(start: number): bigint {
    let value = 0n;
    for (let i = this.#position - 1; i >= start; i--) value = (value << 7n) | BigInt(this.#bytes[i]! & 0x7f);
    return value;
  }
}

/** Text of UTF-8 without control characters other than white space; null when it is none. */
function textOf(bytes: Buffer, start: number, end: number): string | null {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 ? byte !== 9 && byte !== 10 && byte !== 13 : byte === 0x7f) return null;
  }
  const text = bytes.toString('utf8', start, end);
  return text.includes('\uFFFD') ? null : text;
}

/** They keep nothing from one call to the next but what the call returned. */
const messagePack = new MessagePack();
const cbor = new Cbor();
const protobuf = new Protobuf();
