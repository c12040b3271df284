import type { Sender } from './message.ts';

const blockBytes = 16;
/** Different bytes that a block of ciphertext has; padding, silence and text in clear repeat too, with fewer. */
const leastDistinct = 12;
/** And of its 16 bytes so many are below 0x80, and so many not: text and samples of sound are lopsided. */
const leastOfEachHalf = 3;
/** Places, as numbers of blocks from the start of a payload, at which the same block must have stood. */
const leastPlaces = 4;
const maxBlocks = 16_384;
const maxPayloads = 512;

/**
 * Looks for the mark of a block cipher in ECB mode: equal blocks of plaintext become equal blocks of ciphertext, wherever they stand
 * (NIST SP 800-38A, section 6.1; seen in Zoom's media: Citizen Lab, "Move Fast and Roll Your Own Crypto", 2020). Under any other mode, 128 bits do
 * not repeat. What stands at the same place of each payload is a header, and counts as one place.
 */
export class RepeatedBlocks {
  #found = false;
  /** By 52 bits of a block's hash and its sender, one bit for each place (modulo 31) at which it stood. */
  #places: Map<number, number> | null = null;
  #payloadsLeft = maxPayloads;

  /** Takes the encrypted part of a packet that was not seen before. Returns true once, when the mark is there. */
  add(sender: Sender, payload: Buffer): boolean {
    if (this.#found || this.#payloadsLeft === 0) return false;
    this.#payloadsLeft--;
    this.#found = this.#repeats((this.#places ??= new Map()), sender, payload);
    if (this.#found || this.#payloadsLeft === 0) this.#places = null;
    return this.#found;
  }

  #repeats(known: Map<number, number>, sender: Sender, payload: Buffer): boolean {
    for (let at = 0; at + blockBytes <= payload.length; at += blockBytes) {
      const key = hashOf(payload, at) + (sender === 'source' ? 0 : 0.5);
      const before = known.get(key);
      if (before === undefined && known.size >= maxBlocks) break;
      const places = (before ?? 0) | (1 << ((at / blockBytes) % 31));
      known.set(key, places);
      if (before !== undefined && places !== before && countBits(places) >= leastPlaces && isVaried(payload, at)) return true;
    }
    return false;
  }
}

/** 52 bits: two multiplicative hashes of the block. */
function hashOf(bytes: Buffer, at: number): number {
  let high = 0x811c9dc5;
  let low = 0x2545f491;
  for (let i = at; i < at + blockBytes; i += 4) {
    const word = bytes.readInt32LE(i);
    high = Math.imul(high ^ word, 0x01000193) ^ (high >>> 15);
    low = Math.imul(low ^ word, 0x5bd1e995) ^ (low >>> 13);
  }
  return (high >>> 0) * 0x100000 + (low >>> 12);
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

function isVaried(bytes: Buffer, at: number): boolean {
  const block = bytes.subarray(at, at + blockBytes);
  let high = 0;
  for (const byte of block) high += byte >> 7;
  return high >= leastOfEachHalf && high <= blockBytes - leastOfEachHalf && new Set(block).size >= leastDistinct;
}
