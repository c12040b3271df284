const stored = 0;
const fixed = 1;
const dynamic = 2;

/** Symbols of a block with fixed codes that are checked. */
const mostSymbols = 4;
/** Code space of the code length codes, which have up to 7 bits: a complete set uses all of it. */
const fullCode = 1 << 7;

/**
 * Whether `bytes` can begin with a block of deflate (RFC 1951, section 3.2) that contains text. This holds for one in eight random inputs; zlib,
 * which throws, takes a hundred times as long to tell.
 */
export function mayBeDeflatedText(bytes: Buffer): boolean {
  switch (bitsAt(bytes, 1, 2)) {
    case stored: return bytes.length >= 5 && bytes.readUInt16LE(1) === (bytes.readUInt16LE(3) ^ 0xffff);
    case fixed: return beginsWithText(bytes);
    case dynamic: return hasCodeLengths(bytes);
    default: return false;
  }
}

/** Section 3.2.6: nothing can be repeated before the first literal, and text has no control characters. */
function beginsWithText(bytes: Buffer): boolean {
  let at = 3;
  for (let i = 0; i < mostSymbols; i++) {
    const code = codeAt(bytes, at, 8);
    const isLiteral = code >= 0x30 && code !== 0xc0 && (code < 0xc0 || code > 0xc7);
    if (!isLiteral) return i > 0;
    const isLong = code > 0xc7;
    const literal = isLong ? codeAt(bytes, at, 9) - 0x190 + 144 : code - 0x30;
    if (literal === 0x7f || (literal < 0x20 && literal !== 9 && literal !== 10 && literal !== 13)) return false;
    at += isLong ? 9 : 8;
  }
  return true;
}

/** Section 3.2.7: the codes of the code lengths must use up all of the code space. */
function hasCodeLengths(bytes: Buffer): boolean {
  if (bytes.length < 12 || bitsAt(bytes, 3, 5) > 29 || bitsAt(bytes, 8, 5) > 29) return false;
  const count = bitsAt(bytes, 13, 4) + 4;
  let used = 0;
  for (let i = 0; i < count; i++) {
    const length = bitsAt(bytes, 17 + 3 * i, 3);
    if (length > 0) used += fullCode >> length;
  }
  return used === fullCode;
}

/** A number of up to 8 bits, least significant bit first. */
function bitsAt(bytes: Buffer, at: number, count: number): number {
  const word = (bytes[at >> 3] ?? 0) | ((bytes[(at >> 3) + 1] ?? 0) << 8);
  return (word >> (at & 7)) & ((1 << count) - 1);
}

/** A Huffman code of `count` bits, most significant bit first. */
function codeAt(bytes: Buffer, at: number, count: number): number {
  let code = 0;
  for (let i = at; i < at + count; i++) code = (code << 1) | (((bytes[i >> 3] ?? 0) >> (i & 7)) & 1);
  return code;
}
