import { huffman, staticTable } from './hpack-tables.ts';

/** Overhead in bytes of an entry of the dynamic table in addition to its name and value (RFC 7541, section 4.1). */
const entryOverhead = 32;
/** Initial size of the dynamic table (RFC 9113, section 6.5.2), and the largest supported. */
const defaultTableSize = 4096;
const largestTableSize = 64 * 1024;
const END_OF_STRING = 256;

/** Malformed compression: nothing that follows in this direction of the connection can be decoded. */
export class HpackError extends Error {}

/**
 * Decodes the header compression (RFC 7541) of one direction of a connection. Names and values have one character per byte (latin1).
 */
export class HpackDecoder {
  /** Dynamic table, newest entry first. */
  readonly #dynamic: [name: string, value: string][] = [];
  #size = 0;
  #maxSize = defaultTableSize;
  /** Blocks were lost, and with them entries to which later ones refer. */
  #isIncomplete = false;

  /** Size of the table's entries in bytes, as defined in RFC 7541. */
  get size(): number {
    return this.#size;
  }

  /** Some blocks were lost: fields that refer to their entries are skipped. Entries added from now on are known again. */
  forget(): void {
    this.#dynamic.length = this.#size = 0;
    this.#isIncomplete = true;
  }

  /** Calls `visit` for each complete field of a block. Throws {@link HpackError}. */
  decode(block: Buffer, visit: (name: string, value: string) => void): void {
    const reader = new BlockReader(block);
    while (!reader.atEnd) {
      const first = reader.peek();
      if ((first & 0x80) !== 0) {
        const entry = this.#entry(reader.integer(7));
        if (entry !== null) visit(entry[0], entry[1]);
      } else if ((first & 0xe0) === 0x20) {
        this.#resize(reader.integer(5));
      } else {
        const isIndexed = (first & 0x40) !== 0;
        const index = reader.integer(isIndexed ? 6 : 4);
        const name = index === 0 ? reader.string() : this.#entry(index)?.[0];
        const value = reader.string();
        if (isIndexed) this.#add(name ?? '', value);
        if (name !== undefined) visit(name, value);
      }
    }
  }

  #entry(index: number): readonly [string, string] | null {
    const entry = index === 0 ? undefined : index <= staticTable.length ? staticTable[index - 1] : this.#dynamic[index - staticTable.length - 1];
    if (entry !== undefined) return entry;
    if (this.#isIncomplete && index !== 0) return null;
    throw new HpackError('an index is outside the tables');
  }

  #add(name: string, value: string): void {
    this.#dynamic.unshift([name, value]);
    this.#size += name.length + value.length + entryOverhead;
    this.#evict();
  }

  #resize(size: number): void {
    if (size > largestTableSize) throw new HpackError('the dynamic table is too large');
    this.#maxSize = size;
    this.#evict();
  }

  #evict(): void {
    while (this.#size > this.#maxSize) {
      const [name, value] = this.#dynamic.pop()!;
      this.#size -= name.length + value.length + entryOverhead;
    }
  }
}

class BlockReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#position]!;
  }

  /** An integer whose prefix is the low `prefix` bits of the current byte (RFC 7541, section 5.1). */
  integer(prefix: number): number {
    const limit = (1 << prefix) - 1;
    let value = this.#byte() & limit;
    if (value < limit) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError('an integer is too large');
  }

  /** A string, Huffman-coded or not (RFC 7541, section 5.2). */
  string(): string {
    const isCoded = ((this.#bytes[this.#position] ?? 0) & 0x80) !== 0;
    const length = this.integer(7);
    if (this.#position + length > this.#bytes.length) throw new HpackError('a string ends beyond the block');
    const bytes = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return isCoded ? decodeHuffman(bytes) : bytes.toString('latin1');
  }

  #byte(): number {
    const byte = this.#bytes[this.#position++];
    if (byte === undefined) throw new HpackError('the block is cut');
    return byte;
  }
}

function decodeHuffman(bytes: Buffer): string {
  const { symbols, firstCode, count, offset, longest } = huffman;
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const place = code - firstCode[length]!;
      if (place < count[length]!) {
        const symbol = symbols[offset[length]! + place]!;
        if (symbol === END_OF_STRING) throw new HpackError('a string contains its end symbol');
        text += String.fromCharCode(symbol);
        code = length = 0;
      } else if (length === longest) {
        throw new HpackError('a string contains an unknown code');
      }
    }
  }
  // The remaining bits, seven at most, are the start of the end-of-string code, all ones.
  if (length > 7 || code !== (1 << length) - 1) throw new HpackError('a string is padded wrongly');
  return text;
}
