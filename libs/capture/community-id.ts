import { hash } from 'node:crypto';
import { parseAddress } from './address.ts';
import { isOneWayIcmp, icmpCounterpart } from './icmp.ts';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from './protocols.ts';
import type { PacketView } from './view.ts';

export interface CommunityIdInput {
  /** IP protocol number. */
  readonly transport: number;
  /** Text, or 4 or 16 bytes. */
  readonly sourceIp: string | Uint8Array;
  readonly destinationIp: string | Uint8Array;
  /** For ICMP and ICMPv6, type and code of the message. Ignored for a transport without ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * Community ID v1, `1:` and the base64 of a SHA-1; the same for both directions.
 * https://github.com/corelight/community-id-spec
 *
 * The type of an ICMP request or response is mapped to the pair of both types, so that the two directions agree;
 * any other ICMP message is one-way: type and code take the place of the ports, and the direction is kept.
 * @throws TypeError if an address is invalid.
 */
export function communityId(input: CommunityIdInput, seed = 0): string {
  const source = addressBytes(input.sourceIp);
  const destination = addressBytes(input.destinationIp);
  return digest(input.transport, source, 0, source.length, input.sourcePort, destination, 0, destination.length, input.destinationPort, seed);
}

/** The Community ID of the packet in `view`, with seed 0. */
export function communityIdOf(view: PacketView): string {
  const { data, transport, addressLength } = view;
  const isIcmp = transport === ICMP || transport === ICMPV6;
  const sourcePort = isIcmp ? view.icmpType : view.sourcePort;
  const destinationPort = isIcmp ? view.icmpCode : view.destinationPort;
  return digest(transport, data, view.sourceAddress, addressLength, sourcePort, data, view.destinationAddress, addressLength, destinationPort, 0);
}

function digest(
  transport: number,
  source: Uint8Array, sourceStart: number, sourceLength: number, sourcePort: number,
  destination: Uint8Array, destinationStart: number, destinationLength: number, destinationPort: number,
  seed: number,
): string {
  let oneWay = false;
  if (transport === ICMP || transport === ICMPV6) {
    oneWay = isOneWayIcmp(transport, sourcePort);
    if (!oneWay) destinationPort = icmpCounterpart(transport, sourcePort);
  }
  let at = putWord(seed, 0);
  const order = compare(source, sourceStart, sourceLength, destination, destinationStart, destinationLength) || sourcePort - destinationPort;
  const sourceIsLow = oneWay || order <= 0;
  if (sourceIsLow) at = put(source, sourceStart, sourceLength, at);
  at = put(destination, destinationStart, destinationLength, at);
  if (!sourceIsLow) at = put(source, sourceStart, sourceLength, at);
  at = putWord(transport << 8, at);
  const hasPorts = transport === TCP || transport === UDP || transport === SCTP || transport === ICMP || transport === ICMPV6;
  if (hasPorts) at = putWord(sourceIsLow ? destinationPort : sourcePort, putWord(sourceIsLow ? sourcePort : destinationPort, at));
  // Joined in a buffer, since it is kept: a string that is joined from two keeps both.
  text.write(hash('sha1', (beginnings[at] ??= hashed.subarray(0, at)), 'base64'), version.length, 'latin1');
  return text.toString('latin1');
}

const version = '1:';
/** Length of a SHA-1 digest in base64. */
const digestLength = 28;
const text = Buffer.alloc(version.length + digestLength, version, 'latin1');

/** Buffer for the hash input: seed, two addresses, protocol and padding, two ports. */
const hashed = Buffer.alloc(2 + 2 * 16 + 2 + 4);
/** Its prefixes by length, of which there are few. */
const beginnings = Array<Buffer | undefined>(hashed.length + 1).fill(undefined);

function put(bytes: Uint8Array, start: number, length: number, at: number): number {
  for (let i = 0; i < length; i++) hashed[at + i] = bytes[start + i]!;
  return at + length;
}

function putWord(word: number, at: number): number {
  hashed[at] = word >> 8;
  hashed[at + 1] = word & 0xff;
  return at + 2;
}

function compare(left: Uint8Array, leftStart: number, leftLength: number, right: Uint8Array, rightStart: number, rightLength: number): number {
  const shared = Math.min(leftLength, rightLength);
  for (let i = 0; i < shared; i++) {
    const difference = left[leftStart + i]! - right[rightStart + i]!;
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

function addressBytes(address: string | Uint8Array): Uint8Array {
  return typeof address === 'string' ? parseAddress(address) : address;
}
