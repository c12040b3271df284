/** Whether the bytes contain no control characters other than white space. */
export function isPrintable(bytes: Buffer, start = 0, end = bytes.length): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 ? byte !== 9 && byte !== 10 && byte !== 13 : byte === 0x7f) return false;
  }
  return true;
}

/** The bytes as UTF-8; null if they are not {@link isPrintable} text. */
export function utf8Text(bytes: Buffer, start: number, end: number): string | null {
  if (!isPrintable(bytes, start, end)) return null;
  const text = bytes.toString('utf8', start, end);
  return text.includes('\uFFFD') ? null : text;
}
