/** Characters of UTF-16 that must stand together before they are read as text. */
const leastRun = 6;

/**
 * Calls `visit` with each run of ASCII in UTF-16, either byte order, that stands in `bytes`: the text, where it begins, and its encoding.
 */
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
    // In big-endian the zero before the first character belongs to it, and the last pair looks like the first half of one.
    const isBigEndian = i > 0 && bytes[i - 1] === 0 && bytes[end] !== 0 && end < bytes.length;
    if (end - i >= 2 * leastRun) {
      const start = isBigEndian ? i - 1 : i;
      const whole = isBigEndian ? end - (isPrintable(bytes[end]!) ? -1 : 1) : end;
      visit(asciiOf(bytes, start + (isBigEndian ? 1 : 0), whole), start, isBigEndian ? 'utf-16be' : 'utf-16le');
    }
    i = end;
  }
}

/** Whether, at one place in eight at least, every other one of the four bytes up to it is zero: so it is within every run that is long enough. */
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
