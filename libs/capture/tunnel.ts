import type { CaptureCounters } from './counters.ts';
import { FAILED, type Layer } from './layers.ts';
import type { PacketView } from './view.ts';

/** Kinds of encapsulation, each one hexadecimal digit of `PacketView.tunnel`. */
export const IN_IPV4 = 1;
export const IN_IPV6 = 2;
export const GRE_TUNNEL = 3;
export const ERSPAN = 4;
export const VXLAN = 5;
export const GENEVE = 6;
export const GTP_U = 7;
export const TEREDO = 8;
export const L2TP = 9;
export const PSEUDOWIRE = 10;
export const MPLS_IN_IP = 11;
export const CAPWAP = 12;

const names = ['', 'ipv4', 'ipv6', 'gre', 'erspan', 'vxlan', 'geneve', 'gtp-u', 'teredo', 'l2tp', 'pseudowire', 'mpls', 'capwap'];

/** Maximum nesting of encapsulations; further ones remain payload. Seven digits keep the path a small integer. */
const MAX_PATH = 0xfffffff;

/**
 * Enters the layer inside an encapsulation, at `innerStart`. What is known of the enclosing packets is kept: the endpoints of the outermost one for
 * the flow, and everything about the nearest one in case the inner packet cannot be used.
 */
export function enterTunnel(view: PacketView, kind: number, inner: Layer, innerStart: number, counters: CaptureCounters): Layer {
  const { enclosing } = view;
  if (view.ipVersion !== 0 && (enclosing.ipVersion === 0 || enclosing.sourceAddress !== view.sourceAddress)) enclosing.keep(view);
  const path = view.tunnel * 16 + kind;
  if (path > MAX_PATH) {
    counters.count('tunnel/too_deep');
    return FAILED;
  }
  if (view.outerAddressLength === 0 && view.ipVersion !== 0) {
    view.outerAddressLength = view.addressLength;
    view.outerSourceAddress = view.sourceAddress;
    view.outerDestinationAddress = view.destinationAddress;
  }
  view.tunnel = path;
  view.payloadStart = innerStart;
  return inner;
}

/** Returns to the packet around one that is not IP, or is malformed. False if there is none. */
export function leaveTunnel(view: PacketView, counters: CaptureCounters): boolean {
  if (view.enclosing.ipVersion === 0) return false;
  view.enclosing.restore(view);
  if (view.tunnel === 0) view.outerAddressLength = 0;
  counters.count('tunnel/outer_stands');
  return true;
}

/** Names of the encapsulations in `path`, outermost first, joined by `>`; empty if there are none. */
export function tunnelProtocol(path: number): string {
  let text = '';
  for (let rest = path; rest > 0; rest >>= 4) text = text === '' ? names[rest & 0xf]! : `${names[rest & 0xf]}>${text}`;
  return text;
}
