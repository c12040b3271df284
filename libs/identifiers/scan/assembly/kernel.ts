/*
 * AssemblyScript: `npm run generate` compiles this file into ../kernel-module.ts; docs/decisions/0003-scan-kernel.md says why.
 * ../twin.ts does the same in plain TypeScript, and says what the results mean.
 */

/** The bytes to be searched, at most capacity (../engine.ts); what is read beyond them is set to zero. */
export const input: usize = memory.data(16384 + 64, 16);
/** Six nibble tables of 16 bytes: low and high half of the first, second and third byte. A byte of a table has one bit per bucket. */
export const nibbles: usize = memory.data(96, 16);
/** By position in a sequence, word and byte: which of 32 sequences have the byte there. */
export const exact: usize = memory.data(3 * 4 * 256 * 4, 16);
/** `position << 8 | word` and the word's bits, each u32. */
export const sequenceResults: usize = memory.data(16384 * 4 * 8, 16);
/** `position << 8 | bit`, each u32. */
export const runResults: usize = memory.data(16384 * 4 * 4, 16);

/** Which bytes are of a class, as bits; a word of zeros behind them. */
const digitBits: usize = memory.data(2064, 16);
const hexBits: usize = memory.data(2064, 16);
const dashBits: usize = memory.data(2064, 16);
const colonBits: usize = memory.data(2064, 16);

/**
 * Where sequences stand: nibble tables of eight buckets tell where one may stand, sixteen bytes at a time, as in Teddy
 * (https://github.com/BurntSushi/aho-corasick/tree/master/src/packed/teddy); exact tables tell which.
 */
export function sequences(length: i32, words: i32): i32 {
  v128.store(input + length, i8x16.splat(0));
  v128.store(input + length, i8x16.splat(0), 16);
  const low0 = v128.load(nibbles), high0 = v128.load(nibbles, 16);
  const low1 = v128.load(nibbles, 32), high1 = v128.load(nibbles, 48);
  const low2 = v128.load(nibbles, 64), high2 = v128.load(nibbles, 80);
  let end = sequenceResults;
  // Each byte is looked up once: as a third byte, and, two and one lanes on, as the first and second of the sequence that ends there.
  let firstBefore = i8x16.splat(0), secondBefore = i8x16.splat(0);
  for (let at = -2; at < length; at += 16) {
    const bytes = v128.load(input + at, 2);
    const low = v128.and(bytes, i8x16.splat(0x0f));
    const high = v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(0x0f));
    const first = v128.and(i8x16.relaxed_swizzle(low0, low), i8x16.relaxed_swizzle(high0, high));
    const second = v128.and(i8x16.relaxed_swizzle(low1, low), i8x16.relaxed_swizzle(high1, high));
    const third = v128.and(i8x16.relaxed_swizzle(low2, low), i8x16.relaxed_swizzle(high2, high));
    const found = v128.and(third, v128.and(
      i8x16.shuffle(firstBefore, first, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
      i8x16.shuffle(secondBefore, second, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
    ));
    firstBefore = first;
    secondBefore = second;
    if (!v128.any_true(found)) continue;
    for (let left = i8x16.bitmask(i8x16.ne(found, i8x16.splat(0))); left != 0; left &= left - 1) {
      const position = at + ctz(left);
      if (position >= length) break;
      const entry0 = exact + (<usize>load<u8>(input + position) << 2);
      const entry1 = exact + (<usize>load<u8>(input + position, 1) << 2);
      const entry2 = exact + (<usize>load<u8>(input + position, 2) << 2);
      for (let word = 0; word < words; word++) {
        const offset = <usize>word << 10;
        const bits = load<u32>(entry0 + offset) & load<u32>(entry1 + offset, 4096) & load<u32>(entry2 + offset, 8192);
        if (bits == 0) continue;
        store<u32>(end, position << 8 | word);
        store<u32>(end, bits, 4);
        end += 8;
      }
    }
  }
  return <i32>(end - sequenceResults) >>> 3;
}

/**
 * Starts of runs of at least so many digits (15 to 64) and hexadecimal digits (31 to 64), of what is dashed like a UUID, and of MAC
 * addresses. Each of them leaves a trace in one block of sixteen bytes; texts without are done after one pass.
 */
export function runs(length: i32, leastDigits: i32, leastHex: i32): i32 {
  for (let pad = 0; pad < 64; pad += 16) v128.store(input + length + pad, i8x16.splat(0));
  const whole = (length + 63) & ~63;
  let longDigits = 0, longHex = 0, dashes = 0, colons = 0;
  for (let at = 0; at < whole; at += 16) {
    const bytes = v128.load(input + at);
    const digit = isBetween(bytes, 0x30, 10);
    const digits = i8x16.bitmask(digit);
    const hex = i8x16.bitmask(v128.or(digit, isBetween(v128.or(bytes, i8x16.splat(0x20)), 0x61, 6)));
    const dash = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2d)));
    const colon = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x3a)));
    longDigits |= i32((digits & 0xff) == 0xff) | i32(digits >>> 8 == 0xff);
    longHex |= i32(hex == 0xffff);
    dashes |= dash & (dash >> 5 | dash >> 3);
    colons |= colon & colon >> 3;
    store<u16>(digitBits + (at >> 3), <u16>digits);
    store<u16>(hexBits + (at >> 3), <u16>hex);
    store<u16>(dashBits + (at >> 3), <u16>dash);
    store<u16>(colonBits + (at >> 3), <u16>colon);
  }
  let end = runResults;
  const behind = whole >> 3;
  if (longDigits) {
    store<u64>(digitBits + behind, 0);
    end = longRuns(end, digitBits, length, leastDigits, 1);
  }
  if (longHex) {
    store<u64>(hexBits + behind, 0);
    end = longRuns(end, hexBits, length, leastHex, 2);
  }
  if (dashes) {
    store<u64>(dashBits + behind, 0);
    end = evenlySpaced(end, dashBits, length, 5, 4, 8, 4);
    end = evenlySpaced(end, dashBits, length, 3, 5, 2, 8);
  }
  if (colons) {
    store<u64>(colonBits + behind, 0);
    end = evenlySpaced(end, colonBits, length, 3, 5, 2, 8);
  }
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

/** Where `count` set bits stand `gap` apart, the first of them, with none behind it, `lead` characters after what begins there. */
function evenlySpaced(end: usize, bits: usize, length: i32, gap: i32, count: i32, lead: i32, result: u32): usize {
  for (let at = 0; at < length; at += 64) {
    const word = load<u64>(bits + (at >> 3));
    if (word == 0) continue;
    const next = load<u64>(bits + (at >> 3), 8);
    let found = word & ~(word >> 1 | next << 63);
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
