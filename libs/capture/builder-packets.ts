import { parseAddress } from './address.ts';
import { TCP, UDP } from './protocols.ts';

const FRAGMENT_HEADER = 44;

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

export interface TcpSegment {
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** A TCP segment (RFC 9293) with its checksum. */
export function tcpSegment(from: Endpoint, to: Endpoint, segment: TcpSegment): Buffer {
  const bytes = Buffer.alloc(20 + segment.payload.length);
  bytes.writeUInt16BE(from.port, 0);
  bytes.writeUInt16BE(to.port, 2);
  bytes.writeUInt32BE(segment.sequence >>> 0, 4);
  bytes.writeUInt32BE(segment.acknowledgement >>> 0, 8);
  bytes[12] = 5 << 4;
  bytes[13] = segment.flags;
  bytes.writeUInt16BE(65_535, 14);
  segment.payload.copy(bytes, 20);
  bytes.writeUInt16BE(transportChecksum(from.ip, to.ip, TCP, bytes), 16);
  return bytes;
}

/** A UDP datagram (RFC 768) with its checksum. */
export function udpDatagram(from: Endpoint, to: Endpoint, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(8 + payload.length);
  bytes.writeUInt16BE(from.port, 0);
  bytes.writeUInt16BE(to.port, 2);
  bytes.writeUInt16BE(bytes.length, 4);
  payload.copy(bytes, 8);
  // 0 means "no checksum", so a checksum of 0 is sent as 0xffff.
  bytes.writeUInt16BE(transportChecksum(from.ip, to.ip, UDP, bytes) || 0xffff, 6);
  return bytes;
}

/** One IP packet, or its fragments of at most `mtu` bytes each. */
export function ipPackets(sourceIp: string, destinationIp: string, transport: number, payload: Buffer, id: number, mtu: number): Buffer[] {
  const source = parseAddress(sourceIp);
  const destination = parseAddress(destinationIp);
  const isIpv4 = source.length === 4;
  if (payload.length + (isIpv4 ? 20 : 40) <= mtu) {
    return [isIpv4 ? ipv4(source, destination, transport, payload, id, 0) : ipv6(source, destination, transport, payload)];
  }
  const packets: Buffer[] = [];
  const room = (mtu - (isIpv4 ? 20 : 48)) & ~7;
  for (let offset = 0; offset < payload.length; offset += room) {
    const part = payload.subarray(offset, offset + room);
    const more = offset + room < payload.length ? 1 : 0;
    if (isIpv4) packets.push(ipv4(source, destination, transport, part, id, (more << 13) | (offset >> 3)));
    else packets.push(ipv6(source, destination, FRAGMENT_HEADER, Buffer.concat([fragmentHeader(transport, offset | more, id), part])));
  }
  return packets;
}

function ipv4(source: Buffer, destination: Buffer, transport: number, payload: Buffer, id: number, fragment: number): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(id & 0xffff, 4);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = transport;
  source.copy(header, 12);
  destination.copy(header, 16);
  header.writeUInt16BE(checksum([header]), 10);
  return Buffer.concat([header, payload]);
}

function ipv6(source: Buffer, destination: Buffer, nextHeader: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(payload.length, 4);
  header[6] = nextHeader;
  header[7] = 64;
  source.copy(header, 8);
  destination.copy(header, 24);
  return Buffer.concat([header, payload]);
}

/** RFC 8200, section 4.5. */
function fragmentHeader(nextHeader: number, offsetAndMore: number, id: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = nextHeader;
  header.writeUInt16BE(offsetAndMore, 2);
  header.writeUInt32BE(id, 4);
  return header;
}

/** Checksum over pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1) and segment, whose checksum field is still 0. */
function transportChecksum(sourceIp: string, destinationIp: string, transport: number, segment: Buffer): number {
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(segment.length, 0);
  pseudo[7] = transport;
  return checksum([parseAddress(sourceIp), parseAddress(destinationIp), pseudo, segment]);
}

/** Text as UTF-8. */
export function toBuffer(data: Buffer | string): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

/** RFC 1071, over parts of even length, except that the last may be odd. */
function checksum(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at + 1 < part.length; at += 2) sum += part.readUInt16BE(at);
    if (part.length % 2 === 1) sum += part.at(-1)! << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
