import type { CaptureCounters } from './counters.ts';
import * as layer from './layers.ts';
import { CAPWAP, enterTunnel, GENEVE, GTP_U, L2TP, MPLS_IN_IP, TEREDO, VXLAN } from './tunnel.ts';
import type { PacketView } from './view.ts';

const L2TP_PORT = 1701;
const GTP_U_PORT = 2152;
const GRE_PORT = 4754;
const VXLAN_PORT = 4789;
const VXLAN_GPE_PORT = 4790;
const CAPWAP_DATA_PORT = 5247;
const GENEVE_PORT = 6081;
const MPLS_PORT = 6635;
/** Linux's default port for VXLAN. */
const VXLAN_LINUX_PORT = 8472;

/**
 * Encapsulations in UDP. A port alone proves nothing: the header must be valid for the protocol, and there must be an IP packet inside, otherwise the
 * datagram remains a datagram. Teredo peers choose their ports, so it is recognised by content alone.
 */
export function decodeUdpTunnel(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) return layer.DECODED;
  switch (view.destinationPort) {
    case VXLAN_PORT: case VXLAN_LINUX_PORT: return decodeVxlan(view, counters);
    case VXLAN_GPE_PORT: return decodeVxlanGpe(view, counters);
    case GENEVE_PORT: return decodeGeneve(view, counters);
    case GTP_U_PORT: return decodeGtp(view, counters);
    case L2TP_PORT: return decodeL2tp(view, counters);
    case CAPWAP_DATA_PORT: return decodeCapwap(view, counters);
    case GRE_PORT: return isGre(data, at) ? layer.GRE : layer.DECODED;
    case MPLS_PORT: return enterTunnel(view, MPLS_IN_IP, layer.MPLS, at, counters);
    default:
  }
  // The server port may be on either side.
  if (view.sourcePort === GTP_U_PORT) return decodeGtp(view, counters);
  if (view.sourcePort === L2TP_PORT) return decodeL2tp(view, counters);
  if (view.sourcePort === CAPWAP_DATA_PORT) return decodeCapwap(view, counters);
  const first = data[at]!;
  return first === 0 || first >> 4 === 6 ? decodeTeredo(view, counters) : layer.DECODED;
}

/** RFC 7348, section 5: the flag of a valid identifier; the other flags and the reserved bytes are ignored on receipt. */
function decodeVxlan(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at } = view;
  if ((data[at]! & 0x08) === 0) return layer.DECODED;
  return enterTunnel(view, VXLAN, layer.ETHERNET, at + 8, counters);
}

/** draft-ietf-nvo3-vxlan-gpe, section 3: version 0, the flags for identifier and next protocol. */
function decodeVxlanGpe(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at } = view;
  if ((data[at]! & 0xfc) !== 0x0c) return layer.DECODED;
  switch (data[at + 3]) {
    case 1: return enterTunnel(view, VXLAN, layer.IPV4, at + 8, counters);
    case 2: return enterTunnel(view, VXLAN, layer.IPV6, at + 8, counters);
    case 3: return enterTunnel(view, VXLAN, layer.ETHERNET, at + 8, counters);
    default: return layer.DECODED;
  }
}

/** RFC 8926, section 3.4: version 0, options in 4-byte words, an EtherType, a reserved byte of 0. */
function decodeGeneve(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (data[at]! >> 6 !== 0 || (data[at + 1]! & 0x3f) !== 0 || data[at + 7] !== 0) return layer.DECODED;
  const inner = at + 8 + (data[at]! & 0x3f) * 4;
  if (inner > end) return layer.DECODED;
  switch ((data[at + 2]! << 8) | data[at + 3]!) {
    case 0x0800: return enterTunnel(view, GENEVE, layer.IPV4, inner, counters);
    case 0x86dd: return enterTunnel(view, GENEVE, layer.IPV6, inner, counters);
    case 0x6558: return enterTunnel(view, GENEVE, layer.ETHERNET, inner, counters);
    case 0x8847: return enterTunnel(view, GENEVE, layer.MPLS, inner, counters);
    default: return layer.DECODED;
  }
}

const G_PDU = 0xff;

