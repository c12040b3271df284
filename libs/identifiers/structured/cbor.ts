import { numberAt, StructureReader } from './reader.ts';
import { deepest } from './value.ts';

/** Like `mayEndMessagePack`. */
export function mayEndCbor(bytes: Buffer, start: number): boolean {
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

/** RFC 8949, section 3. Items of indefinite length are not supported. */
export class Cbor extends StructureReader {
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
