import { numberAt, StructureReader } from './reader.ts';

/** By MessagePack tag from 0xc0 on: width of the length or count that follows, and bytes that follow in any case. */
const messagePackWidths = Uint8Array.of(0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4);
const messagePackTails = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0);

/**
 * Whether the value at `start` may extend to the end of `bytes`, judging by lengths and counts. In random bytes it hardly ever does, and this check
 * is much faster than parsing.
 */
export function mayEndMessagePack(bytes: Buffer, start: number): boolean {
  let at = start;
  // Each remaining value takes at least one byte.
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

/** https://github.com/msgpack/msgpack/blob/master/spec.md */
export class MessagePack extends StructureReader {
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
