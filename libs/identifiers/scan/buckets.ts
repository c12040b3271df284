import type { Sequence } from './anchor.ts';
import { mostSequences } from './engine.ts';

const bucketCount = 8;

/** Nibbles of some characters: bit n says that nibble n occurs. A table accepts every pair of a low and a high one. */
interface Nibbles {
  readonly low: number;
  readonly high: number;
}

type Bucket = readonly [Nibbles, Nibbles, Nibbles];

/** What the engines find sequences by. */
export interface SequenceTables {
  /** 16 bytes each: low and high half of the first, second and third byte of a sequence; one bit per bucket. */
  readonly nibbles: Uint8Array;
  /** By position in a sequence (three), word (four) and byte (256): which of 32 sequences have the byte there. */
  readonly exact: Uint32Array;
  /** In use. */
  readonly words: number;
}

/** @throws {RangeError} when there are more than {@link mostSequences} */
export function sequenceTables(sequences: readonly Sequence[]): SequenceTables {
  if (sequences.length > mostSequences) throw new RangeError(`${sequences.length} sequences; a prefilter has room for ${mostSequences}`);
  const exact = new Uint32Array(3 * mostSequences * 256 / 32);
  for (const [index, { characters }] of sequences.entries()) {
    for (const [position, set] of characters.entries()) {
      const table = (position * mostSequences / 32 + (index >> 5)) * 256;
      for (let i = 0; i < set.length; i++) exact[table + set.charCodeAt(i)]! |= 1 << (index & 31);
    }
  }
  return { nibbles: nibbleTables(sequences), exact, words: Math.ceil(sequences.length / 32) };
}

/** Spreads sequences over eight buckets so that few bytes belong to one by chance. */
function nibbleTables(sequences: readonly Sequence[]): Uint8Array {
  const tables = new Uint8Array(96);
  for (const [number, bucket] of inBuckets(sequences).entries()) {
    for (const [position, { low, high }] of bucket.entries()) {
      for (let nibble = 0; nibble < 16; nibble++) {
        if ((low & (1 << nibble)) !== 0) tables[32 * position + nibble]! |= 1 << number;
        if ((high & (1 << nibble)) !== 0) tables[32 * position + 16 + nibble]! |= 1 << number;
      }
    }
  }
  return tables;
}

/** Joins, again and again, the two buckets whose union accepts the fewest sequences that neither accepts. */
function inBuckets(sequences: readonly Sequence[]): Bucket[] {
  const buckets = sequences.map(({ characters }) => characters.map(nibblesOf) as unknown as Bucket);
  const costOf = (a: Bucket, b: Bucket): number => accepted(union(a, b)) - accepted(a) - accepted(b);
  // Of each bucket with those before it.
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
  const joined = (i: 0 | 1 | 2): Nibbles => ({ low: a[i].low | b[i].low, high: a[i].high | b[i].high });
  return [joined(0), joined(1), joined(2)];
}

/** How many sequences of three bytes the tables of a bucket accept. */
function accepted(bucket: Bucket): number {
  return bucket.reduce((product, { low, high }) => product * bits(low) * bits(high), 1);
}

function bits(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
