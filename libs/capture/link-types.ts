import type { CaptureCounters, CaptureReason } from './counters.ts';
import * as layer from './layers.ts';

/** https://www.tcpdump.org/linktypes.html */
const layers = new Map<number, layer.Layer>([
  [0, layer.LOOPBACK], [1, layer.ETHERNET], [9, layer.PPP], [12, layer.IP], [14, layer.IP], [50, layer.PPP], [51, layer.PPPOE],
  [100, layer.LLC], [101, layer.IP], [104, layer.CISCO_HDLC], [105, layer.WLAN], [108, layer.LOOPBACK], [113, layer.COOKED],
  [117, layer.PFLOG], [119, layer.PRISM], [127, layer.RADIOTAP], [138, layer.IEEE1394], [163, layer.PRISM], [192, layer.PPI],
  [204, layer.PPP_WITH_DIRECTION], [228, layer.IPV4], [229, layer.IPV6], [239, layer.NFLOG], [258, layer.PKTAP], [276, layer.COOKED_V2],
]);

/** Link types that occur in practice and are not supported. */
const unsupported = new Map<number, CaptureReason>([
  [6, 'link/token_ring'], [7, 'link/arcnet'], [129, 'link/arcnet'], [8, 'link/slip'], [10, 'link/fddi'], [106, 'link/atm'], [123, 'link/atm'],
  [107, 'link/frame_relay'], [122, 'link/fibre_channel'], [197, 'link/erf'], [187, 'link/bluetooth'], [201, 'link/bluetooth'],
  [251, 'link/bluetooth'], [195, 'link/802.15.4'], [215, 'link/802.15.4'], [230, 'link/802.15.4'], [189, 'link/usb'], [220, 'link/usb'],
  [249, 'link/usb'], [227, 'link/can'], [253, 'link/netlink'], [271, 'link/vsock'], [226, 'link/ipnet'],
]);

/** Juniper's link types, each with its own header. */
const juniper = new Set([130, 131, 132, 133, 134, 135, 136, 137, 141, 142, 164, 178, 179, 180, 181, 183, 194, 200, 238, 241, 242, 243]);

/** Tables for the low numbers, so that no packet needs a hash lookup. */
const byNumber: readonly layer.Layer[] = Array.from({ length: 512 }, (_, linkType) => layers.get(linkType) ?? layer.FAILED);

/** The first layer of a packet of this link type. */
export function layerOfLinkType(linkType: number, counters: CaptureCounters): layer.Layer {
  const first = byNumber[linkType] ?? layer.FAILED;
  if (first === layer.FAILED) counters.count(unsupportedReason(linkType));
  return first;
}

function unsupportedReason(linkType: number): CaptureReason {
  if (juniper.has(linkType)) return 'link/juniper';
  return unsupported.get(linkType) ?? 'link/unsupported';
}
