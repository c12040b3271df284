/** Control characters other than white space and ESC. */
const isControl = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte < 0x20 ? ![0x09, 0x0a, 0x0d, 0x1b].includes(byte) : byte === 0x7f));

/** Text has no control characters but white space and ESC, and few non-ASCII bytes unless they are UTF-8. */
export function isText(bytes: Buffer): boolean {
  let high = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (isControl[bytes[i]!] === 1) return false;
    if (bytes[i]! >= 0x80) high++;
  }
  return high <= bytes.length * 0.3 || !bytes.toString('utf8').includes('\ufffd');
}

/** Does it contain bytes that do not occur in text? */
export function hasControls(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (isControl[bytes[i]!] === 1) return true;
  return false;
}

/** Text that is padded with zeros to the length of its field, or includes a terminating zero. */
export function paddedText(bytes: Buffer, encoding: 'latin1' | 'utf8' = 'latin1'): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.toString(encoding, 0, end);
}

/** Text up to a zero or the end. */
export function textUpToZero(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  return bytes.toString('utf8', 0, zero < 0 ? bytes.length : zero);
}
