/** Minimum number of consecutive UTF-16 characters that are read as text. */
const leastRun = 6;

/** Calls `visit` with each run of ASCII in UTF-16, in either byte order, in `bytes`: the text, its offset, and its encoding. */
export function findUtf16(bytes: Buffer, visit: (text: string, offset: number, encoding: 'utf-16le' | 'utf-16be') => void): void {
  if (!mayHoldUtf16(bytes)) return;
  const last = bytes.length - 1;
  for (let i = 0; i < last;) {
    if (bytes[i + 1] !== 0 || !isPrintable(bytes[i]!)) {
      i++;
      continue;
    }
    let end = i + 2;
    while (end + 1 < bytes.length && bytes[end + 1] === 0 && isPrintable(bytes[end]!)) end += 2;
    // In big-endian, the zero before the first character belongs to it, and the last pair is the second half of one character and the first of the
    // next.
    const isBigEndian = i > 0 && bytes[i - 1] === 0 && bytes[end] !== 0 && end < bytes.length;
    if (end - i >= 2 * leastRun) {
      const start = isBigEndian ? i - 1 : i;
      const whole = isBigEndian ? end - (isPrintable(bytes[end]!) ? -1 : 1) : end;
      visit(asciiOf(bytes, start + (isBigEndian ? 1 : 0), whole), start, isBigEndian ? 'utf-16be' : 'utf-16le');
    }
    i = end;
  }
}

/**
 * Whether, at one offset at least among every eighth, the four bytes up to it are alternately zero and non-zero, as within every sufficiently long
 * run.
 */
function mayHoldUtf16(bytes: Buffer): boolean {
  for (let i = 8; i < bytes.length; i += 8) {
    const isZero = bytes[i] === 0;
    if (isZero !== (bytes[i - 1] === 0) && isZero === (bytes[i - 2] === 0) && isZero !== (bytes[i - 3] === 0)) return true;
  }
  return false;
}

function asciiOf(bytes: Buffer, first: number, end: number): string {
  let text = '';
  for (let i = first; i < end; i += 2) text += String.fromCharCode(bytes[i]!);
  return text;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
