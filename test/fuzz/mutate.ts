import { mulberry32 } from '../support/random.ts';

/** An integer from 0 to `below` - 1. */
export type Random = (below: number) => number;

export function seededRandom(seed: number): Random {
  const next = mulberry32(seed);
  return (below) => Math.floor((next() / 2 ** 32) * below);
}

/** Values at which lengths and counters break. */
const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/**
 * A copy of `original` with one to eight changes: bits flipped, bytes set, 16-bit numbers set to edges, bytes cut out, doubled
 * or moved, a piece of `donor` written over it, the end cut off.
 */
export function mutate(original: Buffer, donor: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + random(8); changes > 0 && bytes.length > 0; changes--) {
    const at = random(bytes.length);
    const length = 1 + random(40);
    switch (random(10)) {
      case 0: bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]); break;
      case 1: bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]); break;
      case 2: bytes.copy(bytes, random(bytes.length), at, at + length); break;
      case 3: donor.copy(bytes, at, random(donor.length + 1), donor.length); break;
      case 4: bytes = bytes.subarray(0, Math.max(1, bytes.length - length)); break;
      case 5: bytes[at] = edges[random(edges.length)]!; break;
      case 6: bytes[at] = random(256); break;
      case 7: bytes[at] = edges[random(edges.length)]!; bytes[Math.min(at + 1, bytes.length - 1)] = edges[random(edges.length)]!; break;
      default: bytes[at]! ^= 1 << random(8);
    }
  }
  return bytes;
}
