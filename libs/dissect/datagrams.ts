import { capwap } from './capwap.ts';
import { coap } from './coap.ts';
import { dhcp } from './dhcp.ts';
import { dhcpv6 } from './dhcpv6.ts';
import { gtp } from './gtp.ts';
import { ike } from './ike.ts';
import { ipmi } from './ipmi.ts';
import { kerberos } from './kerberos.ts';
import { l2tp } from './l2tp.ts';
import { lwapp } from './lwapp.ts';
import { netbios } from './netbios.ts';
import { oicq } from './oicq.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';
import { radius } from './radius.ts';
import { rip } from './rip.ts';
import { rpc } from './rpc.ts';
import { sip } from './sip.ts';
import { snmp } from './snmp.ts';
import { steam } from './steam.ts';
import { wireguard } from './wireguard.ts';

/** Tried in this order; the first that recognises the datagram claims it. */
const protocols: readonly DatagramProtocol[] = [
  snmp, dhcp, netbios, oicq, gtp, radius, sip, kerberos, wireguard, ike, dhcpv6, rpc,
  steam, capwap, lwapp, l2tp, ipmi, rip, coap,
];

/** The protocol that claims the datagram, or null. */
export function datagramProtocolOf(payload: Buffer, context: DatagramContext): DatagramProtocol | null {
  for (const protocol of protocols) if (protocol.recognise(payload, context)) return protocol;
  return null;
}
