/*
 * AssemblyScript: `npm run generate` compiles this file into ../kernel-module.ts; docs/decisions/0003-scan-kernel.md says why.
 * ../twin.ts does the same in plain TypeScript, and says what the results mean.
 */

/** Most bytes of one call, and zeros that are read beyond them. */
export const capacity: i32 = 16384;
const padding: i32 = 192;

/** The bytes to be searched. */
export const input: usize = memory.data(16384 + 192, 16);
/** Six nibble tables of 16 bytes: low and high half of the first, second and third byte. A byte of a table has one bit per bucket. */
export const tables: usize = memory.data(96, 16);
/** Results: `position << 8 | bits`. Each kind of run can be found at each position. */
export const literalResults: usize = memory.data(4 * 16384, 16);
export const runResults: usize = memory.data(4 * 4 * 16384, 16);

/** Which bytes are of a class, as bits. */
const digitBits: usize = memory.data(2072, 16);
const hexBits: usize = memory.data(2072, 16);
const dashBits: usize = memory.data(2072, 16);
const colonBits: usize = memory.data(2072, 16);

const lanes: usize = memory.data(16, 16);

/** Positions at which three bytes of some bucket's classes stand: Teddy (https://github.com/BurntSushi/aho-corasick/tree/master/src/packed/teddy). */
export function literals(length: i32): i32 {
  memory.fill(input + length, 0, padding);
  const low0 = v128.load(tables), high0 = v128.load(tables, 16);
  const low1 = v128.load(tables, 32), high1 = v128.load(tables, 48);
  const low2 = v128.load(tables, 64), high2 = v128.load(tables, 80);
  const zero = i8x16.splat(0);
  let end = literalResults;
  for (let at = 0; at < length; at += 16) {
    const first = buckets(low0, high0, v128.load(input + at));
    const second = buckets(low1, high1, v128.load(input + at, 1));
    const third = buckets(low2, high2, v128.load(input + at, 2));
    const found = v128.and(v128.and(first, second), third);
    if (!v128.any_true(found)) continue;
    v128.store(lanes, found);
    for (let left = i8x16.bitmask(i8x16.ne(found, zero)); left != 0; left &= left - 1) {
      const lane = ctz(left);
      store<u32>(end, (at + lane) << 8 | <i32>load<u8>(lanes + lane));
      end += 4;
    }
  }
  while (end > literalResults && <i32>(load<u32>(end - 4) >>> 8) >= length) end -= 4;
  return <i32>(end - literalResults) >>> 2;
}

/** Which buckets each byte belongs to. */
// @ts-ignore: decorator
@inline
function buckets(low: v128, high: v128, bytes: v128): v128 {
  const nibble = i8x16.splat(0x0f);
  return v128.and(i8x16.swizzle(low, v128.and(bytes, nibble)), i8x16.swizzle(high, v128.and(i16x8.shr_u(bytes, 4), nibble)));
}

/** Starts of runs of at least so many digits and hexadecimal digits (64 at most), of what is dashed like a UUID, and of MAC addresses. */
export function runs(length: i32, leastDigits: i32, leastHex: i32): i32 {
  memory.fill(input + length, 0, padding);
  for (let at = 0; at < length + padding - 64; at += 16) {
    const bytes = v128.load(input + at);
    const digit = isBetween(bytes, 0x30, 10);
    const letter = isBetween(v128.or(bytes, i8x16.splat(0x20)), 0x61, 6);
    store<u16>(digitBits + (at >> 3), <u16>i8x16.bitmask(digit));
    store<u16>(hexBits + (at >> 3), <u16>i8x16.bitmask(v128.or(digit, letter)));
    store<u16>(dashBits + (at >> 3), <u16>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2d))));
    store<u16>(colonBits + (at >> 3), <u16>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x3a))));
  }
  let end = longRuns(runResults, digitBits, length, leastDigits, 1);
  end = longRuns(end, hexBits, length, leastHex, 2);
  end = evenlySpaced(end, dashBits, length, 5, 4, 8, 4);
  end = evenlySpaced(end, dashBits, length, 3, 5, 2, 8);
  end = evenlySpaced(end, colonBits, length, 3, 5, 2, 8);
  return <i32>(end - runResults) >>> 2;
}

// @ts-ignore: decorator
@inline
function isBetween(bytes: v128, from: u8, count: u8): v128 {
  return i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(from)), i8x16.splat(count));
}

/** Where `least` set bits in a row begin, and no set bit stands before them. */
function longRuns(end: usize, bits: usize, length: i32, least: i32, result: u32): usize {
  let before: u64 = 0;
  for (let at = 0; at < length; at += 64) {
    let word = load<u64>(bits + (at >> 3));
    let next = load<u64>(bits + (at >> 3), 8);
    // Each round, a bit says of twice as many characters that they are all of the class.
    for (let known = 1; known < least && word != 0;) {
      const shift = min(known, least - known);
      word &= word >> shift | next << (64 - shift);
      next &= next >> shift;
      known += shift;
    }
    end = emit(end, at, word & ~(word << 1 | before), 0, result);
    before = word >> 63;
  }
  return end;
}

/** Where `count` set bits stand `gap` apart, the first of them `lead` characters after what begins there. */
function evenlySpaced(end: usize, bits: usize, length: i32, gap: i32, count: i32, lead: i32, result: u32): usize {
  for (let at = 0; at < length; at += 64) {
    const word = load<u64>(bits + (at >> 3));
    if (word == 0) continue;
    const next = load<u64>(bits + (at >> 3), 8);
    let found = word;
    for (let i = 1, shift = gap; i < count && found != 0; i++, shift += gap) found &= word >> shift | next << (64 - shift);
    end = emit(end, at, found, lead, result);
  }
  return end;
}

// @ts-ignore: decorator
@inline
function emit(end: usize, at: i32, starts: u64, lead: i32, result: u32): usize {
  for (; starts != 0; starts &= starts - 1) {
    const position = at + <i32>ctz(starts) - lead;
    if (position < 0) continue;
    store<u32>(end, <u32>position << 8 | result);
    end += 4;
  }
  return end;
}
