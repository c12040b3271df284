import { randomInt } from 'node:crypto';
import { communityIdOf } from './community-id.ts';
import type { CaptureCounters } from './counters.ts';
import { FlowAges, type FlowTimeouts } from './flow-ages.ts';
import type { Flow, FlowEndReason, FlowHandler, FlowIdentity } from './flow.ts';
import { FlowKey } from './flow-key.ts';
import { FlowSlots } from './flow-slots.ts';
import { FragmentTable } from './fragments.ts';
import { decodeQuoted, isIcmpError } from './icmp-error.ts';
import { senderIsInitiator } from './initiator.ts';
import { TCP, transportName } from './protocols.ts';
import { surroundingsOf } from './surroundings.ts';
import { TcpConnections } from './tcp-connections.ts';
import { TrackedFlow } from './tracked-flow.ts';
import { PacketView } from './view.ts';

export interface FlowTableOptions extends FlowTimeouts {
  /** Maximum number of flows; the one idle for longest is evicted. */
  readonly maxFlows: number;
  /** Maximum number of out-of-order bytes held for one direction of a TCP connection. */
  readonly maxBufferedBytesPerStream: number;
  /** Maximum for all of them together. */
  readonly maxBufferedBytes: number;
  /** Maximum number of bytes held of incomplete IP datagrams. */
  readonly maxFragmentBytes: number;
  /** A flow that goes on is reported each time this period has passed. */
  readonly activeTimeoutMicros: number;
}

/** The share of one table if several tables see the same packets. */
export interface FlowShare {
  /** Mixed into the hash of flows; the same in all of these tables. */
  readonly seed: number;
  /** `own`: the packet's flow is in this table. `watched`: it is in another table, but is to be followed here too. `other`: ignore it. */
  take(view: PacketView, hash: number): 'own' | 'watched' | 'other';
}

export const flowTableDefaults: FlowTableOptions = {
  maxFlows: 100_000,
  maxBufferedBytesPerStream: 1024 * 1024,
  maxBufferedBytes: 64 * 1024 * 1024,
  maxFragmentBytes: 4 * 1024 * 1024,
  activeTimeoutMicros: 60e6,
  closedTimeoutMicros: 5e6,
  unansweredTimeoutMicros: 60e6,
  datagramTimeoutMicros: 300e6,
  connectionTimeoutMicros: 600e6,
  exchangeTimeoutMicros: 120e6,
};

/**
 * Flows by 5-tuple, with TCP streams put in order. Time is that of the packets.
 *
 * Packets should be roughly in chronological order. A packet older than the last one of its flow still counts; a jump ahead ends the flows that
 * were idle for that long.
 */
export class FlowTable {
  readonly #options: FlowTableOptions;
  readonly #handler: FlowHandler;
  readonly #counters: CaptureCounters;
  readonly #fragments: FragmentTable;
  readonly #connections: TcpConnections;
  readonly #share: FlowShare | null;
  readonly #key: FlowKey;
  readonly #slots = new FlowSlots();
  /** The packet to which an ICMP error refers, as far as the error quotes it. */
  readonly #quoted = new PacketView();
  readonly #ages: FlowAges;

  constructor(options: Partial<FlowTableOptions>, handler: FlowHandler, counters: CaptureCounters, share: FlowShare | null = null) {
    this.#options = { ...flowTableDefaults, ...options };
    this.#handler = handler;
    this.#counters = counters;
    this.#share = share;
    this.#key = new FlowKey(share?.seed ?? randomInt(2 ** 31));
    this.#ages = new FlowAges(this.#slots, this.#options);
    this.#fragments = new FragmentTable(this.#options.maxFragmentBytes, counters);
    this.#connections = new TcpConnections(this.#options, handler, counters);
  }

  /** Flows in the table. */
  get size(): number {
    return this.#slots.size;
  }

  /** All flows. Among those with the same timeout, the one idle for longest comes first. No flow may be ended during the iteration. */
  get flows(): Iterable<Flow> {
    return this.#ages;
  }

