import { formatIp } from './address.ts';
import { FieldList } from './fieldlist.ts';
import { HopList } from './hops.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';
import { ByteReader } from './reader.ts';
import { tbcdDigits } from './tbcd.ts';

/** GTP-C versions 1 (3GPP TS 29.060) and 2 (TS 29.274): signalling between nodes of a mobile network, which identifies subscriber and device. */
export const gtp: DatagramProtocol = {
  name: 'gtp',
  recognise: recogniseGtp,
  read(payload, context, environment): Message {
    const message = createMessage('gtp', cleartext, context);
    const fields = new FieldList(message, environment);
    const hops = new HopList();
    const isSound = visitElements(payload, (type, version, value) => {
      addAddress(hops, type, version, value);
      const known = (version === 1 ? elements1 : elements2)[type];
      if (known !== undefined) fields.add(`gtp.${known.name}`, `gtp_${known.name}`, tbcdDigits(value.subarray(known.skip)), 'tbcd');
    });
    if (!isSound) environment.counters.add('gtp', 'malformed element');
    if (hops.texts.length > 0) message.facts['telltale.flow.hops'] = hops.texts;
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'GTP-C' };

const PORT = 2123;
/** User data, which is not signalling. */
const G_PDU = 255;

interface Element {
  readonly name: 'imsi' | 'msisdn' | 'mei';
  /** Bytes before the digits. */
  readonly skip: number;
}

/** TS 29.060, section 7.7: in the MSISDN, a byte for the nature of address precedes the digits. */
const elements1: Record<number, Element | undefined> = {
  2: { name: 'imsi', skip: 0 },
  134: { name: 'msisdn', skip: 1 },
  154: { name: 'mei', skip: 0 },
};
/** TS 29.274, section 8.1. */
const elements2: Record<number, Element | undefined> = {
  1: { name: 'imsi', skip: 0 },
  75: { name: 'mei', skip: 0 },
  76: { name: 'msisdn', skip: 0 },
};

/** Lengths of those elements of version 1 that have no length field (TS 29.060, table 37). */
const fixedLengths: Record<number, number | undefined> = {
  1: 1, 2: 8, 3: 6, 4: 4, 5: 4, 8: 1, 9: 28, 11: 1, 12: 3, 13: 1, 14: 1, 15: 1, 16: 4, 17: 4, 18: 5, 19: 1, 20: 1, 21: 1, 22: 9, 23: 1, 24: 1, 25: 2,
  26: 2, 27: 2, 28: 2, 29: 1, 117: 1, 118: 1, 119: 5, 126: 1, 127: 4,
};

const END_USER_ADDRESS = 128;
const GSN_ADDRESS = 133;
const PDN_ADDRESS_ALLOCATION = 79;
const F_TEID = 87;

/**
 * Addresses of nodes on the path of the subscriber's traffic: GSN address (TS 29.060, section 7.7.32), F-TEID (TS 29.274, section 8.22). The
 * address assigned to the subscriber is personal: end user address (TS 29.060, section 7.7.27), PDN address allocation (TS 29.274, section 8.14).
 */
function addAddress(hops: HopList, type: number, version: number, value: Buffer): void {
  if (version === 1 && type === GSN_ADDRESS) hops.add('gtp-node', formatIp(value, 0, value.length));
  else if (version === 1 && type === END_USER_ADDRESS) hops.addPerson('gtp-subscriber', formatIp(value, 2, value.length - 2));
  else if (version === 2 && type === PDN_ADDRESS_ALLOCATION) addAllocation(hops, value);
  else if (version === 2 && type === F_TEID) addEndpoint(hops, value);
}

/** A type, then an IPv4 address, or a prefix length and an IPv6 address, which for type 3 is followed by an IPv4 address. */
function addAllocation(hops: HopList, value: Buffer): void {
  const type = value[0]! & 0x07;
  if (type === 1) hops.addPerson('gtp-subscriber', formatIp(value, 1, 4));
  if (type === 2 || type === 3) hops.addPerson('gtp-subscriber', formatIp(value, 2, 16));
  if (type === 3) hops.addPerson('gtp-subscriber', formatIp(value, 18, 4));
}

/** Flags and interface, a TEID, then an IPv4 address, an IPv6 address, or both. */
function addEndpoint(hops: HopList, value: Buffer): void {
  if (value.length < 9) return;
  const hasIpv4 = (value[0]! & 0x80) !== 0;
  const ipv6At = hasIpv4 ? 9 : 5;
  if (hasIpv4) hops.add('gtp-node', formatIp(value, 5, 4));
  if ((value[0]! & 0x40) !== 0) hops.add('gtp-node', formatIp(value, ipv6At, value.length - ipv6At));
}

/** On GTP's own port the header has to be valid; on other ports the elements must also fill the message exactly. */
function recogniseGtp(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  const first = payload[0]!;
  const version = first >> 5;
  if (payload.length < 8 || (version !== 1 && version !== 2)) return false;
  if (version === 1 ? (first & 0x18) !== 0x10 || payload[1] === G_PDU : (first & 0x03) !== 0) return false;
  const end = payload.readUInt16BE(2) + (version === 1 ? 8 : 4);
  const isPiggybacked = version === 2 && (first & 0x10) !== 0;
  if (isPiggybacked ? end > payload.length : end !== payload.length) return false;
  if (payload[1] === 0) return false;
  // Sequence number, N-PDU number and next extension type are all present if any of them is flagged (TS 29.060, section 6).
  if (version === 1 && (first & 0x07) !== 0 && payload.length < 12) return false;
  if (sourcePort === PORT || destinationPort === PORT) return true;
  let count = 0;
  return visitElements(payload, () => count++) && count >= 2;
}

/** Visits the information elements of the message, and of a piggybacked one; false if they do not fit. */
function visitElements(payload: Buffer, visit: (type: number, version: number, value: Buffer) => void): boolean {
  const first = payload[0]!;
  if (first >> 5 === 1) return visit1(new ByteReader(payload, (first & 0x07) === 0 ? 8 : 12), first, visit);
  const end = 4 + payload.readUInt16BE(2);
  const behind = payload.subarray(end);
  return (
    visit2(new ByteReader(payload.subarray(0, end), (first & 0x08) === 0 ? 8 : 12), visit) &&
    ((first & 0x10) === 0 ||
      (behind.length >= 8 && behind[0]! >> 5 === 2 && visit2(new ByteReader(behind, (behind[0]! & 0x08) === 0 ? 8 : 12), visit)))
  );
}

function visit1(reader: ByteReader, flags: number, visit: (type: number, version: number, value: Buffer) => void): boolean {
  // Extension headers: length in units of four bytes, content, and the type of the next (TS 29.060, section 6.1).
  let next = (flags & 0x04) === 0 ? 0 : reader.bytes[11] ?? 0;
  while (next !== 0 && !reader.failed) {
    const length = 4 * reader.u8();
    if (length === 0) return false;
    const content = reader.take(length - 1).rest();
    next = content[content.length - 1] ?? 0;
  }
  while (reader.left > 0 && !reader.failed) {
    const type = reader.u8();
    const length = type < 128 ? fixedLengths[type] : reader.u16();
    if (length === undefined) return false;
    const value = reader.take(length).rest();
    if (!reader.failed) visit(type, 1, value);
  }
  return !reader.failed;
}

function visit2(reader: ByteReader, visit: (type: number, version: number, value: Buffer) => void): boolean {
  while (reader.left > 0 && !reader.failed) {
    const type = reader.u8();
    const length = reader.u16();
    reader.u8();
    const value = reader.take(length).rest();
    if (!reader.failed) visit(type, 2, value);
  }
  return !reader.failed;
}