/** 3GPP TS 29.281, section 5: version 1, user plane, message type G-PDU, a valid length; then optional fields and extension headers. */
function decodeGtp(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  const flags = data[at]!;
  if ((flags & 0xf0) !== 0x30 || data[at + 1] !== G_PDU) return layer.DECODED;
  if (((data[at + 2]! << 8) | data[at + 3]!) !== end + view.payloadMissing - at - 8) return layer.DECODED;
  let inner = at + 8;
  if (flags & 0x07) {
    inner += 4;
    let next = flags & 0x04 && inner <= end ? data[inner - 1]! : 0;
    while (next !== 0) {
      const length = inner < end ? data[inner]! * 4 : 0;
      if (length === 0 || inner + length > end) return layer.DECODED;
      inner += length;
      next = data[inner - 1]!;
    }
  }
  if (inner >= end) return layer.DECODED;
  const version = data[inner]! >> 4;
  return version === 4 || version === 6 ? enterTunnel(view, GTP_U, layer.IP, inner, counters) : layer.DECODED;
}

/** RFC 2661, section 3.1: version 2 and a data message; length, sequence numbers and padding are present if flagged. */
function decodeL2tp(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  const flags = (data[at]! << 8) | data[at + 1]!;
  if ((flags & 0x800f) !== 0x0002) return layer.DECODED;
  let inner = at + 6;
  if (flags & 0x4000) inner += 2;
  if (flags & 0x0800) inner += 4;
  if (flags & 0x0200) inner += inner + 2 <= end ? 2 + ((data[inner]! << 8) | data[inner + 1]!) : 2;
  return inner < end ? enterTunnel(view, L2TP, layer.PPP, inner, counters) : layer.DECODED;
}

const IEEE_802_11 = 1;
/** Version bits of an 802.11 frame control, which are 0. */
const WLAN_VERSION = 0x03;

/**
 * RFC 5415, section 4.3: version 0 without DTLS, header length in 4-byte words, the wireless binding, and whether the frame is a native one; neither
 * a fragment nor a keep-alive. A native frame is an 802.11 frame (RFC 5416), whose frame control is byte-swapped by Cisco access points.
 */
function decodeCapwap(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  const length = (data[at + 1]! >> 3) * 4;
  const inner = at + length;
  if (data[at] !== 0 || length < 8 || (data[at + 3]! & 0x8f) !== 0 || inner + 14 > end) return layer.DECODED;
  if ((data[at + 2]! & 1) === 0) return enterTunnel(view, CAPWAP, layer.ETHERNET, inner, counters);
  if ((data[at + 2]! >> 1 & 0x1f) !== IEEE_802_11) return layer.DECODED;
  return enterTunnel(view, CAPWAP, (data[inner]! & WLAN_VERSION) === 0 ? layer.WLAN : layer.WLAN_SWAPPED, inner, counters);
}

const TEREDO_PORT = 3544;

/**
 * RFC 4380, section 5.1.1: authentication and origin indications, if any, then an IPv6 packet, which may be followed by trailers (RFC 6081). It has a
 * Teredo address or, on the server's port, possibly a link-local one (router solicitation and advertisement).
 */
function decodeTeredo(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  let inner = at;
  if (data[inner] === 0 && data[inner + 1] === 1) inner += 13 + data[inner + 2]! + data[inner + 3]!;
  if (inner + 8 <= end && data[inner] === 0 && data[inner + 1] === 0) inner += 8;
  if (inner + 40 > end || data[inner]! >> 4 !== 6) return layer.DECODED;
  if (((data[inner + 4]! << 8) | data[inner + 5]!) > end + view.payloadMissing - inner - 40) return layer.DECODED;
  const isServer = view.sourcePort === TEREDO_PORT || view.destinationPort === TEREDO_PORT;
  const isTeredo =
    isTeredoAddress(data, inner + 8) || isTeredoAddress(data, inner + 24) || (isServer && data[inner + 8] === 0xfe && data[inner + 9] === 0x80);
  return isTeredo ? enterTunnel(view, TEREDO, layer.IPV6, inner, counters) : layer.DECODED;
}

/** 2001:0::/32. */
function isTeredoAddress(data: Buffer, at: number): boolean {
  return data[at] === 0x20 && data[at + 1] === 0x01 && data[at + 2] === 0 && data[at + 3] === 0;
}

/** Version 0, with the bits that are reserved since RFC 2784 set to 0. */
function isGre(data: Buffer, at: number): boolean {
  return (data[at]! & 0x4f) === 0 && data[at + 1] === 0;
}
