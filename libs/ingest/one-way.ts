import { reversed, isServerPort, type Endpoints } from './endpoints.ts';
import type { FlowTotals, LogEntry } from './entry.ts';

const dayMicros = 86_400_000_000;

/**
 * What a flow export tells of one direction: the packets from `sender` on. The other direction has a record of its own; both belong to
 * one flow, which is named by its endpoints and day, since such sources give flows no name.
 */
export function oneWay(
  sender: Endpoints, bytes: number, packets: number, startMicros: number, isFromServer = isServerPort(sender.sourcePort, sender.destinationPort),
): Pick<LogEntry, 'endpoints' | 'totals' | 'flowName' | 'startMicros'> {
  const totals: FlowTotals = isFromServer
    ? { sourceBytes: 0, sourcePackets: 0, destinationBytes: bytes, destinationPackets: packets }
    : { sourceBytes: bytes, sourcePackets: packets, destinationBytes: 0, destinationPackets: 0 };
  return { endpoints: isFromServer ? reversed(sender) : sender, totals, flowName: `day ${Math.floor(startMicros / dayMicros)}`, startMicros };
}
