import type { CaptureCounters, CaptureReason } from './counters.ts';
import * as layer from './layers.ts';
import type { PacketView } from './view.ts';

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;
/** Hop-by-hop options. */
const PAD_1 = 0;
const JUMBO_PAYLOAD = 0xc2;
/** Longest payload without that option. */
const MAX_PAYLOAD = 0xffff;

/** IPv4 or IPv6, according to the version. */
export function decodeIp(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart < view.payloadEnd && view.data[view.payloadStart]! >> 4 === 6) return decodeIpv6(view, counters);
  return decodeIpv4(view, counters);
}

/** RFC 791. */
export function decodeIpv4(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 20 > end) return fail(counters, 'ipv4/truncated');
  if (data[at]! >> 4 !== 4) return fail(counters, 'ipv4/bad_version');
  const headerLength = (data[at]! & 0xf) * 4;
  // On a host with segmentation offload, a capture sees packets before their length is set.
  const totalLength = (data[at + 2]! << 8) | data[at + 3]! || end + view.payloadMissing - at;
  if (headerLength < 20 || headerLength > totalLength) return fail(counters, 'ipv4/bad_header_length');
  if (at + headerLength > end) return fail(counters, 'ipv4/truncated');

  view.ipVersion = 4;
  view.ipLength = totalLength;
  view.sourceAddress = at + 12;
  view.destinationAddress = at + 16;
  view.transport = data[at + 9]!;
  view.sourcePort = 0;
  view.destinationPort = 0;
  view.payloadStart = at + headerLength;
  if (setPayloadEnd(view, at + totalLength)) counters.count('ipv4/snapped');

  const fragment = (data[at + 6]! << 8) | data[at + 7]!;
  if ((fragment & 0x3fff) === 0) return layer.TRANSPORT;
  setFragment(view, (data[at + 4]! << 8) | data[at + 5]!, (fragment & 0x1fff) * 8, (fragment & 0x2000) !== 0);
  return layer.DECODED;
}

/** RFC 8200. */
export function decodeIpv6(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 40 > end) return fail(counters, 'ipv6/truncated');
  if (data[at]! >> 4 !== 6) return fail(counters, 'ipv6/bad_version');
  const nextHeader = data[at + 6]!;
  let payloadLength = (data[at + 4]! << 8) | data[at + 5]!;
  const onWire = end + view.payloadMissing - at - 40;
  if (payloadLength === 0 && nextHeader === HOP_BY_HOP) payloadLength = Math.min(onWire, jumboLength(data, at + 40, end));
  // Otherwise a length of 0 means that the packet was captured before segmentation offload.
  if (payloadLength === 0) payloadLength = onWire;

  view.ipVersion = 6;
  view.ipLength = 40 + payloadLength;
  view.sourceAddress = at + 8;
  view.destinationAddress = at + 24;
  view.transport = nextHeader;
  view.sourcePort = 0;
  view.destinationPort = 0;
  view.payloadStart = at + 40;
  if (setPayloadEnd(view, at + 40 + payloadLength)) counters.count('ipv6/snapped');
  return decodeExtensionHeaders(view, counters);
}

/** What follows IP header and fragment header: `view.transport` at `view.payloadStart`. */
export function decodeIpPayload(view: PacketView, counters: CaptureCounters): layer.Layer {
  return view.ipVersion === 6 ? decodeExtensionHeaders(view, counters) : layer.TRANSPORT;
}

/**
 * RFC 2675: the length of a packet above 65,535 bytes, from the hop-by-hop options at `at`; 0 if they have none, or a shorter one (section 3). The
 * caller believes no more than was on the wire: a few bytes would count as 4 GB.
 */
function jumboLength(data: Buffer, at: number, end: number): number {
  if (at + 8 > end) return 0;
  const optionsEnd = Math.min(end, at + (data[at + 1]! + 1) * 8);
  for (let option = at + 2; option + 2 <= optionsEnd; option += data[option] === PAD_1 ? 1 : 2 + data[option + 1]!) {
    if (data[option] === JUMBO_PAYLOAD && data[option + 1] === 4 && option + 6 <= optionsEnd) {
      const length = readUint32(data, option + 2);
      return length > MAX_PAYLOAD ? length : 0;
    }
  }
  return 0;
}

/** Walks the extension headers. Each is at least 8 bytes long, so the walk ends with the packet. */
function decodeExtensionHeaders(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadEnd: end } = view;
  let nextHeader = view.transport;
  let at = view.payloadStart;
  for (;;) {
    view.transport = nextHeader;
    view.payloadStart = at;
    switch (nextHeader) {
      case HOP_BY_HOP: case ROUTING: case DESTINATION_OPTIONS: case MOBILITY: case HIP: case SHIM6: case AUTHENTICATION: {
        if (at + 8 > end) return extensionCut(view, counters);
        // RFC 4302: the length of an authentication header is in units of 4 bytes.
        const length = nextHeader === AUTHENTICATION ? (data[at + 1]! + 2) * 4 : (data[at + 1]! + 1) * 8;
        nextHeader = data[at]!;
        at += length;
        if (at > end) return extensionCut(view, counters);
        break;
      }
      case FRAGMENT: {
        if (at + 8 > end) return extensionCut(view, counters);
        const fragment = (data[at + 2]! << 8) | data[at + 3]!;
        nextHeader = data[at]!;
        at += 8;
        // RFC 6946: a fragment header without fragmentation.
        if ((fragment & 0xfff9) === 0) break;
        view.transport = nextHeader;
        view.payloadStart = at;
        setFragment(view, readUint32(data, at - 4), fragment & 0xfff8, (fragment & 1) !== 0);
        return layer.DECODED;
      }
      default:
        return layer.TRANSPORT;
    }
  }
}

/** Sets the end of the IP payload; anything after it in the frame is padding. True: the capture truncated it. */
function setPayloadEnd(view: PacketView, end: number): boolean {
  view.payloadEnd = Math.min(end, view.payloadEnd);
  view.payloadMissing = end - view.payloadEnd;
  return view.payloadMissing > 0;
}

function setFragment(view: PacketView, id: number, offset: number, more: boolean): void {
  view.isFragment = true;
  view.fragmentId = id;
  view.fragmentOffset = offset;
  view.moreFragments = more;
}

function readUint32(data: Buffer, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}

function extensionCut(view: PacketView, counters: CaptureCounters): layer.Layer {
  return fail(counters, view.payloadMissing > 0 ? 'ipv6/truncated' : 'ipv6/bad_extension');
}

function fail(counters: CaptureCounters, reason: CaptureReason): layer.Layer {
  counters.count(reason);
  return layer.FAILED;
}
