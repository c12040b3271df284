/** Text of the IPv4 (4 bytes) or IPv6 (16 bytes) address at `start`, IPv6 in the form of RFC 5952; '' for any other length. */
export function formatIp(bytes: Buffer, start: number, length: number): string {
  if (start + length > bytes.length) return '';
  if (length === 4) return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`;
  return length === 16 ? formatIpv6(bytes, start) : '';
}

/** Whether a text has the form of an IPv4 address. */
export function readsLikeIpv4(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);
}

/** Text of the six-byte hardware address at `start`: `3c:15:c2:9a:01:fe`. */
export function formatMac(bytes: Buffer, start: number): string {
  return bytes.toString('hex', start, start + 6).replace(/..(?!$)/g, '$&:');
}

function formatIpv6(bytes: Buffer, start: number): string {
  let [runStart, runLength] = [-1, 1];
  for (let group = 0; group < 8; group++) {
    let length = 0;
    while (group + length < 8 && bytes.readUInt16BE(start + 2 * (group + length)) === 0) length++;
    if (length > runLength) [runStart, runLength] = [group, length];
    group += length;
  }
  if (runStart === 0 && runLength === 5 && bytes.readUInt16BE(start + 10) === 0xffff) return `::ffff:${formatIp(bytes, start + 12, 4)}`;
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === runStart) {
      text += '::';
      group += runLength - 1;
    } else {
      if (text !== '' && !text.endsWith(':')) text += ':';
      text += bytes.readUInt16BE(start + 2 * group).toString(16);
    }
  }
  return text;
}
