/** Relative to the flow: its source opened it. */
export type Sender = 'source' | 'destination';

/** `refused` is what logs and exports call it; of packets it is an `rst` that nothing came before. */
export type FlowEndReason = 'fin' | 'rst' | 'timeout' | 'evicted' | 'finish' | 'refused';

/** Packets between two endpoints over one transport. Counters are cumulative, bytes are IP lengths. */
export class Flow {
  readonly sourceIp: string;
  /** 0 where the transport has no ports. */
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
  /** IANA name of the IP protocol, such as `tcp`, or its number. */
  readonly transport: string;
  readonly ipVersion: 4 | 6;
  /** Community ID v1, seed 0. */
  readonly communityId: string;
  /** Encapsulations around its first packet, outermost first, such as `gre>vxlan`; empty when there are none. */
  readonly tunnelProtocol: string;
  /** Endpoints of the outermost one, seen from the flow's source; empty when no IP packet is around it. */
  readonly tunnelSourceIp: string;
  readonly tunnelDestinationIp: string;
  /**
   * Hardware addresses by which its first packet went over an Ethernet; empty elsewhere. They are those of the neighbours, not of hosts behind a
   * router.
   */
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** Time of the first and of the last packet, µs since 1970; number of the last. */
  readonly startMicros: number;
  lastMicros: number;
  lastFrame: number;
  sourceBytes = 0;
  sourcePackets = 0;
  destinationBytes = 0;
  destinationPackets = 0;
  /** Packets of the source since the destination's last one. */
  unansweredPackets = 0;
  /** Time of the destination's last packet, µs; 0: there was none. */
  answeredMicros = 0;
  /**
   * Time from SYN to SYN-ACK as the probe saw them, µs: the round trip between the probe and the destination.
   * The other half, between the probe and the source, is not in it. 0 is unknown: no handshake seen, or its SYN was repeated,
   * so that it is open which one was answered (Karn's rule, RFC 6298, section 3).
   */
  rttMicros = 0;
  /** The handler's own state. */
  context: unknown = undefined;
  /** Set by the handler when no further payload is of interest: none is held, put in order or handed over any more. */
  isPassedOver = false;
  /** Set by the handler when flows to come may tell what is in this one: it may be silent for as long as a connection. */
  waitsForOthers = false;
  /** Set by the handler when what follows can be understood without what came before: a shorter silence ends it. */
  mayEndEarly = false;
  /** Another table has it, and this one only follows it: see `FlowShare`. */
  isWatched = false;

  constructor(identity: FlowIdentity, micros: number, frame: number) {
    this.sourceIp = identity.sourceIp;
    this.sourcePort = identity.sourcePort;
    this.destinationIp = identity.destinationIp;
    this.destinationPort = identity.destinationPort;
    this.transport = identity.transport;
    this.ipVersion = identity.ipVersion;
    this.communityId = identity.communityId;
    this.tunnelProtocol = identity.tunnelProtocol;
    this.tunnelSourceIp = identity.tunnelSourceIp;
    this.tunnelDestinationIp = identity.tunnelDestinationIp;
    this.sourceMac = identity.sourceMac;
    this.destinationMac = identity.destinationMac;
    this.startMicros = micros;
    this.lastMicros = micros;
    this.lastFrame = frame;
  }
}

export type FlowIdentity = Pick<Flow, 'sourceIp' | 'sourcePort' | 'destinationIp' | 'destinationPort' | 'transport' | 'ipVersion' | 'communityId'
  | 'tunnelProtocol' | 'tunnelSourceIp' | 'tunnelDestinationIp' | 'sourceMac' | 'destinationMac'>;

/**
 * What becomes of the packets. Calls come in the order of the packets, synchronously; `bytes` are valid during the call only.
 */
export interface FlowHandler {
  flowStarted(flow: Flow): void;
  /**
   * TCP payload in stream order, or the payload of one datagram.
   *
   * `frame` and `micros` are those of the packet that first carried these bytes. Bytes that had to wait for a hole to be
   * filled keep the number of their own packet, so frames of a stream may go back; evidence that spans chunks is complete
   * with the highest frame among them.
   */
  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void;
  /** TCP bytes that will never come; what follows is behind them. */
  gap(flow: Flow, sender: Sender, missing: number): void;
  /** Runs for longer than the active timeout; called once per such period. */
  flowUpdated(flow: Flow): void;
  /** The last call for the flow. */
  flowEnded(flow: Flow, reason: FlowEndReason): void;
}
