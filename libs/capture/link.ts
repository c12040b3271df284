import type { CaptureCounters } from './counters.ts';
import { decodeIp, decodeIpv4, decodeIpv6 } from './ip.ts';
import type { PacketView } from './view.ts';

const IPV4 = 0x0800;
const ARP = 0x0806;
const VLAN = 0x8100;
const IPV6 = 0x86dd;
const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const PPPOE_DISCOVERY = 0x8863;
const PPPOE_SESSION = 0x8864;
const QINQ = 0x88a8;
const QINQ_OLD = 0x9100;
/** Below it the field is the length of an IEEE 802.3 frame. */
const FIRST_ETHERTYPE = 0x0600;

export function decodeEthernet(view: PacketView, at: number, counters: CaptureCounters): boolean {
  if (at + 14 > view.start + view.capturedLength) return truncated(counters);
  return decodeEtherType(view, at + 12, counters);
}

/** Linux cooked capture v1: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html */
export function decodeCooked(view: PacketView, at: number, counters: CaptureCounters): boolean {
  if (at + 16 > view.start + view.capturedLength) return truncated(counters);
  return decodeEtherType(view, at + 14, counters);
}

/** Linux cooked capture v2: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
export function decodeCookedV2(view: PacketView, at: number, counters: CaptureCounters): boolean {
  const { data } = view;
  if (at + 20 > view.start + view.capturedLength) return truncated(counters);
  return decodeBehindEtherType(view, (data[at]! << 8) | data[at + 1]!, at + 20, counters);
}

/** Address, control and an EtherType: https://www.tcpdump.org/linktypes/LINKTYPE_C_HDLC.html */
export function decodeCiscoHdlc(view: PacketView, at: number, counters: CaptureCounters): boolean {
  if (at + 4 > view.start + view.capturedLength) return truncated(counters);
  return decodeEtherType(view, at + 2, counters);
}

/** BSD loopback: an address family in the byte order of the capturing host, or (LOOP) the network's; the version nibble settles it. */
export function decodeLoopback(view: PacketView, at: number, counters: CaptureCounters): boolean {
  const { data } = view;
  if (at + 4 > view.start + view.capturedLength) return truncated(counters);
  const family = data[at]! | data[at + 3]!;
  const isIp = family === 2 || family === 10 || family === 24 || family === 28 || family === 30;
  if (isIp) return decodeIp(view, at + 4, counters);
  counters.count('link/not_ip');
  return false;
}

/** The EtherType at `at`, behind it any number of VLAN tags. */
function decodeEtherType(view: PacketView, at: number, counters: CaptureCounters): boolean {
  const { data } = view;
  return decodeBehindEtherType(view, (data[at]! << 8) | data[at + 1]!, at + 2, counters);
}

function decodeBehindEtherType(view: PacketView, etherType: number, at: number, counters: CaptureCounters): boolean {
  const { data } = view;
  const end = view.start + view.capturedLength;
  while (etherType === VLAN || etherType === QINQ || etherType === QINQ_OLD) {
    if (at + 4 > end) return truncated(counters);
    etherType = (data[at + 2]! << 8) | data[at + 3]!;
    at += 4;
  }
  if (etherType === IPV4) return decodeIpv4(view, at, counters);
  if (etherType === IPV6) return decodeIpv6(view, at, counters);
  countOther(etherType, counters);
  return false;
}

function countOther(etherType: number, counters: CaptureCounters): void {
  if (etherType === ARP) counters.count('link/arp');
  else if (etherType < FIRST_ETHERTYPE) counters.count('link/802.3');
  else if (etherType === MPLS || etherType === MPLS_MULTICAST) counters.count('link/mpls');
  else if (etherType === PPPOE_SESSION || etherType === PPPOE_DISCOVERY) counters.count('link/pppoe');
  else counters.count('link/not_ip');
}

function truncated(counters: CaptureCounters): false {
  counters.count('link/truncated');
  return false;
}
