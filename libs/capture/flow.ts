/** Relative to the flow: the source opened it. */
export type Sender = 'source' | 'destination';

/** `refused` is the name in logs and exports; from packets, it is an `rst` that is preceded by nothing. */
export type FlowEndReason = 'fin' | 'rst' | 'timeout' | 'evicted' | 'finish' | 'refused';

/** What was around a flow's first packet. Flows on one link share it. */
export interface FlowSurroundings {
  /** Encapsulations, outermost first, such as `gre>vxlan`; empty if there are none. */
  readonly tunnelProtocol: string;
  /** Endpoints of the outermost encapsulation, as seen from the flow's source; empty if no IP packet encloses it. */
  readonly tunnelSourceIp: string;
  readonly tunnelDestinationIp: string;
  /** Hardware addresses on an Ethernet; empty on other links. They are those of the neighbours, not of hosts behind a router. */
  readonly sourceMac: string;
  readonly destinationMac: string;
}

/** Those of what no packet was seen of. */
export const noSurroundings: FlowSurroundings = { tunnelProtocol: '', tunnelSourceIp: '', tunnelDestinationIp: '', sourceMac: '', destinationMac: '' };

/** Packets between two endpoints over one transport. Counters are cumulative, bytes are IP lengths. */
export class Flow {
  readonly sourceIp: string;
  /** 0 if the transport has no ports. */
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
  /** IANA name of the IP protocol, such as `tcp`, or its number. */
  readonly transport: string;
  readonly ipVersion: 4 | 6;
  /** Community ID v1, seed 0. */
  readonly communityId: string;
  readonly surroundings: FlowSurroundings;
  /** Time of the first packet, µs since 1970. */
  readonly startMicros: number;
  /**
   * Times of the last packet and of the destination's last one, µs after the first; null: none since. A small integer or null takes the space of its
   * field alone, while a time takes that of an object too.
   */
  #lastAfter: number | null = null;
  #answeredAfter: number | null = null;
  /** Number of the last packet. */
  lastFrame: number;
  sourceBytes = 0;
  sourcePackets = 0;
  destinationBytes = 0;
  destinationPackets = 0;
  /** Packets from the source since the destination's last one. */
  unansweredPackets = 0;
  /**
   * Time from SYN to SYN-ACK as seen by the probe, µs: the round trip between the probe and the destination. The other half, between the probe and
   * the source, is not included. 0 is unknown: no handshake was seen, or its SYN was retransmitted, so that it is ambiguous which one was answered
   * (Karn's rule, RFC 6298, section 3).
   */
  rttMicros = 0;
  /** The handler's own state. */
  context: unknown = undefined;
  /** Set by the handler if no further payload is of interest: none is held, reordered or passed on any more. */
  isPassedOver = false;
  /** Set by the handler if later flows may explain the content of this one: it may be idle for as long as a connection. */
  waitsForOthers = false;
  /** Set by the handler if what follows can be understood without what came before: it ends after a shorter silence. */
  mayEndEarly = false;
  /** The flow is in another table, and this one only follows it: see `FlowShare`. */
  isWatched = false;

  constructor(identity: FlowIdentity, micros: number, frame: number) {
    this.sourceIp = identity.sourceIp;
    this.sourcePort = identity.sourcePort;
    this.destinationIp = identity.destinationIp;
    this.destinationPort = identity.destinationPort;
    this.transport = identity.transport;
    this.ipVersion = identity.ipVersion;
    this.communityId = identity.communityId;
    this.surroundings = identity.surroundings;
    this.startMicros = micros;
    this.lastFrame = frame;
  }

  /** Time of the last packet, µs since 1970. */
  get lastMicros(): number {
    return this.startMicros + (this.#lastAfter ?? 0);
  }

  set lastMicros(micros: number) {
    this.#lastAfter = micros - this.startMicros;
  }

  /** Time of the destination's last packet, µs; 0 if there was none. */
  get answeredMicros(): number {
    return this.#answeredAfter === null ? 0 : this.startMicros + this.#answeredAfter;
  }

  set answeredMicros(micros: number) {
    this.#answeredAfter = micros - this.startMicros;
  }
}

export type FlowIdentity = Pick<Flow, 'sourceIp' | 'sourcePort' | 'destinationIp' | 'destinationPort' | 'transport' | 'ipVersion' | 'communityId'
  | 'surroundings'>;

/**
 * Receives the results. Calls come in the order of the packets, synchronously; `bytes` are valid during the call only.
 */
export interface FlowHandler {
  flowStarted(flow: Flow): void;
  /**
   * TCP payload in stream order, or the payload of one datagram.
   *
   * `frame` and `micros` are those of the packet that first carried these bytes. Bytes that were held because of a hole keep the number of
   * their own packet, so the frame numbers of a stream may decrease; evidence that spans chunks is complete at the highest frame number among
   * them.
   */
  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void;
  /** TCP bytes that were lost for good; the next payload comes after them. */
  gap(flow: Flow, sender: Sender, missing: number): void;
  /** The flow has lasted longer than the active timeout; called once per such period. */
  flowUpdated(flow: Flow): void;
  /** The last call for the flow. */
  flowEnded(flow: Flow, reason: FlowEndReason): void;
}
