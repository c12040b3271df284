import type { Sequence } from './anchor.ts';
import { mostSequences } from './engine.ts';

const bucketCount = 8;
/** Characters of network traffic, from frequent to rare; all others are rarer. */
const frequent = 'eta oinsrldcupmhg0fb1.w-vy/2kC=A:345678;9TSPMxD"_IERNLOBHUFGW,&%?jqz\r\n';
const sums = frequencySums();

/** Nibbles of a set of characters: bit n is set if nibble n occurs. A table accepts every combination of a low and a high one. */
interface Nibbles {
  readonly low: number;
  readonly high: number;
}

interface Bucket {
  /** Of the first to fourth character. */
  readonly nibbles: readonly Nibbles[];
  /** Probability that it accepts four characters of text, if these were independent of each other. */
  readonly accepted: number;
}

/** Tables by which the engines find sequences. */
export interface SequenceTables {
  /** 16 bytes each: low and high half of the first, second, third and fourth byte of a sequence; one bit per bucket. */
  readonly nibbles: Uint8Array;
  /**
   * By position in a sequence (four) and byte (256): which of {@link mostSequences} have the byte there, in four words of 32 bits.
   */
  readonly exact: Uint32Array;
}

/** @throws {RangeError} if there are more than {@link mostSequences} */
export function sequenceTables(sequences: readonly Sequence[]): SequenceTables {
  if (sequences.length > mostSequences)
    throw new RangeError(`there are ${sequences.length} sequences, and a prefilter has room for ${mostSequences}`);
  const exact = new Uint32Array(4 * 256 * mostSequences / 32);
  for (const [index, { characters }] of sequences.entries()) {
    for (const [position, set] of characters.entries()) {
      for (let i = 0; i < set.length; i++) exact[((position * 256 + set.charCodeAt(i)) << 2) + (index >> 5)]! |= 1 << (index & 31);
    }
  }
  return { nibbles: nibbleTables(sequences), exact };
}

/** Distributes sequences over eight buckets so that few bytes match one by chance. */
function nibbleTables(sequences: readonly Sequence[]): Uint8Array {
  const tables = new Uint8Array(128);
  for (const [number, bucket] of inBuckets(sequences).entries()) {
    for (const [position, { low, high }] of bucket.nibbles.entries()) {
      for (let nibble = 0; nibble < 16; nibble++) {
        if ((low & (1 << nibble)) !== 0) tables[32 * position + nibble]! |= 1 << number;
        if ((high & (1 << nibble)) !== 0) tables[32 * position + 16 + nibble]! |= 1 << number;
      }
    }
  }
  return tables;
}

/** Repeatedly merges the two buckets whose union accepts the least beyond what either accepts. */
function inBuckets(sequences: readonly Sequence[]): Bucket[] {
  const buckets = sequences.map(({ characters }) => bucketOf(characters.map(nibblesOf)));
  const costOf = (a: Bucket, b: Bucket): number => union(a, b).accepted - a.accepted - b.accepted;
  // Cost of merging each bucket with each one before it.
  const costs = buckets.map((bucket, i) => buckets.slice(0, i).map((other) => costOf(bucket, other)));
  while (buckets.length > bucketCount) {
    let [i, j] = [1, 0];
    for (let row = 1; row < costs.length; row++) {
      for (let column = 0; column < row; column++) if (costs[row]![column]! < costs[i]![j]!) [i, j] = [row, column];
    }
    const joined = union(buckets[i]!, buckets[j]!);
    buckets.splice(i, 1);
    costs.splice(i, 1);
    for (const row of costs.slice(i)) row.splice(i, 1);
    buckets[j] = joined;
    costs[j] = buckets.slice(0, j).map((other) => costOf(joined, other));
    for (let row = j + 1; row < costs.length; row++) costs[row]![j] = costOf(buckets[row]!, joined);
  }
  return buckets;
}

function nibblesOf(characters: string): Nibbles {
  let low = 0;
  let high = 0;
  for (let i = 0; i < characters.length; i++) {
    low |= 1 << (characters.charCodeAt(i) & 15);
    high |= 1 << (characters.charCodeAt(i) >> 4);
  }
  return { low, high };
}

function union(a: Bucket, b: Bucket): Bucket {
  return bucketOf(a.nibbles.map(({ low, high }, i) => ({ low: low | b.nibbles[i]!.low, high: high | b.nibbles[i]!.high })));
}

function bucketOf(nibbles: readonly Nibbles[]): Bucket {
  return { nibbles, accepted: nibbles.reduce((product, { low, high }) => product * frequencyOf(low, high), 1) };
}

/** Frequency of the characters with one of these low and one of these high nibbles. */
function frequencyOf(low: number, high: number): number {
  let sum = 0;
  for (let left = high; left !== 0; left &= left - 1) {
    const row = 31 - Math.clz32(left & -left);
    sum += sums[(2 * row) << 8 | (low & 0xff)]! + sums[(2 * row + 1) << 8 | (low >> 8)]!;
  }
  return sum;
}

/** By half a row of the character table (eight characters) and a selection of its columns: the frequency of these characters, as a share of text. */
function frequencySums(): Float64Array {
  const counts = new Float64Array(256).fill(1);
  for (let i = 0; i < frequent.length; i++) counts[frequent.charCodeAt(i)]! += 400 / (i + 4);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from({ length: 32 * 256 }, (_, index) => {
    let sum = 0;
    for (let bit = 0; bit < 8; bit++) if ((index >> bit & 1) !== 0) sum += counts[8 * (index >> 8) + bit]! / all;
    return sum;
  });
}
