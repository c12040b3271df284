/** Text of the address at `data[offset]`: dotted for 4 bytes, RFC 5952 for 16. */
export function formatAddress(data: Uint8Array, offset: number, length: 4 | 16): string {
  return length === 4 ? formatIpv4(data, offset) : formatIpv6(data, offset);
}

/** Recently seen IPv4 addresses: flows of one host then share one string, which is compared and looked up faster than equal ones. */
const texts = new Map<number, string>();
const mostTexts = 16_384;

function formatIpv4(data: Uint8Array, offset: number): string {
  const address = (data[offset]! << 24) | (data[offset + 1]! << 16) | (data[offset + 2]! << 8) | data[offset + 3]!;
  let text = texts.get(address);
  if (text === undefined) {
    if (texts.size >= mostTexts) texts.clear();
    texts.set(address, (text = `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`));
  }
  return text;
}

/** Recently seen hardware addresses: a segment has few, and each flow has two. */
const hardwareTexts = new Map<number, string>();

/** The six bytes at `data[offset]`, in hexadecimal. */
export function formatHardwareAddress(data: Buffer, offset: number): string {
  const address = data.readUIntBE(offset, 6);
  let text = hardwareTexts.get(address);
  if (text === undefined) {
    if (hardwareTexts.size >= mostTexts) hardwareTexts.clear();
    hardwareTexts.set(address, (text = data.toString('hex', offset, offset + 6)));
  }
  return text;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups compressed; IPv4-mapped addresses dotted. */
function formatIpv6(data: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let at = offset; at < offset + 16; at += 2) groups.push((data[at]! << 8) | data[at + 1]!);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return `::ffff:${formatAddress(data, offset + 12, 4)}`;

  let runStart = -1;
  let runLength = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > runLength) {
      runStart = at;
      runLength = end - at;
    }
    if (end > at) at = end;
  }
  const text = groups.map((group) => group.toString(16));
  if (runStart < 0) return text.join(':');
  return `${text.slice(0, runStart).join(':')}::${text.slice(runStart + runLength).join(':')}`;
}

/** Bytes of an address in text form: 4 or 16 of them. Throws a `TypeError` if it is not an address. */
export function parseAddress(text: string): Buffer {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Buffer {
  const parts = text.split('.');
  // Not with leading zeros, which some readers take as octal.
  if (parts.length !== 4 || parts.some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) throw notAnAddress();
  return Buffer.from(parts.map(Number));
}

function parseIpv6(text: string): Buffer {
  const halves = text.split('::');
  if (halves.length > 2) throw notAnAddress();
  // Only the end may be dotted (RFC 4291, section 2.2).
  if (halves.length === 2 && halves[0]!.includes('.')) throw notAnAddress();
  const head = groupBytes(halves[0]!);
  const tail = halves.length === 2 ? groupBytes(halves[1]!) : [];
  const zeros = 16 - head.length - tail.length;
  if (halves.length === 2 ? zeros < 2 : zeros !== 0) throw notAnAddress();
  return Buffer.from([...head, ...Array<number>(zeros).fill(0), ...tail]);
}

function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group, index, all) => {
    if (index === all.length - 1 && group.includes('.')) return [...parseIpv4(group)];
    if (!/^[0-9a-f]{1,4}$/i.test(group)) throw notAnAddress();
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function notAnAddress(): TypeError {
  return new TypeError('the text is not an IPv4 or IPv6 address');
}
