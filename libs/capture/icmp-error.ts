import { ICMP, ICMPV6 } from './protocols.ts';
import type { PacketView } from './view.ts';

/** RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. RFC 4443, section 2.1: below 128. */
export function isIcmpError(view: PacketView): boolean {
  const { transport, icmpType } = view;
  if (transport === ICMP) return icmpType === 3 || icmpType === 4 || icmpType === 5 || icmpType === 11 || icmpType === 12;
  return transport === ICMPV6 && icmpType < 128;
}

/**
 * Reads addresses and ports of the packet that the ICMP error in `view` quotes into `quoted`. Errors quote at least the IP header and 8 bytes
 * (RFC 792); the quote may end anywhere after that. IPv6 extension headers are not followed.
 */
export function decodeQuoted(view: PacketView, quoted: PacketView): boolean {
  const { data, payloadStart: at, payloadEnd: end } = view;
  const isIpv6 = view.transport === ICMPV6;
  if (at + (isIpv6 ? 44 : 24) > end || data[at]! >> 4 !== (isIpv6 ? 6 : 4)) return false;
  const ports = isIpv6 ? at + 40 : at + (data[at]! & 0xf) * 4;
  if (ports + 4 > end) return false;
  quoted.data = data;
  quoted.ipVersion = isIpv6 ? 6 : 4;
  quoted.sourceAddress = at + (isIpv6 ? 8 : 12);
  quoted.destinationAddress = at + (isIpv6 ? 24 : 16);
  quoted.transport = isIpv6 ? data[at + 6]! : data[at + 9]!;
  quoted.sourcePort = (data[ports]! << 8) | data[ports + 1]!;
  quoted.destinationPort = (data[ports + 2]! << 8) | data[ports + 3]!;
  quoted.icmpType = data[ports]!;
  quoted.icmpCode = data[ports + 1]!;
  return true;
}
