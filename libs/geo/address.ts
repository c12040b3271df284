/**
 * IP addresses as unsigned 32-bit words: one for IPv4, four (most significant first) for IPv6.
 * Text forms are those of RFC 4291, section 2.2; a zone (`%eth0`) is ignored, an IPv4 part must be strictly dotted decimal.
 */

export type AddressFamily = 4 | 6;
/** One address: an IPv4 address uses only `words[0]`. */
export type AddressWords = Uint32Array;

/** Reads `text` into `words`. Returns the family, or 0 when `text` is no address (then `words` is undefined). */
export function parseAddress(text: string, words: AddressWords): AddressFamily | 0 {
  if (text.includes(':')) return parseIpv6(text, words) ? 6 : 0;
  const value = parseIpv4(text, 0, text.length);
  if (value < 0) return 0;
  words[0] = value;
  return 4;
}

/** Value of the dotted decimal in `text[start, end)`, or -1. Octets with a leading zero are refused: some readers take them as octal. */
function parseIpv4(text: string, start: number, end: number): number {
  let value = 0;
  let octets = 0;
  let at = start;
  while (at < end) {
    let octet = 0;
    const first = at;
    for (; at < end && isDigit(text.charCodeAt(at)); at += 1) octet = octet * 10 + text.charCodeAt(at) - 48;
    const digits = at - first;
    if (digits === 0 || digits > 3 || octet > 255 || (digits > 1 && text.charCodeAt(first) === 48)) return -1;
    value = value * 256 + octet;
    octets += 1;
    if (octets === 4) return at === end ? value : -1;
    if (text.charCodeAt(at) !== 46) return -1;
    at += 1;
  }
  return -1;
}

/** Scratch space of {@link parseIpv6}, which is never interrupted. */
const groups = new Uint16Array(8);

function parseIpv6(text: string, words: AddressWords): boolean {
  const zone = text.indexOf('%');
  const end = zone < 0 ? text.length : zone;
  groups.fill(0);
  let count = 0;
  let gap = -1; // Number of groups before '::'.
  let at = 0;
  if (text.startsWith('::')) { gap = 0; at = 2; } else if (text.charCodeAt(0) === 58) return false;
  while (at < end) {
    let group = 0;
    const first = at;
    for (let digit; at < end && at - first < 5 && (digit = hexDigit(text.charCodeAt(at))) >= 0; at += 1) group = group * 16 + digit;
    if (text.charCodeAt(at) === 46 && count <= 6) {
      const ipv4 = parseIpv4(text, first, end);
      if (ipv4 < 0) return false;
      groups[count] = ipv4 >>> 16;
      groups[count + 1] = ipv4 & 0xffff;
      count += 2;
      at = end;
      break;
    }
    if (at === first || at - first > 4 || count === 8) return false;
    groups[count] = group;
    count += 1;
    if (at === end) break;
    if (text.charCodeAt(at) !== 58) return false;
    at += 1;
    if (text.charCodeAt(at) === 58 && at < end) {
      if (gap >= 0) return false;
      gap = count;
      at += 1;
    } else if (at === end) return false;
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  for (let i = 0; i < 4; i += 1) words[i] = groups[2 * i]! * 0x10000 + groups[2 * i + 1]!;
  return true;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function hexDigit(code: number): number {
  if (isDigit(code)) return code - 48;
  const letter = code | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The address in `words` as text; IPv6 in full, without `::`. */
export function formatAddress(family: AddressFamily, words: AddressWords): string {
  if (family === 4) {
    const value = words[0]!;
    return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
  }
  return Array.from(words.subarray(0, 4), (word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(':');
}

/** Compares two IPv6 addresses, each four words of its array from the given index, as for sorting. */
export function compareIpv6(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  for (let i = 0; i < 4; i += 1) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
