/** Text has no control characters but white space and ESC, and not many bytes beyond ASCII unless they are UTF-8. */
export function isText(bytes: Buffer): boolean {
  if (hasControls(bytes)) return false;
  let high = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) high++;
  return high <= bytes.length * 0.3 || !bytes.toString('utf8').includes('\ufffd');
}

/** Has it bytes that text has not? */
export function hasControls(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 ? byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x1b : byte === 0x7f) return true;
  }
  return false;
}
