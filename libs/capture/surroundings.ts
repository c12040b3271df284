import { formatHardwareAddress } from './address.ts';
import type { FlowSurroundings } from './flow.ts';
import { tunnelProtocol } from './tunnel.ts';
import type { PacketView } from './view.ts';

const linkTypeEthernet = 1;

/** Recently seen surroundings, by all of their texts: there are few, and each flow has some. */
const known = new Map<string, FlowSurroundings>();
const mostKnown = 16_384;

/** What is around the packet in `view`, as seen from the flow's source. */
export function surroundingsOf(view: PacketView, senderIsSource: boolean): FlowSurroundings {
  const tunnel = tunnelProtocol(view.tunnel);
  const tunnelSourceIp = senderIsSource ? view.outerSourceIp : view.outerDestinationIp;
  const tunnelDestinationIp = senderIsSource ? view.outerDestinationIp : view.outerSourceIp;
  const sourceMac = macAt(view, senderIsSource ? 6 : 0);
  const destinationMac = macAt(view, senderIsSource ? 0 : 6);
  const key = `${sourceMac} ${destinationMac} ${tunnel} ${tunnelSourceIp} ${tunnelDestinationIp}`;
  let surroundings = known.get(key);
  if (surroundings === undefined) {
    if (known.size >= mostKnown) known.clear();
    known.set(key, (surroundings = { tunnelProtocol: tunnel, tunnelSourceIp, tunnelDestinationIp, sourceMac, destinationMac }));
  }
  return surroundings;
}

/** Hardware address at an offset of an Ethernet frame, in hexadecimal; '' for other link types. */
function macAt({ data, linkType, start, capturedLength }: PacketView, offset: number): string {
  return linkType === linkTypeEthernet && capturedLength >= 12 ? formatHardwareAddress(data, start + offset) : '';
}
