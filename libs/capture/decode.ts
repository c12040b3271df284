import type { CaptureCounters } from './counters.ts';
import { decodeEthernet, decodeIeee1394, decodeLlc } from './ethernet.ts';
import { decodeGre } from './gre.ts';
import { decodeCooked, decodeCookedV2, decodeLoopback, decodeNflog, decodePflog, decodePktap, decodePpi } from './host-links.ts';
import { decodeIp, decodeIpPayload, decodeIpv4, decodeIpv6 } from './ip.ts';
import * as layer from './layers.ts';
import { layerOfLinkType } from './link-types.ts';
import { decodeMpls } from './mpls.ts';
import { decodeCiscoHdlc, decodePpp, decodePppoe, decodePppWithDirection } from './ppp.ts';
import { decodeTransport } from './transport.ts';
import { leaveTunnel } from './tunnel.ts';
import { decodeUdpTunnel } from './udp-tunnels.ts';
import type { PacketView } from './view.ts';
import { decodePrism, decodeRadiotap, decodeSwappedWlan, decodeWlan } from './wlan.ts';

/**
 * Decodes link layer, encapsulations, IP and transport of the packet in `view`, in place. Allocates nothing and never throws.
 * The view then describes the innermost IP packet or, if that cannot be used, the one around it.
 * False if it is not IP, or malformed, which is counted by layer and reason.
 */
export function decodePacket(view: PacketView, counters: CaptureCounters): boolean {
  view.ipVersion = 0;
  view.packets = 1;
  view.payloadStart = view.start;
  view.payloadEnd = view.start + view.capturedLength;
  view.payloadMissing = Math.max(0, view.wireLength - view.capturedLength);
  view.isFragment = false;
  view.tunnel = 0;
  view.outerAddressLength = 0;
  view.enclosing.ipVersion = 0;
  if (!decodeLayers(view, layerOfLinkType(view.linkType, counters), counters)) return false;
  counters.decoded++;
  return true;
}

/** Decodes what follows the IP header of a datagram reassembled from fragments. */
export function decodeDatagram(view: PacketView, counters: CaptureCounters): boolean {
  view.isFragment = false;
  view.enclosing.ipVersion = 0;
  return decodeLayers(view, layer.IP_PAYLOAD, counters);
}

function decodeLayers(view: PacketView, first: layer.Layer, counters: CaptureCounters): boolean {
  let next = first;
  for (;;) {
    switch (next) {
      case layer.DECODED: return true;
      case layer.FAILED: return leaveTunnel(view, counters);
      case layer.ETHERNET: next = decodeEthernet(view, counters); break;
      case layer.IP: next = decodeIp(view, counters); break;
      case layer.IPV4: next = decodeIpv4(view, counters); break;
      case layer.IPV6: next = decodeIpv6(view, counters); break;
      case layer.IP_PAYLOAD: next = decodeIpPayload(view, counters); break;
      case layer.TRANSPORT: next = decodeTransport(view, counters); break;
      case layer.UDP_PAYLOAD: next = decodeUdpTunnel(view, counters); break;
      case layer.LLC: next = decodeLlc(view, counters); break;
      case layer.MPLS: next = decodeMpls(view, counters); break;
      case layer.PPP: next = decodePpp(view, counters); break;
      case layer.PPP_WITH_DIRECTION: next = decodePppWithDirection(view, counters); break;
      case layer.PPPOE: next = decodePppoe(view, counters); break;
      case layer.CISCO_HDLC: next = decodeCiscoHdlc(view, counters); break;
      case layer.LOOPBACK: next = decodeLoopback(view, counters); break;
      case layer.COOKED: next = decodeCooked(view, counters); break;
      case layer.COOKED_V2: next = decodeCookedV2(view, counters); break;
      case layer.WLAN: next = decodeWlan(view, counters); break;
      case layer.WLAN_SWAPPED: next = decodeSwappedWlan(view, counters); break;
      case layer.RADIOTAP: next = decodeRadiotap(view, counters); break;
      case layer.PRISM: next = decodePrism(view, counters); break;
      case layer.NFLOG: next = decodeNflog(view, counters); break;
      case layer.PKTAP: next = decodePktap(view, counters); break;
      case layer.PPI: next = decodePpi(view, counters); break;
      case layer.PFLOG: next = decodePflog(view, counters); break;
      case layer.IEEE1394: next = decodeIeee1394(view, counters); break;
      case layer.GRE: next = decodeGre(view, counters); break;
      default: throw new RangeError(`there is no decoder for layer ${next}`);
    }
  }
}
