import { reversed, isServerPort, type Endpoints } from './endpoints.ts';
import type { FlowTotals, LogEntry } from './entry.ts';

const dayMicros = 86_400_000_000;

/** One direction of a flow, from a source that gives flows no names. */
export interface OneWay {
  readonly sender: Endpoints;
  readonly bytes: number;
  readonly packets: number;
  readonly startMicros: number;
  /** Where the source does not say, the ports decide. */
  readonly isFromServer?: boolean;
}

/**
 * The entry for one direction of a flow. The other direction has a record of its own; both belong to one flow, which is named by its
 * endpoints and day.
 */
export function oneWay({
  sender, bytes, packets, startMicros, isFromServer = isServerPort(sender.sourcePort, sender.destinationPort),
}: OneWay): Pick<LogEntry, 'endpoints' | 'totals' | 'flowName' | 'startMicros'> {
  const totals: FlowTotals = isFromServer
    ? { sourceBytes: 0, sourcePackets: 0, destinationBytes: bytes, destinationPackets: packets }
    : { sourceBytes: bytes, sourcePackets: packets, destinationBytes: 0, destinationPackets: 0 };
  return { endpoints: isFromServer ? reversed(sender) : sender, totals, flowName: `day ${Math.floor(startMicros / dayMicros)}`, startMicros };
}
