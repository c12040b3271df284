import type { CaptureCounters } from './counters.ts';
import { decodeTransport } from './transport.ts';
import type { PacketView } from './view.ts';

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

/** IPv4 or IPv6, whichever the version says. */
export function decodeIp(view: PacketView, at: number, counters: CaptureCounters): boolean {
  if (at < view.start + view.capturedLength && view.data[at]! >> 4 === 6) return decodeIpv6(view, at, counters);
  return decodeIpv4(view, at, counters);
}

/** RFC 791. */
export function decodeIpv4(view: PacketView, at: number, counters: CaptureCounters): boolean {
  const { data } = view;
  const captureEnd = view.start + view.capturedLength;
  if (at + 20 > captureEnd) return fail(counters, 'ipv4/truncated');
  if (data[at]! >> 4 !== 4) return fail(counters, 'ipv4/bad_version');
  const headerLength = (data[at]! & 0xf) * 4;
  // A sensor on a host with segmentation offload sees packets before their length is set.
  const totalLength = (data[at + 2]! << 8) | data[at + 3]! || view.start + view.wireLength - at;
  if (headerLength < 20 || headerLength > totalLength) return fail(counters, 'ipv4/bad_header_length');
  if (at + headerLength > captureEnd) return fail(counters, 'ipv4/truncated');

  view.ipVersion = 4;
  view.ipLength = totalLength;
  view.sourceAddress = at + 12;
  view.destinationAddress = at + 16;
  view.transport = data[at + 9]!;
  view.payloadStart = at + headerLength;
  if (setPayloadEnd(view, at + totalLength, captureEnd)) counters.count('ipv4/snapped');

  const fragment = (data[at + 6]! << 8) | data[at + 7]!;
  if ((fragment & 0x3fff) === 0) return decodeTransport(view, counters);
  setFragment(view, (data[at + 4]! << 8) | data[at + 5]!, (fragment & 0x1fff) * 8, (fragment & 0x2000) !== 0);
  return true;
}

/** RFC 8200. */
export function decodeIpv6(view: PacketView, at: number, counters: CaptureCounters): boolean {
  const { data } = view;
  const captureEnd = view.start + view.capturedLength;
  if (at + 40 > captureEnd) return fail(counters, 'ipv6/truncated');
  if (data[at]! >> 4 !== 6) return fail(counters, 'ipv6/bad_version');
  // A length of 0 is a jumbogram, or a packet seen before segmentation offload.
  const payloadLength = (data[at + 4]! << 8) | data[at + 5]! || Math.max(0, view.start + view.wireLength - at - 40);

  view.ipVersion = 6;
  view.ipLength = 40 + payloadLength;
  view.sourceAddress = at + 8;
  view.destinationAddress = at + 24;
  if (setPayloadEnd(view, at + 40 + payloadLength, captureEnd)) counters.count('ipv6/snapped');
  return decodeExtensionHeaders(view, data[at + 6]!, at + 40, counters);
}

/** What follows IP header and fragment header: `view.transport` at `view.payloadStart`. */
export function decodeIpPayload(view: PacketView, counters: CaptureCounters): boolean {
  return view.ipVersion === 6 ? decodeExtensionHeaders(view, view.transport, view.payloadStart, counters) : decodeTransport(view, counters);
}

/** Each header is at least 8 bytes long, so the walk ends with the packet. */
function decodeExtensionHeaders(view: PacketView, nextHeader: number, at: number, counters: CaptureCounters): boolean {
  const { data, payloadEnd: end } = view;
  for (;;) {
    view.transport = nextHeader;
    view.payloadStart = at;
    switch (nextHeader) {
      case HOP_BY_HOP: case ROUTING: case DESTINATION_OPTIONS: case MOBILITY: case HIP: case SHIM6: case AUTHENTICATION: {
        if (at + 8 > end) return extensionCut(view, counters);
        // RFC 4302: the length of an authentication header counts units of 4 bytes.
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
        return true;
      }
      default:
        return decodeTransport(view, counters);
    }
  }
}

/** Where the IP payload ends; what lies behind it in the frame is padding. True: the capture cut it short. */
function setPayloadEnd(view: PacketView, end: number, captureEnd: number): boolean {
  view.payloadEnd = Math.min(end, captureEnd);
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

function extensionCut(view: PacketView, counters: CaptureCounters): false {
  return fail(counters, view.payloadMissing > 0 ? 'ipv6/truncated' : 'ipv6/bad_extension');
}

function fail(counters: CaptureCounters, reason: Parameters<CaptureCounters['count']>[0]): false {
  counters.count(reason);
  return false;
}
