import { isIcmpReply } from './icmp.ts';
import { ACK, ICMP, ICMPV6, SYN, TCP } from './protocols.ts';
import type { PacketView } from './view.ts';

/** End of the system ports (RFC 6335). */
const FIRST_REGISTERED = 1024;
/** Start of the ephemeral ports: 32768 on Linux, 49152 elsewhere. */
const FIRST_EPHEMERAL = 32_768;

/**
 * Whether the sender of a flow's first packet opened the flow.
 *
 * SYN, SYN-ACK and ICMP requests and replies are conclusive. Otherwise the capture may have begun in the middle: the side with a system port, or with
 * a registered port facing an ephemeral one, is the server. If the ports are inconclusive, whichever side was seen first counts as the initiator.
 */
export function senderIsInitiator(view: PacketView): boolean {
  const { transport } = view;
  if (transport === TCP && view.tcpFlags & SYN) return (view.tcpFlags & ACK) === 0;
  if (transport === ICMP || transport === ICMPV6) return !isIcmpReply(transport, view.icmpType);
  return portRank(view.sourcePort) >= portRank(view.destinationPort);
}

function portRank(port: number): number {
  if (port < FIRST_REGISTERED) return 0;
  return port < FIRST_EPHEMERAL ? 1 : 2;
}
