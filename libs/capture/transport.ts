import type { CaptureCounters } from './counters.ts';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from './protocols.ts';
import type { PacketView } from './view.ts';

/**
 * The transport header at `view.payloadStart`, which moves behind it.
 * Of a transport that is not known, the whole IP payload stays payload and the ports stay 0.
 */
export function decodeTransport(view: PacketView, counters: CaptureCounters): boolean {
  switch (view.transport) {
    case TCP:
      return decodeTcp(view, counters);
    case UDP:
      return decodeUdp(view, counters);
    case ICMP:
    case ICMPV6:
      return decodeIcmp(view, counters);
    case SCTP:
      return decodeSctp(view, counters);
    default:
      return true;
  }
}

/** RFC 9293. */
function decodeTcp(view: PacketView, counters: CaptureCounters): boolean {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 20 > end) {
    counters.count('tcp/truncated');
    return false;
  }
  const headerLength = (data[at + 12]! >> 4) * 4;
  if (headerLength < 20 || at + headerLength > end) {
    counters.count('tcp/bad_header_length');
    return false;
  }
  setPorts(view, at);
  view.tcpSequence = data.readUInt32BE(at + 4);
  view.tcpAcknowledgement = data.readUInt32BE(at + 8);
  view.tcpFlags = data[at + 13]!;
  view.payloadStart = at + headerLength;
  return true;
}

/** RFC 768. The payload ends where the UDP length says, or with the IP payload if that is shorter. */
function decodeUdp(view: PacketView, counters: CaptureCounters): boolean {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) {
    counters.count('udp/truncated');
    return false;
  }
  setPorts(view, at);
  view.payloadStart = at + 8;
  const length = (data[at + 4]! << 8) | data[at + 5]!;
  if (length === 0) return true; // a jumbogram (RFC 2675), or segmentation offload
  const statedEnd = at + length;
  if (length < 8) {
    counters.count('udp/bad_length');
    return false;
  }
  if (statedEnd > end + view.payloadMissing) counters.count('udp/bad_length');
  view.payloadMissing = Math.max(0, Math.min(statedEnd - end, view.payloadMissing));
  view.payloadEnd = Math.min(statedEnd, end);
  return true;
}

/** RFC 792, RFC 4443: type, code, checksum and four bytes whose meaning depends on the type. */
function decodeIcmp(view: PacketView, counters: CaptureCounters): boolean {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) {
    counters.count('icmp/truncated');
    return false;
  }
  view.icmpType = data[at]!;
  view.icmpCode = data[at + 1]!;
  view.payloadStart = at + 8;
  return true;
}

/** RFC 9260, section 3.1: the common header; the payload is the chunks. */
function decodeSctp(view: PacketView, counters: CaptureCounters): boolean {
  if (view.payloadStart + 12 > view.payloadEnd) {
    counters.count('sctp/truncated');
    return false;
  }
  setPorts(view, view.payloadStart);
  view.payloadStart += 12;
  return true;
}

function setPorts(view: PacketView, at: number): void {
  const { data } = view;
  view.sourcePort = (data[at]! << 8) | data[at + 1]!;
  view.destinationPort = (data[at + 2]! << 8) | data[at + 3]!;
}
