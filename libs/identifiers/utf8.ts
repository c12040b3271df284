/** Whether no control characters stand among the bytes, other than white space. */
export function isPrintable(bytes: Buffer, start = 0, end = bytes.length): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 ? byte !== 9 && byte !== 10 && byte !== 13 : byte === 0x7f) return false;
  }
  return true;
}

/** What the bytes say in UTF-8; null when they are no {@link isPrintable} text of it. */
export function utf8Text(bytes: Buffer, start: number, end: number): string | null {
  if (!isPrintable(bytes, start, end)) return null;
  const text = bytes.toString('utf8', start, end);
  return text.includes('\uFFFD') ? null : text;
}
