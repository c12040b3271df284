import type { FlowShare, PacketView } from '#capture';
import { isServerPort } from '#ingest';
import { collectorPorts } from './collector-ports.ts';
import { uninferredPorts } from './inference.ts';

const TCP = 6;
const UDP = 17;
const DNS = 53;
/** Header, root name, type and class. */
const shortestDns = 17;

/** TCP ports with many flows of a known protocol. */
const webPorts = new Set([80, 443]);

/**
 * The share of one of `count` pipelines that all see every packet. A flow is assigned by the hash of its endpoints, which is the same
 * for both directions; if identifiers may be inferred in it, by the hash of its service, since the meaning of such payloads is inferred
 * from many flows of one service together.
 *
 * The names learnt from DNS label the flows of all pipelines: each follows all of DNS, and reports its own share of it. So each knows the
 * same names at the same packet, and their records together are those of a single pipeline. Flow exporters use several ports, but one set
 * of templates: their datagrams go to the first pipeline.
 */
export class Share implements FlowShare {
  readonly seed: number;
  readonly #index: number;
  readonly #count: number;

  constructor(seed: number, index: number, count: number) {
    this.seed = seed;
    this.#index = index;
    this.#count = count;
  }

  take(view: PacketView, hash: number): 'own' | 'watched' | 'other' {
    const owner = isExport(view) ? 0 : (shareHash(view, hash) >>> 0) % this.#count;
    if (owner === this.#index) return 'own';
    return mayBeDns(view) ? 'watched' : 'other';
  }
}

function shareHash({ transport, sourcePort, destinationPort }: PacketView, hash: number): number {
  const service = serviceOf(sourcePort, destinationPort);
  if (uninferredPorts.has(service) || (transport === TCP && webPorts.has(service))) return hash;
  const mixed = Math.imul((transport << 16) | service, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** The port that is probably the server's; 0 if neither is. */
function serviceOf(sourcePort: number, destinationPort: number): number {
  if (isServerPort(sourcePort, destinationPort)) return sourcePort;
  return sourcePort === destinationPort || isServerPort(destinationPort, sourcePort) ? destinationPort : 0;
}

function isExport({ transport, sourcePort, destinationPort }: PacketView): boolean {
  return transport === UDP && (collectorPorts.has(destinationPort) || collectorPorts.has(sourcePort));
}

/** Everything that the dissectors recognise as DNS, and a little more: on other ports, any datagram with one question. */
function mayBeDns({ transport, sourcePort, destinationPort, data, payloadStart, payloadEnd }: PacketView): boolean {
  if (sourcePort === DNS || destinationPort === DNS) return transport === UDP || transport === TCP;
  return transport === UDP && payloadEnd - payloadStart >= shortestDns && data[payloadStart + 4] === 0 && data[payloadStart + 5] === 1;
}
