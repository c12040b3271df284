/** Position of a BER element (ITU-T X.690): where its value begins and ends. */
export interface BerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The element that begins at `position` and ends before `limit`, or null. Supports one-byte tags and definite lengths. */
export function berAt(bytes: Buffer, position: number, limit = bytes.length): BerElement | null {
  if (position + 2 > limit) return null;
  let length = bytes[position + 1]!;
  let start = position + 2;
  if (length >= 0x80) {
    const width = length & 0x7f;
    if (width === 0 || width > 4 || start + width > limit) return null;
    length = bytes.readUIntBE(start, width);
    start += width;
  }
  const end = start + length;
  return end <= limit ? { tag: bytes[position]!, start, end } : null;
}

/** The elements inside a constructed element, up to the first that does not fit. */
export function berChildren(bytes: Buffer, { start, end }: BerElement, most = 256): BerElement[] {
  const found: BerElement[] = [];
  for (let position = start; position < end && found.length < most;) {
    const element = berAt(bytes, position, end);
    if (element === null) break;
    found.push(element);
    position = element.end;
  }
  return found;
}

/** The element's value, as UTF-8. */
export function berText(bytes: Buffer, { start, end }: BerElement): string {
  return bytes.toString('utf8', start, end);
}
