import type { CaptureCounters } from './counters.ts';
import { decodeIp, decodeIpv4, decodeIpv6 } from './ip.ts';
import { decodeCiscoHdlc, decodeCooked, decodeCookedV2, decodeEthernet, decodeLoopback } from './link.ts';
import type { PacketView } from './view.ts';

/** https://www.tcpdump.org/linktypes.html */
const NULL = 0;
const ETHERNET = 1;
const RAW_DLT = 12;
const RAW_OPENBSD = 14;
const RAW = 101;
const CISCO_HDLC = 104;
const LOOP = 108;
const LINUX_SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const LINUX_SLL2 = 276;

/**
 * Link layer, IP and transport of the packet in `view`, in place. Allocates nothing and never throws.
 * False: it is not IP, or is malformed; counted by layer and reason.
 */
export function decodePacket(view: PacketView, counters: CaptureCounters): boolean {
  view.ipVersion = 0;
  view.packets = 1;
  view.sourcePort = 0;
  view.destinationPort = 0;
  view.payloadMissing = 0;
  view.isFragment = false;
  if (!decodeLink(view, counters)) return false;
  counters.decoded++;
  return true;
}

function decodeLink(view: PacketView, counters: CaptureCounters): boolean {
  const at = view.start;
  switch (view.linkType) {
    case ETHERNET:
      return decodeEthernet(view, at, counters);
    case RAW:
    case RAW_DLT:
    case RAW_OPENBSD:
      return decodeIp(view, at, counters);
    case IPV4:
      return decodeIpv4(view, at, counters);
    case IPV6:
      return decodeIpv6(view, at, counters);
    case LINUX_SLL:
      return decodeCooked(view, at, counters);
    case LINUX_SLL2:
      return decodeCookedV2(view, at, counters);
    case CISCO_HDLC:
      return decodeCiscoHdlc(view, at, counters);
    case NULL:
    case LOOP:
      return decodeLoopback(view, at, counters);
    default:
      counters.count('link/unsupported');
      return false;
  }
}
