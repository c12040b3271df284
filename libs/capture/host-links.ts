import type { CaptureCounters } from './counters.ts';
import { decodeEtherType, layerOfEtherType, truncated } from './ether-type.ts';
import * as layer from './layers.ts';
import { layerOfLinkType } from './link-types.ts';
import type { PacketView } from './view.ts';

/** Linux cooked capture v1: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html */
export function decodeCooked(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart + 16 > view.payloadEnd) return truncated(counters);
  view.payloadStart += 14;
  return decodeEtherType(view, counters);
}

/** Linux cooked capture v2: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
export function decodeCookedV2(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at } = view;
  if (at + 20 > view.payloadEnd) return truncated(counters);
  view.payloadStart = at + 20;
  return layerOfEtherType(view, (data[at]! << 8) | data[at + 1]!, counters);
}

/** BSD loopback: an address family in the byte order of the capturing host, or (LOOP) of the network; the version nibble decides. */
export function decodeLoopback(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at } = view;
  if (at + 4 > view.payloadEnd) return truncated(counters);
  view.payloadStart = at + 4;
  return layerOfFamily(data[at]! | data[at + 3]!, counters);
}

/** Address families of the BSDs, macOS and Linux. */
function layerOfFamily(family: number, counters: CaptureCounters): layer.Layer {
  switch (family) {
    case 2: case 10: case 24: case 28: case 30: return layer.IP;
    default:
      counters.count('link/not_ip');
      return layer.FAILED;
  }
}

const NFLOG_PAYLOAD = 9;

/**
 * https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html: family, version 0, resource; then attributes in the byte order of the capturing host, one of
 * which is the packet. Types are below 256, which reveals the byte order.
 */
export function decodeNflog(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadEnd: end } = view;
  let at = view.payloadStart + 4;
  while (at + 4 <= end) {
    const isLittleEndian = data[at + 3] === 0;
    const length = isLittleEndian ? data[at]! | (data[at + 1]! << 8) : (data[at]! << 8) | data[at + 1]!;
    const type = (isLittleEndian ? data[at + 2]! : data[at + 3]!) & 0x7f;
    if (type === NFLOG_PAYLOAD) {
      const family = data[view.payloadStart]!;
      view.payloadStart = at + 4;
      return layerOfFamily(family, counters);
    }
    if (length < 4) break;
    at += (length + 3) & ~3;
  }
  return truncated(counters);
}

/** Apple's PKTAP, little-endian: header length, type of the next record, link type. https://www.tcpdump.org/linktypes/LINKTYPE_PKTAP.html */
export function decodePktap(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 12 > end) return truncated(counters);
  const length = data.readUInt32LE(at);
  if (length < 12 || length > end - at) return truncated(counters);
  view.payloadStart = at + length;
  return layerOfLinkType(data.readUInt32LE(at + 8), counters);
}

/** Per-Packet Information, little-endian: version, flags, header length, link type. https://www.tcpdump.org/linktypes/LINKTYPE_PPI.html */
export function decodePpi(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 8 > end) return truncated(counters);
  const length = data.readUInt16LE(at + 2);
  if (length < 8 || length > end - at) return truncated(counters);
  view.payloadStart = at + length;
  return layerOfLinkType(data.readUInt32LE(at + 4), counters);
}

/**
 * The BSDs' packet filter log: header length without its padding to 4 bytes, address family. https://www.tcpdump.org/linktypes/LINKTYPE_PFLOG.html
 */
export function decodePflog(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 2 > end) return truncated(counters);
  const length = (data[at]! + 3) & ~3;
  if (length < 4 || at + length > end) return truncated(counters);
  view.payloadStart = at + length;
  return layerOfFamily(data[at + 1]!, counters);
}
