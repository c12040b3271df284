/** Control characters other than white space and ESC. */
const isControl = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte < 0x20 ? ![0x09, 0x0a, 0x0d, 0x1b].includes(byte) : byte === 0x7f));

/** Text has no control characters but white space and ESC, and not many bytes beyond ASCII unless they are UTF-8. */
export function isText(bytes: Buffer): boolean {
  let high = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (isControl[bytes[i]!] === 1) return false;
    if (bytes[i]! >= 0x80) high++;
  }
  return high <= bytes.length * 0.3 || !bytes.toString('utf8').includes('\ufffd');
}

/** Has it bytes that text has not? */
export function hasControls(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (isControl[bytes[i]!] === 1) return true;
  return false;
}

/** Text that is filled up with zeros to the length of its field. */
export function paddedText(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\0+$/, '');
}
