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
  const bytes = Buffer.alloc(2 + low.length + high.length + 2 + (hasPorts ? 4 : 0));
  let at = bytes.writeUInt16BE(seed, 0);
  bytes.set(low, at);
  bytes.set(high, at + low.length);
  at += low.length + high.length;
  bytes[at] = transport;
  if (hasPorts) bytes.writeUInt16BE(highPort, bytes.writeUInt16BE(lowPort, at + 2));
  return `1:${hash('sha1', bytes, 'base64')}`;
}

function addressBytes(address: string | Uint8Array): Uint8Array {
  return typeof address === 'string' ? parseAddress(address) : address;
}
