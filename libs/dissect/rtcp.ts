/** A sender's description of itself, in clear (RFC 3550, section 6.5). */
export interface SourceDescription {
  readonly name: 'cname' | 'name' | 'email' | 'phone' | 'location';
  readonly value: string;
}

const descriptions: Record<number, SourceDescription['name'] | undefined> = { 1: 'cname', 2: 'name', 3: 'email', 4: 'phone', 5: 'location' };
const SDES = 202;
/** How many descriptions of a packet are read, from the first on. */
const maxDescriptions = 16;

/** The descriptions in a compound RTCP packet. An encrypted one (RFC 3711, section 3.4) contains nothing that looks like text. */
export function sourceDescriptions(packet: Buffer): SourceDescription[] {
  const found: SourceDescription[] = [];
  for (let at = 0; at + 4 <= packet.length && packet[at]! >> 6 === 2;) {
    const end = at + 4 * (packet.readUInt16BE(at + 2) + 1);
    if (end > packet.length) break;
    if (packet[at + 1] === SDES) readChunks(packet, at + 4, end, found);
    at = end;
  }
  return found;
}

/** Chunks: a source, then items of type, length and text up to a zero, padded to four bytes. */
function readChunks(packet: Buffer, start: number, end: number, found: SourceDescription[]): void {
  for (let chunk = start; chunk + 8 <= end;) {
    let at = chunk + 4;
    while (at + 2 <= end && packet[at] !== 0) {
      const textEnd = at + 2 + packet[at + 1]!;
      const name = descriptions[packet[at]!];
      if (textEnd > end) return;
      const value = packet.toString('utf8', at + 2, textEnd);
      if (name !== undefined && value !== '' && found.length < maxDescriptions && !/[\p{Cc}\ufffd]/u.test(value)) found.push({ name, value });
      at = textEnd;
    }
    chunk += ((at - chunk) & ~3) + 4;
  }
}
