import type { CaptureCounters } from './counters.ts';
import * as layer from './layers.ts';
import { GRE, ICMP, ICMPV6, IPV4, IPV6, MPLS, SCTP, TCP, UDP } from './protocols.ts';
import { enterTunnel, IN_IPV4, IN_IPV6, MPLS_IN_IP } from './tunnel.ts';
import type { PacketView } from './view.ts';

/**
 * Decodes the transport header at `view.payloadStart`, which is advanced past it.
 * For an unknown transport, the whole IP payload remains payload and the ports remain 0.
 */
export function decodeTransport(view: PacketView, counters: CaptureCounters): layer.Layer {
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
    case GRE:
      return layer.GRE;
    case IPV4:
      return enterTunnel(view, IN_IPV4, layer.IPV4, view.payloadStart, counters);
    case IPV6:
      return enterTunnel(view, IN_IPV6, layer.IPV6, view.payloadStart, counters);
    case MPLS:
      return enterTunnel(view, MPLS_IN_IP, layer.MPLS, view.payloadStart, counters);
    default:
      return layer.DECODED;
  }
}

/** RFC 9293. */
function decodeTcp(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 20 > end) {
    counters.count('tcp/truncated');
    return layer.FAILED;
  }
  const headerLength = (data[at + 12]! >> 4) * 4;
  if (headerLength < 20 || at + headerLength > end) {
    counters.count('tcp/bad_header_length');
    return layer.FAILED;
  }
  setPorts(view, at);
  view.tcpSequence = data.readUInt32BE(at + 4);
  view.tcpAcknowledgement = data.readUInt32BE(at + 8);
  view.tcpFlags = data[at + 13]!;
  view.payloadStart = at + headerLength;
  return layer.DECODED;
}

/** RFC 768. The payload ends according to the UDP length, or with the IP payload if that is shorter. */
function decodeUdp(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) {
    counters.count('udp/truncated');
    return layer.FAILED;
  }
  setPorts(view, at);
  view.payloadStart = at + 8;
  const length = (data[at + 4]! << 8) | data[at + 5]!;
  if (length === 0) return layer.UDP_PAYLOAD; // a jumbogram (RFC 2675), or segmentation offload
  const statedEnd = at + length;
  if (length < 8) {
    counters.count('udp/bad_length');
    return layer.FAILED;
  }
  if (statedEnd > end + view.payloadMissing) counters.count('udp/bad_length');
  view.payloadMissing = Math.max(0, Math.min(statedEnd - end, view.payloadMissing));
  view.payloadEnd = Math.min(statedEnd, end);
  return layer.UDP_PAYLOAD;
}

/** RFC 792, RFC 4443: type, code, checksum and four bytes whose meaning depends on the type. */
function decodeIcmp(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) {
    counters.count('icmp/truncated');
    return layer.FAILED;
  }
  view.icmpType = data[at]!;
  view.icmpCode = data[at + 1]!;
  view.payloadStart = at + 8;
  return layer.DECODED;
}

/** RFC 9260, section 3.1: the common header; the payload is the chunks. */
function decodeSctp(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart + 12 > view.payloadEnd) {
    counters.count('sctp/truncated');
    return layer.FAILED;
  }
  setPorts(view, view.payloadStart);
  view.payloadStart += 12;
  return layer.DECODED;
}

function setPorts(view: PacketView, at: number): void {
  const { data } = view;
  view.sourcePort = (data[at]! << 8) | data[at + 1]!;
  view.destinationPort = (data[at + 2]! << 8) | data[at + 3]!;
}
