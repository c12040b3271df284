import { digits, hexDigits } from './anchor.ts';
import type { SequenceTables } from './buckets.ts';
import { capacity, mostRuns, mostSequences, runBits, type ScanEngine } from './engine.ts';

/** By byte, whether it is of the class. */
const digitBytes = Uint8Array.from({ length: 256 }, (_, byte) => Number(digits.includes(String.fromCharCode(byte))));
const hexBytes = Uint8Array.from({ length: 256 }, (_, byte) => Number(hexDigits.includes(String.fromCharCode(byte))));
const dash = 0x2d;
const colon = 0x3a;

/** The kernel in plain TypeScript: for short texts, for hosts without WebAssembly SIMD, and to compare the kernel with. */
export class TwinEngine implements ScanEngine {
  readonly input = Buffer.alloc(capacity);
  readonly sequenceResults = new Int32Array(2 * capacity * mostSequences / 32);
  readonly runResults = new Int32Array(mostRuns * capacity);
  readonly #exact: Uint32Array;
  readonly #words: number;
  /** Buckets of each byte as the first, second and third of a sequence. */
  readonly #first = new Uint8Array(256);
  readonly #second = new Uint8Array(256);
  readonly #third = new Uint8Array(256);

  constructor({ nibbles, exact, words }: SequenceTables) {
    this.#exact = exact;
    this.#words = words;
    for (let byte = 0; byte < 256; byte++) {
      const low = byte & 15;
      const high = 16 + (byte >> 4);
      this.#first[byte] = nibbles[low]! & nibbles[high]!;
      this.#second[byte] = nibbles[32 + low]! & nibbles[32 + high]!;
      this.#third[byte] = nibbles[64 + low]! & nibbles[64 + high]!;
    }
  }

  sequences(length: number): number {
    const { input } = this;
    input.fill(0, length, Math.min(length + 2, capacity));
    let found = 0;
    let one = 0;
    let two = 0;
    for (let i = 0; i < length + 2; i++) {
      const byte = i < capacity ? input[i]! : 0;
      if ((two & this.#third[byte]!) !== 0) found = this.#confirm(i - 2, found);
      two = one & this.#second[byte]!;
      one = i < length ? this.#first[byte]! : 0;
    }
    return found;
  }

  #confirm(position: number, found: number): number {
    const { input, sequenceResults } = this;
    const exact = this.#exact;
    let next = found;
    for (let word = 0; word < this.#words; word++) {
      const at = word * 256;
      const bits = exact[at + input[position]!]! & exact[at + 1024 + (input[position + 1] ?? 0)]! & exact[at + 2048 + (input[position + 2] ?? 0)]!;
      if (bits === 0) continue;
      sequenceResults[2 * next] = (position << 8) | word;
      sequenceResults[2 * next + 1] = bits;
      next++;
    }
    return next;
  }

  runs(length: number, leastDigits: number, leastHex: number): number {
    let found = this.#longRuns(length, digitBytes, leastDigits, runBits.digits, 0);
    found = this.#longRuns(length, hexBytes, leastHex, runBits.hex, found);
    found = this.#evenlySpaced(length, dash, [8, 13, 18, 23], runBits.uuid, found);
    found = this.#evenlySpaced(length, dash, [2, 5, 8, 11, 14], runBits.mac, found);
    return this.#evenlySpaced(length, colon, [2, 5, 8, 11, 14], runBits.mac, found);
  }

  #longRuns(length: number, members: Uint8Array, least: number, bit: number, found: number): number {
    const { input, runResults } = this;
    let next = found;
    let start = 0;
    for (let i = 0; i < length; i++) {
      if (members[input[i]!] === 0) start = i + 1;
      else if (i - start + 1 === least) runResults[next++] = (start << 8) | bit;
    }
    return next;
  }

  #evenlySpaced(length: number, separator: number, offsets: readonly number[], bit: number, found: number): number {
    const { input, runResults } = this;
    const lead = offsets[0]!;
    const last = offsets.at(-1)!;
    let next = found;
    for (let at = lead; at + last - lead < length; at++) {
      if (input[at] !== separator || input[at + 1] === separator) continue;
      if (offsets.every((offset) => input[at - lead + offset] === separator)) runResults[next++] = ((at - lead) << 8) | bit;
    }
    return next;
  }
}
