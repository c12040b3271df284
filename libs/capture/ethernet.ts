import type { CaptureCounters } from './counters.ts';
import { decodeEtherType, layerOfEtherType, truncated } from './ether-type.ts';
import * as layer from './layers.ts';
import type { PacketView } from './view.ts';

/** IEEE 802.3. Below this value, EtherTypes are lengths. */
const FIRST_ETHERTYPE = 0x0600;
const SAP_IP = 0x06;
const SAP_SNAP = 0xaa;
/** OSI network protocols, one of which is IP: ISO/IEC TR 9577. */
const SAP_OSI = 0xfe;
const UNNUMBERED_INFORMATION = 0x03;

export function decodeEthernet(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart + 14 > view.payloadEnd) return truncated(counters);
  view.payloadStart += 12;
  return decodeEtherType(view, counters);
}

/** IP over IEEE 1394: https://www.tcpdump.org/linktypes/LINKTYPE_IEEE1394.html, two addresses of 8 bytes and an EtherType. */
export function decodeIeee1394(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart + 18 > view.payloadEnd) return truncated(counters);
  view.payloadStart += 16;
  return decodeEtherType(view, counters);
}

/** IEEE 802.2: the SAP of IP, or SNAP with an EtherType (RFC 1042) or, from a bridge, its tunnel form (802.1H). */
export function decodeLlc(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 3 > end) return truncated(counters);
  if (data[at] === SAP_IP && data[at + 2] === UNNUMBERED_INFORMATION) {
    view.payloadStart = at + 3;
    return layer.IP;
  }
  if (data[at] !== SAP_SNAP || data[at + 1] !== SAP_SNAP || data[at + 2] !== UNNUMBERED_INFORMATION) {
    counters.count(data[at] === SAP_OSI ? 'link/osi' : 'link/802.2');
    return layer.FAILED;
  }
  if (at + 8 > end) return truncated(counters);
  const organisation = (data[at + 3]! << 16) | (data[at + 4]! << 8) | data[at + 5]!;
  const etherType = (data[at + 6]! << 8) | data[at + 7]!;
  if ((organisation !== 0 && organisation !== 0xf8) || etherType < FIRST_ETHERTYPE) {
    counters.count('link/802.2');
    return layer.FAILED;
  }
  view.payloadStart = at + 8;
  return layerOfEtherType(view, etherType, counters);
}
