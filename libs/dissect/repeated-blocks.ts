import { giveBack } from '#capture';
import type { Sender } from './message.ts';

const blockBytes = 16;
/** Minimum number of distinct bytes in a block of ciphertext; padding, silence and plain text repeat too, with fewer. */
const leastDistinct = 12;
/** Of the block's 16 bytes, at least this many must be below 0x80, and this many above: text and audio samples are lopsided. */
const leastOfEachHalf = 3;
/** Number of offsets (in blocks from the start of a payload) at which the same block must have occurred. */
const leastPlaces = 4;
const maxBlocks = 16_384;
const maxPayloads = 512;

/**
 * Detects a block cipher in ECB mode: equal blocks of plaintext become equal blocks of ciphertext, at any offset (NIST SP 800-38A, section 6.1;
 * seen in Zoom's media: Citizen Lab, "Move Fast and Roll Your Own Crypto", 2020). In any other mode, 128-bit blocks do not repeat. A block that is
 * at the same offset of each payload is a header, and counts as one offset.
 */
export class RepeatedBlocks {
  #found = false;
  #places: BlockPlaces | null = null;
  #payloadsLeft = maxPayloads;

  /** Bytes of memory that the blocks take. */
  get heldBytes(): number {
    return this.#places === null ? 0 : this.#places.heldBytes;
  }

  /** Takes the encrypted part of a packet that was not seen before. Returns true once, when ECB has been detected. */
  add(sender: Sender, payload: Buffer): boolean {
    if (this.#found || this.#payloadsLeft === 0) return false;
    this.#payloadsLeft--;
    this.#found = this.#repeats((this.#places ??= new BlockPlaces()), sender, payload);
    if (this.#found || this.#payloadsLeft === 0) this.end();
    return this.#found;
  }

  /** No more payloads come. */
  end(): void {
    this.#places?.release();
    this.#places = null;
  }

  #repeats(known: BlockPlaces, sender: Sender, payload: Buffer): boolean {
    for (let at = 0; at + blockBytes <= payload.length; at += blockBytes) {
      const places = known.add(payload, at, sender);
      if (places === full) break;
      if (places !== nothingNew && countBits(places) >= leastPlaces && isVaried(payload, at)) return true;
    }
    return false;
  }
}

const full = -1;
const nothingNew = 0;
/** Words per entry: both halves of the block's hash, and its offsets. */
const entryWords = 3;
/** Share of the entries in use at which there have to be more. */
const fullest = 0.75;

/**
 * Blocks by hash and sender, each with one bit per offset (modulo 31) at which it occurred. Stored in typed arrays, which take a third of the
 * memory of a map, since a call has thousands of blocks.
 */
class BlockPlaces {
  #entries = new Int32Array(64 * entryWords);
  #size = 0;

  get heldBytes(): number {
    return this.#entries.byteLength;
  }

  /** Adds the block of `payload` at `at`. Returns its offsets; {@link nothingNew} if it already occurred there, {@link full} if there is no room. */
  add(payload: Buffer, at: number, sender: Sender): number {
    let high = sender === 'source' ? 0x811c9dc5 : 0x01234567;
    let low = 0x2545f491;
    for (let i = at; i < at + blockBytes; i += 4) {
      const word = payload.readInt32LE(i);
      high = Math.imul(high ^ word, 0x01000193) ^ (high >>> 15);
      low = Math.imul(low ^ word, 0x5bd1e995) ^ (low >>> 13);
    }
    const entry = this.#entryOf(high, low);
    const before = this.#entries[entry + 2]!;
    const places = before | (1 << ((at / blockBytes) % 31));
    if (places === before) return nothingNew;
    if (before === 0 && this.#size === maxBlocks) return full;
    this.#entries[entry] = high;
    this.#entries[entry + 1] = low;
    this.#entries[entry + 2] = places;
    if (before === 0 && ++this.#size * entryWords > this.#entries.length * fullest) this.#grow();
    return places;
  }

  /** Index of the block's entry or, if it has no offsets, of the entry where it may be inserted. */
  #entryOf(high: number, low: number): number {
    const entries = this.#entries;
    const mask = entries.length / entryWords - 1;
    for (let index = (low ^ (low >>> 15)) & mask; ; index = (index + 1) & mask) {
      const entry = index * entryWords;
      if (entries[entry + 2] === 0 || (entries[entry] === high && entries[entry + 1] === low)) return entry;
    }
  }

  #grow(): void {
    const before = this.#entries;
    this.#entries = new Int32Array(before.length * 2);
    for (let from = 0; from < before.length; from += entryWords) {
      if (before[from + 2] === 0) continue;
      const to = this.#entryOf(before[from]!, before[from + 1]!);
      for (let word = 0; word < entryWords; word++) this.#entries[to + word] = before[from + word]!;
    }
    giveBack(before);
  }

  /** Gives its memory back; it is unusable from then on. */
  release(): void {
    giveBack(this.#entries);
  }
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
