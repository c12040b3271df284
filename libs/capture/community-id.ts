import { hash } from 'node:crypto';
import { parseAddress } from './address.ts';
import { isOneWayIcmp, icmpCounterpart } from './icmp.ts';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from './protocols.ts';

export interface CommunityIdInput {
  /** IP protocol number. */
  readonly transport: number;
  /** Text, or 4 or 16 bytes. */
  readonly sourceIp: string | Uint8Array;
  readonly destinationIp: string | Uint8Array;
  /** Of ICMP and ICMPv6: type and code of the message. Ignored for a transport without ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * Community ID v1, `1:` and the base64 of a SHA-1; the same for both directions.
 * https://github.com/corelight/community-id-spec
 *
 * An ICMP message that asks or answers is mapped to the pair of the two types, so that both halves agree;
 * any other ICMP message is one-way: type and code stand for the ports and the direction is kept.
 * @throws TypeError when an address is none.
 */
export function communityId(input: CommunityIdInput, seed = 0): string {
  const { transport } = input;
  let low = addressBytes(input.sourceIp);
  let high = addressBytes(input.destinationIp);
  let lowPort = input.sourcePort;
  let highPort = input.destinationPort;
  let oneWay = false;
  if (transport === ICMP || transport === ICMPV6) {
    oneWay = isOneWayIcmp(transport, lowPort);
    if (!oneWay) highPort = icmpCounterpart(transport, lowPort);
  }
  const order = Buffer.compare(low, high);
  if (!oneWay && (order > 0 || (order === 0 && lowPort > highPort))) {
    [low, high] = [high, low];
    [lowPort, highPort] = [highPort, lowPort];
  }

  const hasPorts = transport === TCP || transport === UDP || transport === SCTP || transport === ICMP || transport === ICMPV6;
  let at = hashed.writeUInt16BE(seed, 0);
  hashed.set(low, at);
  hashed.set(high, at + low.length);
  at += low.length + high.length;
  at = hashed.writeUInt16BE(transport << 8, at);
  if (hasPorts) at = hashed.writeUInt16BE(highPort, hashed.writeUInt16BE(lowPort, at));
  return `1:${hash('sha1', hashed.subarray(0, at), 'base64')}`;
}

/** Seed, two addresses, protocol and padding, two ports: what is hashed is put together here. */
const hashed = Buffer.alloc(2 + 2 * 16 + 2 + 4);

function addressBytes(address: string | Uint8Array): Uint8Array {
  return typeof address === 'string' ? parseAddress(address) : address;
}