  /** Takes a packet that `decodePacket` understood. If a fragment completes its datagram, the view is changed to the whole datagram. */
  packet(view: PacketView): void {
    const { micros } = view;
    this.#expire(micros);
    // The payload of fragments may again be a fragment, of a datagram inside an encapsulation.
    while (view.isFragment) if (!this.#fragments.add(view)) return;

    this.#key.read(view);
    const part = this.#share === null ? 'own' : this.#share.take(view, this.#key.hash);
    if (part === 'other') return;
    const flow = this.#flowOf(view, part === 'watched');
    const fromSource = this.#key.senderIsLow === flow.sourceIsLow;
    if (fromSource) {
      flow.sourceBytes += view.ipLength;
      flow.sourcePackets += view.packets;
      flow.unansweredPackets += view.packets;
    } else {
      flow.destinationBytes += view.ipLength;
      flow.destinationPackets += view.packets;
      flow.unansweredPackets = 0;
      flow.answeredMicros = micros;
    }
    flow.lastFrame = view.frame;
    if (micros > flow.lastMicros) flow.lastMicros = micros;

    if (isIcmpError(view)) this.#countError(view);
    if (view.transport === TCP) this.#connections.segment(flow, fromSource, view);
    else if (view.payloadEnd > view.payloadStart && !flow.isPassedOver) {
      const bytes = view.data.subarray(view.payloadStart, view.payloadEnd);
      this.#handler.payload(flow, fromSource ? 'source' : 'destination', bytes, view.frame, micros);
    }
    this.#ages.touch(flow);

    if (micros - flow.updatedMicros >= this.#options.activeTimeoutMicros) {
      flow.updatedMicros = micros;
      this.#handler.flowUpdated(flow);
    }
  }

  /**
   * Time has advanced without packets, to `now` (µs): ends and reports the flows for which that is due.
   * Only for a live capture: the time of a file is that of its packets.
   */
  advance(now: number): void {
    this.#expire(now);
    for (const flow of this.#ages) {
      // Nothing has arrived since the last report.
      if (flow.closed !== null || flow.lastMicros <= flow.updatedMicros || now - flow.updatedMicros < this.#options.activeTimeoutMicros) continue;
      flow.updatedMicros = now;
      this.#handler.flowUpdated(flow);
    }
  }

  /** Reports all flows that have changed: a consumer that stops early may never see their end. */
  report(): void {
    for (const flow of this.#ages) {
      if (flow.lastMicros <= flow.updatedMicros) continue;
      flow.updatedMicros = flow.lastMicros;
      this.#handler.flowUpdated(flow);
    }
  }

  /** Ends all flows, or the `most` that were idle for longest; true if none is left. */
  finish(most = Infinity): boolean {
    this.#fragments.finish();
    for (let ended = 0; ended < most; ended++) {
      const flow = this.#ages.oldest;
      if (flow === null) return true;
      this.#end(flow, flow.closed ?? 'finish');
    }
    return this.#slots.size === 0;
  }

  #flowOf(view: PacketView, isWatched: boolean): TrackedFlow {
    const flow = this.#slots.find(this.#key);
    if (flow === null) return this.#start(view, isWatched);
    const fromSource = this.#key.senderIsLow === flow.sourceIsLow;
    const isSilent = view.micros - flow.lastMicros > flow.order!.timeoutMicros;
    if (!isSilent && !(view.transport === TCP && this.#connections.isNew(flow, fromSource, view))) return flow;
    this.#end(flow, flow.closed ?? 'timeout');
    return this.#start(view, isWatched);
  }

  /** Counts an ICMP error, depending on whether the packet that it quotes belongs to a known flow. */
  #countError(view: PacketView): void {
    const isKnown = this.#readQuoted(view) && this.#slots.find(this.#key) !== null;
    this.#counters.count(isKnown ? 'icmp/error' : 'icmp/error_unknown');
  }

  #readQuoted(view: PacketView): boolean {
    if (!decodeQuoted(view, this.#quoted)) return false;
    this.#key.read(this.#quoted);
    return true;
  }

  #start(view: PacketView, isWatched: boolean): TrackedFlow {
    if (this.#slots.size >= this.#options.maxFlows) this.#evict();
    const isInitiator = senderIsInitiator(view);
    const sourceIsLow = this.#key.senderIsLow === isInitiator;
    const flow = new TrackedFlow(identify(view, isInitiator), sourceIsLow, view.micros, view.frame);
    this.#slots.add(this.#key, flow);
    this.#ages.touch(flow);
    flow.isWatched = isWatched;
    if (!isWatched) this.#counters.flowsStarted++;
    this.#handler.flowStarted(flow);
    return flow;
  }

  #expire(now: number): void {
    for (let flow = this.#ages.expired(now); flow !== null; flow = this.#ages.expired(now)) this.#end(flow, flow.closed ?? 'timeout');
  }

  #evict(): void {
    const flow = this.#ages.oldest!;
    if (flow.closed === null) this.#counters.count('flow/evicted');
    this.#end(flow, flow.closed ?? 'evicted');
  }

  #end(flow: TrackedFlow, reason: FlowEndReason): void {
    this.#connections.flush(flow);
    this.#ages.remove(flow);
    this.#slots.remove(flow);
    if (!flow.isWatched) this.#counters.flowsEnded++;
    this.#handler.flowEnded(flow, reason);
  }
}

function identify(view: PacketView, senderIsSource: boolean): FlowIdentity {
  const { transport, addressLength, sourceIp, destinationIp, sourcePort, destinationPort } = view;
  return {
    sourceIp: senderIsSource ? sourceIp : destinationIp,
    sourcePort: senderIsSource ? sourcePort : destinationPort,
    destinationIp: senderIsSource ? destinationIp : sourceIp,
    destinationPort: senderIsSource ? destinationPort : sourcePort,
    transport: transportName(transport),
    ipVersion: addressLength === 16 ? 6 : 4,
    surroundings: surroundingsOf(view, senderIsSource),
    communityId: communityIdOf(view),
  };
}
