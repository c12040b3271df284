import type { CaptureCounters } from './counters.ts';
import * as layer from './layers.ts';
import type { PacketView } from './view.ts';

const IPV4 = 0x0800;
const ARP = 0x0806;
const RARP = 0x8035;
const VLAN = 0x8100;
const IPV6 = 0x86dd;
const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const PPPOE_DISCOVERY = 0x8863;
const PPPOE_SESSION = 0x8864;
const PPP = 0x880b;
const QINQ = 0x88a8;
const DOT1X = 0x888e;
const MACSEC = 0x88e5;
/** Cisco FabricPath: an Ethernet header around the frame, with switch ids for addresses. */
const FABRICPATH = 0x8903;
const VN_TAG = 0x8926;
const E_TAG = 0x893f;
const QINQ_OLD = 0x9100;
/** Below this value the field is the length of an IEEE 802.3 frame. */
const FIRST_ETHERTYPE = 0x0600;

/** Reads the EtherType at `view.payloadStart`, after any number of tags. */
export function decodeEtherType(view: PacketView, counters: CaptureCounters): layer.Layer {
  const { data, payloadStart: at } = view;
  view.payloadStart = at + 2;
  return layerOfEtherType(view, (data[at]! << 8) | data[at + 1]!, counters);
}

/** The layer that `etherType` denotes at `view.payloadStart`; tags are removed. */
export function layerOfEtherType(view: PacketView, etherType: number, counters: CaptureCounters): layer.Layer {
  const { data, payloadEnd: end } = view;
  for (;;) {
    switch (etherType) {
      case IPV4: return layer.IPV4;
      case IPV6: return layer.IPV6;
      case MPLS: case MPLS_MULTICAST: return layer.MPLS;
      case PPPOE_SESSION: return layer.PPPOE;
      case PPP: return layer.PPP;
      case FABRICPATH:
        // A forwarding tag and a time to live.
        view.payloadStart += 2;
        return layer.ETHERNET;
      case VLAN: case QINQ: case QINQ_OLD: case VN_TAG: case E_TAG: {
        const next = view.payloadStart + tagLength(etherType);
        if (next > end) return truncated(counters);
        etherType = (data[next - 2]! << 8) | data[next - 1]!;
        view.payloadStart = next;
        break;
      }
      default:
        if (etherType < FIRST_ETHERTYPE) return layer.LLC;
        counters.count(reasonOf(etherType));
        return layer.FAILED;
    }
  }
}

/** Whether this EtherType may end an Ethernet header: for encapsulations that do not declare their content. */
export function isCommonEtherType(etherType: number): boolean {
  switch (etherType) {
    case IPV4: case IPV6: case ARP: case VLAN: case QINQ: case QINQ_OLD: case MPLS: case PPPOE_SESSION: return true;
    default: return false;
  }
}

/** Length of a tag after its own EtherType, including the EtherType that follows: IEEE 802.1Q, 802.1BR (E-TAG), Cisco VN-Tag. */
function tagLength(etherType: number): number {
  if (etherType === E_TAG) return 8;
  return etherType === VN_TAG ? 6 : 4;
}

function reasonOf(etherType: number) {
  if (etherType === ARP || etherType === RARP) return 'link/arp';
  if (etherType === PPPOE_DISCOVERY) return 'link/pppoe_discovery';
  if (etherType === DOT1X) return 'link/802.1x';
  return etherType === MACSEC ? 'link/macsec' : 'link/not_ip';
}

export function truncated(counters: CaptureCounters): layer.Layer {
  counters.count('link/truncated');
  return layer.FAILED;
}
