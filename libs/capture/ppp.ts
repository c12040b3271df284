import type { CaptureCounters } from './counters.ts';
import { decodeEtherType, truncated } from './ether-type.ts';
import * as layer from './layers.ts';
import type { PacketView } from './view.ts';

/** https://www.iana.org/assignments/ppp-numbers */
const IPV4 = 0x0021;
const IPV6 = 0x0057;
const MPLS = 0x0281;
const MPLS_MULTICAST = 0x0283;
const PAP = 0xc023;
const CHAP = 0xc223;
const EAP = 0xc227;
/** RFC 1662: all stations, unnumbered information. */
const ADDRESS = 0xff;
const CONTROL = 0x03;
/** Cisco HDLC addresses, which also occur under a serial PPP link type: https://www.tcpdump.org/linktypes.html, PPP_HDLC. */
const CISCO_UNICAST = 0x0f;
const CISCO_MULTICAST = 0x8f;

/** RFC 1661, with or without the address and control bytes of RFC 1662; the protocol may be compressed to one byte. */
export function decodePpp(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadEnd: end } = view;
  let at = view.payloadStart;
  if (at + 4 > end) return truncated(counters);
  if (data[at] === ADDRESS && data[at + 1] === CONTROL) at += 2;
  else if ((data[at] === CISCO_UNICAST || data[at] === CISCO_MULTICAST) && data[at + 1] === 0) return layer.CISCO_HDLC;
  const isCompressed = (data[at]! & 1) === 1;
  const protocol = isCompressed ? data[at]! : (data[at]! << 8) | data[at + 1]!;
  view.payloadStart = at + (isCompressed ? 1 : 2);
  switch (protocol) {
    case IPV4: return layer.IPV4;
    case IPV6: return layer.IPV6;
    case MPLS: case MPLS_MULTICAST: return layer.MPLS;
    default:
      counters.count(view.ipVersion === 0 && (protocol === PAP || protocol === CHAP || protocol === EAP) ? 'link/ppp_login' : 'link/ppp');
      return layer.FAILED;
  }
}

/** https://www.tcpdump.org/linktypes/LINKTYPE_PPP_WITH_DIR.html: one byte of direction. */
export function decodePppWithDirection(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart >= view.payloadEnd) return truncated(counters);
  view.payloadStart++;
  return layer.PPP;
}

/** A PPPoE session (RFC 2516, section 4): version and type 1, code 0; anything after the stated length is padding. */
export function decodePppoe(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at, payloadEnd: end } = view;
  if (at + 6 > end) return truncated(counters);
  if (data[at] !== 0x11 || data[at + 1] !== 0) {
    counters.count(data[at] === 0x11 ? 'link/pppoe_discovery' : 'link/pppoe');
    return layer.FAILED;
  }
  view.payloadStart = at + 6;
  const statedEnd = at + 6 + ((data[at + 4]! << 8) | data[at + 5]!);
  if (statedEnd < end) {
    view.payloadEnd = statedEnd;
    view.payloadMissing = 0;
  }
  return layer.PPP;
}

/** Address, control and an EtherType: https://www.tcpdump.org/linktypes/LINKTYPE_C_HDLC.html */
export function decodeCiscoHdlc(view: PacketView, counters: CaptureCounters): layer.Layer {
  if (view.payloadStart + 4 > view.payloadEnd) return truncated(counters);
  view.payloadStart += 2;
  return decodeEtherType(view, counters);
}
