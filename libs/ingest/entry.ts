import { createHash } from 'node:crypto';
import { communityId, Flow } from '#capture';
import type { Message } from '#dissect';
import type { Answer } from './answer.ts';
import { protocolNumber, type Endpoints } from './endpoints.ts';

/** What a flow counted, in IP bytes and packets. */
export type FlowTotals = Pick<Flow, 'sourceBytes' | 'sourcePackets' | 'destinationBytes' | 'destinationPackets'>;

/** What one line of a log, one exchange of an archive, or one record of a flow export tells. */
export interface LogEntry {
  /** `zeek`, `suricata`, `har`, `mitmproxy`, `vpc-flow-log`, `gcp-flow-log`, `netflow`, … */
  readonly source: string;
  /** What the source calls the flow: a uid, a flow_id. Empty: the entry stands for itself. */
  readonly flowName: string;
  readonly endpoints: Endpoints;
  /** Times, µs since 1970: of the entry, and of the flow's first packet as this entry tells it. */
  readonly micros: number;
  readonly startMicros: number;
  /** Number of the line or entry, from 1; 0 in a flow export. */
  readonly line: number;
  /** Of the entry's bytes. */
  readonly digest: string;
  /** Application protocol as the source names it, where no message tells. */
  readonly protocol: string;
  readonly messages: readonly Message[];
  /** Set when the entry tells what the flow counted, since its start or since the entry before that told so. */
  readonly totals: FlowTotals | null;
  /** The flow is over, and counted for the last time. */
  readonly ends: boolean;
  readonly visibility: 'cleartext' | 'inspected';
  /** How the destination answered; absent where the source cannot tell. */
  readonly answer?: Answer;
  /** One of so many packets was counted; 0 is all of them, or not known. */
  readonly samplingRate: number;
}

/** The flow of one entry. Its start is the entry's own, so that ids and sorting keys do not depend on which other lines were read. */
export function flowOfEntry({ endpoints, micros, startMicros, answer }: LogEntry): Flow {
  const { sourceIp, transport } = endpoints;
  const isIcmp = transport === 'icmp' || transport === 'ipv6-icmp';
  const flow = new Flow({
    ...endpoints, tunnelProtocol: '', tunnelSourceIp: '', tunnelDestinationIp: '', sourceMac: '', destinationMac: '',
    ...(isIcmp && { sourcePort: 0, destinationPort: 0 }),
    ipVersion: sourceIp.includes(':') ? 6 : 4,
    communityId: communityId({ ...endpoints, transport: protocolNumber(transport) }),
  }, startMicros, 0);
  flow.lastMicros = micros;
  flow.unansweredPackets = answer?.unansweredPackets ?? 0;
  return flow;
}

export function digestOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
