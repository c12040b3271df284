import { createHash } from 'node:crypto';
import { communityId, Flow, noSurroundings } from '#capture';
import type { Message } from '#dissect';
import type { Answer } from './answer.ts';
import { protocolNumber, type Endpoints } from './endpoints.ts';

/** What a flow counted, in IP bytes and packets. */
export type FlowTotals = Pick<Flow, 'sourceBytes' | 'sourcePackets' | 'destinationBytes' | 'destinationPackets'>;

/** The content of one line of a log, one exchange of an archive, or one record of a flow export. */
export interface LogEntry {
  /** `zeek`, `suricata`, `har`, `mitmproxy`, `vpc-flow-log`, `gcp-flow-log`, `netflow`, … */
  readonly source: string;
  /** The source's name for the flow: a uid, a flow_id. Empty: the entry is a flow of its own. */
  readonly flowName: string;
  readonly endpoints: Endpoints;
  /** Times, µs since 1970: of the entry, and of the flow's first packet according to this entry. */
  readonly micros: number;
  readonly startMicros: number;
  /** Number of the line or entry, from 1; 0 in a flow export. */
  readonly line: number;
  /** Digest of the entry's bytes. */
  readonly digest: string;
  /** Application protocol as the source names it, where no message says. */
  readonly protocol: string;
  readonly messages: readonly Message[];
  /** Set when the entry has the flow's counts, since its start or since the previous entry with counts. */
  readonly totals: FlowTotals | null;
  /** The flow has ended, and these are its last counts. */
  readonly ends: boolean;
  readonly visibility: 'cleartext' | 'inspected';
  /** How the destination answered; absent where the source does not say. */
  readonly answer?: Answer;
  /** One of so many packets was counted; 0: all were, or it is not known. */
  readonly samplingRate: number;
}

/** The flow of one entry. Its start is taken from this entry alone, so that ids and sorting keys do not depend on which other lines were read. */
export function flowOfEntry({ endpoints, micros, startMicros, answer }: LogEntry): Flow {
  const { sourceIp, transport } = endpoints;
  const isIcmp = transport === 'icmp' || transport === 'ipv6-icmp';
  const flow = new Flow({
    ...endpoints,
    surroundings: noSurroundings,
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
