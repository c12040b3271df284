import { digits, hexDigits } from './anchor.ts';
import type { SequenceTables } from './buckets.ts';
import { capacity, mostResults, mostSequences, runBits, runWord, type LeastRuns, type ScanEngine } from './engine.ts';

/** By byte, whether it belongs to the class. */
const digitBytes = membersOf(digits);
const hexBytes = membersOf(hexDigits);
const runBytes = membersOf(`${hexDigits}-:`);
const dash = 0x2d;

/**
 * The kernel in plain TypeScript: for searches that do not justify a kernel of their own, for hosts without WebAssembly SIMD, and as a reference for
 * testing the kernel.
 */
export class TwinEngine implements ScanEngine {
  readonly input = Buffer.alloc(capacity);
  readonly results = new Int32Array(2 * capacity * mostResults);
  readonly #exact: Uint32Array;
  readonly #least: LeastRuns;
  /** Buckets of each byte as the first to fourth of a sequence. */
  readonly #buckets = [new Uint8Array(256), new Uint8Array(256), new Uint8Array(256), new Uint8Array(256)] as const;
  #found = 0;

  constructor({ nibbles, exact }: SequenceTables, least: LeastRuns) {
    this.#exact = exact;
    this.#least = least;
    for (const [position, buckets] of this.#buckets.entries()) {
      for (let byte = 0; byte < 256; byte++) buckets[byte] = nibbles[32 * position + (byte & 15)]! & nibbles[32 * position + 16 + (byte >> 4)]!;
    }
  }

  scan(length: number): number {
    const { input } = this;
    const [firsts, seconds, thirds, fourths] = this.#buckets;
    this.#found = 0;
    for (let i = length; i < length + 3 && i < capacity; i++) input[i] = 0;
    let [one, two, three] = [0, 0, 0];
    let begin = 0;
    for (let i = 0; i < length + 3; i++) {
      const byte = i < capacity ? input[i]! : 0;
      if ((three & fourths[byte]!) !== 0) this.#confirm(i - 3);
      three = two & thirds[byte]!;
      two = one & seconds[byte]!;
      one = i < length ? firsts[byte]! : 0;
      if (runBytes[byte] === 1) continue;
      if (i - begin >= 15) this.#runs(begin, i);
      begin = i + 1;
    }
    return this.#found;
  }

  #confirm(position: number): void {
    const { input } = this;
    const exact = this.#exact;
    for (let word = 0; word < mostSequences / 32; word++) {
      let bits = -1;
      for (let i = 0; i < 4; i++) bits &= exact[((256 * i + (input[position + i] ?? 0)) << 2) + word]!;
      if (bits !== 0) this.#emit(position, word, bits);
    }
  }

  /** Finds runs among the bytes from `begin` to `until`, all of which can belong to one. */
  #runs(begin: number, until: number): void {
    const { input } = this;
    let digit = begin;
    let hex = begin;
    for (let at = begin; at < until; at++) {
      const byte = input[at]!;
      if (digitBytes[byte] === 0) digit = at + 1;
      else if (at + 1 - digit === this.#least.digits) this.#emit(digit, runWord, runBits.digits);
      if (hexBytes[byte] === 1) {
        if (at + 1 - hex === this.#least.hex) this.#emit(hex, runWord, runBits.hex);
        continue;
      }
      hex = at + 1;
      if (input[at + 1] === byte) continue;
      const areSpaced = (...behind: number[]): boolean => at + behind.at(-1)! < until && behind.every((each) => input[at + each] === byte);
      if (byte === dash && at - 8 >= begin && areSpaced(5, 10, 15)) this.#emit(at - 8, runWord, runBits.uuid);
      if (at - 2 >= begin && areSpaced(3, 6, 9, 12)) this.#emit(at - 2, runWord, runBits.mac);
    }
  }

  #emit(position: number, word: number, bits: number): void {
    this.results[2 * this.#found] = (position << 8) | word;
    this.results[2 * this.#found + 1] = bits;
    this.#found++;
  }
}

function membersOf(characters: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(characters.includes(String.fromCharCode(byte))));
}
