/*
 * AssemblyScript: `npm run generate` compiles this file into ../kernel-module.ts; see docs/decisions/0003-scan-kernel.md for the reasons. ../twin.ts
 * does the same in plain TypeScript; ../engine.ts documents the results.
 */

/** The bytes to search, at most capacity (../engine.ts). Bytes read beyond them are set to zero. */
export const input: usize = memory.data(16384 + 32, 16);
/** Eight nibble tables of 16 bytes: low and high half of the first to fourth byte. A byte of a table has one bit per bucket. */
export const nibbles: usize = memory.data(128, 16);
/** By position in a sequence and byte, 16 bytes each: which of the 128 sequences have the byte there. */
export const exact: usize = memory.data(4 * 256 * 16, 16);
/** `position << 8 | word` and the word's bits, each u32. */
export const results: usize = memory.data(16384 * 7 * 8, 16);

/** Classes of bytes in runs, as bits by the low and the high half of a byte: dash, digit or colon, letter up to f. */
const runLow = i8x16(2, 6, 6, 6, 6, 6, 6, 2, 2, 2, 2, 0, 0, 1, 0, 0);
const runHigh = i8x16(0, 0, 1, 2, 4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * Nibble tables of eight buckets tell, sixteen bytes at a time, where a sequence may be, as in Teddy
 * (https://github.com/BurntSushi/aho-corasick/tree/master/src/packed/teddy); exact tables tell which. Another pair of tables finds the bytes of runs:
 * all runs searched for have at least fifteen such bytes, and so fill an aligned half of a block.
 */
export function scan(length: i32, leastDigits: i32, leastHex: i32): i32 {
  v128.store(input + length, i8x16.splat(0));
  v128.store(input + length, i8x16.splat(0), 16);
  const low0 = v128.load(nibbles), high0 = v128.load(nibbles, 16);
  const low1 = v128.load(nibbles, 32), high1 = v128.load(nibbles, 48);
  const low2 = v128.load(nibbles, 64), high2 = v128.load(nibbles, 80);
  const low3 = v128.load(nibbles, 96), high3 = v128.load(nibbles, 112);
  let end = results;
  let runsUntil = 0;
  // Each byte is looked up once: as a fourth byte, and, shifted by three to one lanes, as the first to third of the sequence that ends there.
  let before0 = i8x16.splat(0), before1 = i8x16.splat(0), before2 = i8x16.splat(0);
  for (let at = -3; at < length; at += 16) {
    const bytes = v128.load(input + at, 3);
    const low = lowHalves(bytes);
    const high = highHalves(bytes);
    const first = lookup(low0, low, high0, high);
    const second = lookup(low1, low, high1, high);
    const third = lookup(low2, low, high2, high);
    const found = v128.and(
      v128.and(
        i8x16.shuffle(before0, first, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28),
        i8x16.shuffle(before1, second, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
      ),
      v128.and(
        i8x16.shuffle(before2, third, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
        lookup(low3, low, high3, high),
      ),
    );
    before0 = first;
    before1 = second;
    before2 = third;
    const gaps = i8x16.eq(lookup(runLow, low, runHigh, high), i8x16.splat(0));
    const halves = i64x2.eq(gaps, i8x16.splat(0));
    if (!v128.any_true(v128.or(found, halves))) continue;
    for (let left = i64x2.bitmask(halves); left != 0; left &= left - 1) {
      const half = at + 3 + 8 * ctz(left);
      if (half < runsUntil) continue;
      const begin = runBegin(half, runsUntil);
      runsUntil = runEnd(half);
      if (runsUntil - begin >= 15) end = runs(end, begin, runsUntil, leastDigits, leastHex);
    }
    for (let left = i8x16.bitmask(i8x16.ne(found, i8x16.splat(0))); left != 0; left &= left - 1) {
      const position = at + ctz(left);
      if (position >= length) break;
      const sequences = v128.and(
        v128.and(
          v128.load(exact + (<usize>load<u8>(input + position) << 4)),
          v128.load(exact + (<usize>load<u8>(input + position, 1) << 4), 4096),
        ),
        v128.and(
          v128.load(exact + (<usize>load<u8>(input + position, 2) << 4), 8192),
          v128.load(exact + (<usize>load<u8>(input + position, 3) << 4), 12288),
        ),
      );
      if (!v128.any_true(sequences)) continue;
      end = emit(end, position, 0, i32x4.extract_lane(sequences, 0));
      end = emit(end, position, 1, i32x4.extract_lane(sequences, 1));
      end = emit(end, position, 2, i32x4.extract_lane(sequences, 2));
      end = emit(end, position, 3, i32x4.extract_lane(sequences, 3));
    }
  }
  return <i32>(end - results) >>> 3;
}

// @ts-ignore: decorator
@inline
function lookup(lowTable: v128, low: v128, highTable: v128, high: v128): v128 {
  return v128.and(i8x16.relaxed_swizzle(lowTable, low), i8x16.relaxed_swizzle(highTable, high));
}

// @ts-ignore: decorator
@inline
function lowHalves(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(0x0f));
}

// @ts-ignore: decorator
@inline
function highHalves(bytes: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(0x0f));
}

// @ts-ignore: decorator
@inline
function emit(end: usize, position: i32, word: i32, bits: i32): usize {
  if (bits == 0) return end;
  store<i32>(end, position << 8 | word);
  store<i32>(end, bits, 4);
  return end + 8;
}

function runBegin(at: i32, least: i32): i32 {
  while (at > least && isOfRun(load<u8>(input + at - 1))) at--;
  return at;
}

function runEnd(at: i32): i32 {
  let gaps = 0;
  for (; gaps == 0; at += 16) {
    const bytes = v128.load(input + at);
    gaps = i8x16.bitmask(i8x16.eq(lookup(runLow, lowHalves(bytes), runHigh, highHalves(bytes)), i8x16.splat(0)));
  }
  return at - 16 + ctz(gaps);
}

/** The first separator from `at` on, or `until` if there is none before it. */
function separator(at: i32, until: i32): i32 {
  for (; at < until; at += 16) {
    const bytes = v128.load(input + at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x2d)), i8x16.eq(bytes, i8x16.splat(0x3a))));
    if (found != 0) return min(at + ctz(found), until);
  }
  return until;
}

