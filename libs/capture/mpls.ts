import type { CaptureCounters } from './counters.ts';
import { isCommonEtherType, truncated } from './ether-type.ts';
import * as layer from './layers.ts';
import { enterTunnel, PSEUDOWIRE } from './tunnel.ts';
import type { PacketView } from './view.ts';

/**
 * A label stack (RFC 3032). Labels do not declare their content: the first four bits distinguish IP from a pseudowire (RFC 4928), and an Ethernet
 * pseudowire is preceded by a control word of zeros (RFC 4385) or by nothing.
 */
export function decodeMpls(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadEnd: end } = view;
  let at = view.payloadStart;
  let isBottom = false;
  while (!isBottom) {
    if (at + 4 > end) return truncated(counters);
    isBottom = (data[at + 2]! & 1) === 1;
    at += 4;
  }
  if (at >= end) return truncated(counters);
  view.payloadStart = at;
  const nibble = data[at]! >> 4;
  if (nibble === 4 && isIpv4At(data, at, end)) return layer.IPV4;
  if (nibble === 6 && !isEthernetAt(data, at, end)) return layer.IPV6;
  if (nibble === 0 && isEthernetAt(data, at + 4, end)) return enterTunnel(view, PSEUDOWIRE, layer.ETHERNET, at + 4, counters);
  if (isEthernetAt(data, at, end)) return enterTunnel(view, PSEUDOWIRE, layer.ETHERNET, at, counters);
  counters.count('link/mpls');
  return layer.FAILED;
}

/** A header length of at least five words; a MAC address that begins with 4 may look like that too, but not with an EtherType after it. */
function isIpv4At(data: Buffer, at: number, end: number): boolean {
  return (data[at]! & 0xf) >= 5 && !isEthernetAt(data, at, end);
}

function isEthernetAt(data: Buffer, at: number, end: number): boolean {
  return at + 14 <= end && isCommonEtherType((data[at + 12]! << 8) | data[at + 13]!);
}
