import { tableBytes } from './buckets.ts';
import { capacity, mostRuns, runBits, type ScanEngine } from './engine.ts';

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isHexDigit = (byte: number): boolean => isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
const dash = 0x2d;
const colon = 0x3a;

/** The kernel in plain TypeScript: for short texts, for hosts without WebAssembly SIMD, and to compare the kernel with. */
export class TwinEngine implements ScanEngine {
  readonly input = Buffer.alloc(capacity);
  readonly literalResults = new Uint32Array(capacity);
  readonly runResults = new Uint32Array(mostRuns * capacity);
  /** Buckets of each byte as the first, second and third of a sequence. */
  readonly #first = new Uint8Array(256);
  readonly #second = new Uint8Array(256);
  readonly #third = new Uint8Array(256);

  constructor(tables: Uint8Array) {
    const [first, second, third] = [0, 32, 64].map((at) => tables.subarray(at, Math.min(at + 32, tableBytes)));
    for (let byte = 0; byte < 256; byte++) {
      this.#first[byte] = first![byte & 15]! & first![16 + (byte >> 4)]!;
      this.#second[byte] = second![byte & 15]! & second![16 + (byte >> 4)]!;
      this.#third[byte] = third![byte & 15]! & third![16 + (byte >> 4)]!;
    }
  }

  literals(length: number): number {
    const { input, literalResults } = this;
    let found = 0;
    let one = 0;
    let two = 0;
    for (let i = 0; i < length + 2; i++) {
      const byte = i < length ? input[i]! : 0;
      const buckets = two & this.#third[byte]!;
      if (buckets !== 0) literalResults[found++] = ((i - 2) << 8) | buckets;
      two = one & this.#second[byte]!;
      one = i < length ? this.#first[byte]! : 0;
    }
    return found;
  }

  runs(length: number, leastDigits: number, leastHex: number): number {
    let found = this.#longRuns(length, isDigit, leastDigits, runBits.digits, 0);
    found = this.#longRuns(length, isHexDigit, leastHex, runBits.hex, found);
    found = this.#evenlySpaced(length, dash, [8, 13, 18, 23], runBits.uuid, found);
    found = this.#evenlySpaced(length, dash, [2, 5, 8, 11, 14], runBits.mac, found);
    return this.#evenlySpaced(length, colon, [2, 5, 8, 11, 14], runBits.mac, found);
  }

  #longRuns(length: number, isMember: (byte: number) => boolean, least: number, bit: number, found: number): number {
    let start = 0;
    for (let i = 0; i < length; i++) {
      if (!isMember(this.input[i]!)) start = i + 1;
      else if (i - start + 1 === least) this.runResults[found++] = (start << 8) | bit;
    }
    return found;
  }

  #evenlySpaced(length: number, separator: number, offsets: readonly number[], bit: number, found: number): number {
    const last = offsets.at(-1)!;
    for (let start = 0; start + last < length; start++) {
      if (offsets.every((offset) => this.input[start + offset] === separator)) this.runResults[found++] = (start << 8) | bit;
    }
    return found;
  }
}