/**
 * Finds where digits, hexadecimal digits, UUIDs and MAC addresses begin among the bytes from `begin` to `until`, all of which can belong to a run.
 */
function runs(end: usize, begin: i32, until: i32, leastDigits: i32, leastHex: i32): usize {
  for (let at = begin; at < until; at++) {
    const group = at;
    at = separator(at, until);
    if (at - group >= leastHex) end = emit(end, group, 4, 2);
    if (at - group >= leastDigits) end = digits(end, group, at, leastDigits);
    if (at == until || load<u8>(input + at, 1) == load<u8>(input + at)) continue;
    if (load<u8>(input + at) == 0x2d && at - 8 >= begin && at + 15 < until && areSpaced(at, 5, 15)) end = emit(end, at - 8, 4, 4);
    if (at - 2 >= begin && at + 12 < until && areSpaced(at, 3, 12)) end = emit(end, at - 2, 4, 8);
  }
  return end;
}

/** Reads backwards from where `least` digits would end, and continues after the first byte that is not a digit. */
function digits(end: usize, begin: i32, until: i32, least: i32): usize {
  while (begin + least <= until) {
    let at = begin + least;
    while (at > begin && isDigit(load<u8>(input + at - 1))) at--;
    if (at > begin) {
      begin = at;
      continue;
    }
    end = emit(end, begin, 4, 1);
    begin += least;
    while (isDigit(load<u8>(input + begin))) begin++;
  }
  return end;
}

/** Whether the byte at `at` recurs at intervals of `gap`, up to `width` bytes further on. */
function areSpaced(at: i32, gap: i32, width: i32): bool {
  const separator = load<u8>(input + at);
  for (let behind = gap; behind <= width; behind += gap) if (load<u8>(input + at + behind) != separator) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return <u8>(byte - 0x30) < 10;
}

// @ts-ignore: decorator
@inline
function isOfRun(byte: u8): bool {
  return <u8>(byte - 0x30) < 11 || byte == 0x2d || <u8>((byte | 0x20) - 0x61) < 6;
}
