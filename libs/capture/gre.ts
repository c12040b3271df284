import type { CaptureCounters, CaptureReason } from './counters.ts';
import * as layer from './layers.ts';
import { enterTunnel, ERSPAN, GRE_TUNNEL } from './tunnel.ts';
import type { PacketView } from './view.ts';

/** Flags of the first two bytes: RFC 2784, RFC 2890; routing and offset RFC 1701; acknowledgement RFC 2637. */
const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGEMENT = 0x0080;
const VERSION = 0x0007;

/** Protocol types in addition to EtherTypes. */
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const ETHERNET = 0x6558;
const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const PPP = 0x880b;
const WCCP = 0x883e;
const ERSPAN_I_II = 0x88be;
const ERSPAN_III = 0x22eb;
/** Aruba access points number their tunnels of 802.11 frames 0x8200, 0x8210 … 0x8370, as in Wireshark. */
const FIRST_ARUBA = 0x8200;
const LAST_ARUBA = 0x8370;

/** GRE, and version 1 as used by PPTP. With another version, or an unreadable header, the packet is left as it is. */
export function decodeGre(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 4 > end) return stays(counters, 'gre/bad_header');
  const flags = (data[at]! << 8) | data[at + 1]!;
  const protocol = (data[at + 2]! << 8) | data[at + 3]!;
  const version = flags & VERSION;
  if (version === 1) return decodePptp(view, flags, protocol, counters);
  if (version !== 0) return stays(counters, 'gre/bad_header');

  let inner = at + 4;
  if (flags & (CHECKSUM | ROUTING)) inner += 4;
  if (flags & KEY) inner += 4;
  if (flags & SEQUENCE) inner += 4;
  if (flags & ROUTING) inner = behindRouting(data, inner, end);
  if (inner > end) return stays(counters, 'gre/bad_header');
  switch (protocol) {
    case IPV4: return enterTunnel(view, GRE_TUNNEL, layer.IPV4, inner, counters);
    case IPV6: return enterTunnel(view, GRE_TUNNEL, layer.IPV6, inner, counters);
    case ETHERNET: return enterTunnel(view, GRE_TUNNEL, layer.ETHERNET, inner, counters);
    case MPLS: case MPLS_MULTICAST: return enterTunnel(view, GRE_TUNNEL, layer.MPLS, inner, counters);
    case PPP: return enterTunnel(view, GRE_TUNNEL, layer.PPP, inner, counters);
    case WCCP: return enterTunnel(view, GRE_TUNNEL, layer.IPV4, behindRedirect(data, inner, end), counters);
    // Type I has neither a sequence number nor a header of its own: draft-foschiano-erspan-03, section 4.
    case ERSPAN_I_II: return enterTunnel(view, ERSPAN, layer.ETHERNET, flags & SEQUENCE ? inner + 8 : inner, counters);
    case ERSPAN_III: return decodeErspanIII(view, inner, counters);
    default:
      if (protocol >= FIRST_ARUBA && protocol <= LAST_ARUBA) return enterTunnel(view, GRE_TUNNEL, layer.WLAN, inner, counters);
      return stays(counters, 'gre/not_ip');
  }
}

/** RFC 2637, section 4.1: a key with length and call id, then PPP; without a sequence number it is only an acknowledgement. */
function decodePptp(view: PacketView, flags: number, protocol: number, counters: CaptureCounters): layer.Layer {
  if (protocol !== PPP || (flags & KEY) === 0) return stays(counters, 'gre/bad_header');
  if ((flags & SEQUENCE) === 0) return layer.DECODED;
  const inner = view.payloadStart + 12 + (flags & ACKNOWLEDGEMENT ? 4 : 0);
  if (inner > view.payloadEnd) return stays(counters, 'gre/bad_header');
  return enterTunnel(view, GRE_TUNNEL, layer.PPP, inner, counters);
}

/** Type III: 12 bytes, then 8 that depend on the platform if the last bit is set. The frame type distinguishes Ethernet from IP. */
function decodeErspanIII(view: PacketView, at: number, counters: CaptureCounters): layer.Layer {
  const { data, payloadEnd: end } = view;
  if (at + 12 > end) return stays(counters, 'gre/bad_header');
  const frameType = (data[at + 10]! >> 2) & 0x1f;
  const inner = at + 12 + (data[at + 11]! & 1) * 8;
  switch (frameType) {
    case 0: return enterTunnel(view, ERSPAN, layer.ETHERNET, inner, counters);
    case 2: return enterTunnel(view, ERSPAN, layer.IP, inner, counters);
    default: return stays(counters, 'gre/not_ip');
  }
}

/** Position after the source routes (RFC 1701): family, offset, length; one of length 0 ends them. */
function behindRouting(data: Buffer, at: number, end: number): number {
  while (at + 4 <= end) {
    const length = data[at + 3]!;
    at += 4 + length;
    if (length === 0) return at;
  }
  return end + 1;
}

/** WCCP version 2 inserts a four-byte redirect header before the packet, version 1 none. */
function behindRedirect(data: Buffer, at: number, end: number): number {
  return at < end && data[at]! >> 4 === 4 ? at : at + 4;
}

/** The packet remains a GRE packet between its endpoints. */
function stays(counters: CaptureCounters, reason: CaptureReason): layer.Layer {
  counters.count(reason);
  return layer.DECODED;
}
