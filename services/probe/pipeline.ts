import { FlowTable, decodePacket, CaptureCounters, type Flow, type FlowEndReason, type FlowHandler, type FlowTableOptions, type PacketView, type Sender } from '#capture';
import { DatagramDissector, DissectCounters, NameCache, StreamDissector, defaultDissectOptions, type Message } from '#dissect';
import { createFlowRecord, flowId, recordId, type FlowRecord } from '#flow';
import { Recogniser, RecogniserCounters, redact, type Recognised, type Tokeniser } from '#identifiers';
import type { MonitoredNetworks } from './subject.ts';

export interface PipelineOptions {
  /** Name of the probe, part of every id. */
  observer: string;
  tokeniser: Tokeniser;
  monitored: MonitoredNetworks;
  flowTable?: Partial<FlowTableOptions>;
  /** Wall clock in microseconds, for `event.created`. */
  now: () => number;
  /** Sees raw values, for `scan --reveal` only; nothing else may keep them. */
  onRecognised?: (recognised: readonly Recognised[]) => void;
}

/** Observables on one record; more are counted on it. */
const maxObservables = 256;
/** Places of identifiers that a flow of datagrams remembers as told. */
const maxReported = 1024;
/** Raw values of a flow that later messages are redacted with. */
const maxRememberedValues = 64;

/**
 * Packets in, flow records out: decode → flow and stream → dissect → recognise → tokenise and redact → record.
 * Raw identifiers live in this class and below it, nowhere after it.
 */
export class ProbePipeline implements FlowHandler {
  readonly capture = new CaptureCounters();
  readonly dissect = new DissectCounters();
  readonly identifiers = new RecogniserCounters();
  /** Records made so far. */
  records = 0;
  readonly names = new NameCache();
  readonly #options: PipelineOptions;
  readonly #flows: FlowTable;
  readonly #recogniser: Recogniser;
  #records: FlowRecord[] = [];
  #file = '';

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#recogniser = new Recogniser({ tokeniser: options.tokeniser, maxPerMessage: maxObservables }, this.identifiers);
    this.#flows = new FlowTable(options.flowTable ?? {}, this, this.capture);
  }

  /** The packets that follow come from `file` (a capture's name without its folder, or an interface). */
  begin(file: string): void {
    this.#file = file;
  }

  /** Records that wait to be taken. */
  get pending(): number {
    return this.#records.length;
  }

  /** The records emitted since the last call. */
  take(): FlowRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  packet(view: PacketView): void {
    if (decodePacket(view, this.capture)) this.#flows.packet(view);
  }

  /** Ends all flows: the source has no more packets. */
  finish(): void {
    this.#flows.finish();
  }

  flowStarted(flow: Flow): void {
    flow.context = new FlowState(flow, this.#options.observer, this.#options.monitored.subjectIsDestination(flow.sourceIp, flow.destinationIp));
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    const state = flow.context as FlowState;
    if (flow.transport === 'tcp') {
      state.stream ??= new StreamDissector(defaultDissectOptions, (message) => this.#message(flow, state, message), this.dissect);
      state.stream.data(sender, bytes, frame, micros);
    } else if (flow.transport === 'udp') {
      state.datagrams ??= new DatagramDissector(defaultDissectOptions, (message) => this.#message(flow, state, message), this.dissect);
      state.datagrams.datagram(bytes, { sender, sourcePort: flow.sourcePort, destinationPort: flow.destinationPort, frame, micros });
    }
  }

  gap(flow: Flow, sender: Sender, missing: number): void {
    (flow.context as FlowState).stream?.gap(sender, missing);
  }

  flowUpdated(flow: Flow): void {
    const state = flow.context as FlowState;
    this.#emit(flow, state, this.#record(flow, state, flow.lastMicros, flow.lastFrame), 'update');
  }

  flowEnded(flow: Flow, _reason: FlowEndReason): void {
    const state = flow.context as FlowState;
    state.stream?.end();
    this.#emit(flow, state, this.#record(flow, state, flow.lastMicros, flow.lastFrame), 'end');
  }

  /** One application message: recognise, redact, and emit a record when there is something to tell. */
  #message(flow: Flow, state: FlowState, message: Message): void {
    if (message.resolution) this.names.learn(message.sender === 'destination' ? flow.sourceIp : flow.destinationIp, message.resolution, message.micros);
    const recognised = this.#recogniser.recognise(message);
    if (recognised.length > 0) {
      this.#options.onRecognised?.(recognised);
      state.remember(recognised);
    }
    const evidence = recognised.filter(({ observable }) => state.isNews(message, observable.token, observable.path));
    const isFirst = state.sequence === 0;
    state.learn(message);
    if (evidence.length === 0 && !isFirst && !hasFacts(message)) return;

    const record = this.#record(flow, state, message.micros, message.frame);
    for (const [name, value] of Object.entries(message.facts) as [keyof FlowRecord, unknown][]) {
      (record as Record<string, unknown>)[name] = state.redact(value);
    }
    if (record['destination.domain']) state.learnDomain(record['destination.domain'], record['telltale.destination.domain_source']);
    record['telltale.observables'] = evidence.map(({ observable }) => observable);
    record['telltale.observables_dropped'] = this.#recogniser.dropped;
    record['telltale.flow.observable_kinds'] = [...state.kinds];
    this.#emit(flow, state, record, isFirst ? 'first' : 'update');
  }

  /** A record with what is known of the flow itself. */
  #record(flow: Flow, state: FlowState, micros: number, frame: number): FlowRecord {
    const record = createFlowRecord();
    record['@timestamp'] = micros;
    record['event.start'] = flow.startMicros;
    record['event.created'] = this.#options.now();
    record['observer.name'] = this.#options.observer;
    record['telltale.flow.id'] = state.id;
    record['telltale.evidence.file'] = this.#file;
    record['telltale.evidence.frame'] = frame;
    record['source.ip'] = flow.sourceIp;
    record['source.port'] = flow.sourcePort;
    record['destination.ip'] = flow.destinationIp;
    record['destination.port'] = flow.destinationPort;
    record['telltale.subject.ip'] = state.subjectIsDestination ? flow.destinationIp : flow.sourceIp;
    record['telltale.peer.ip'] = state.subjectIsDestination ? flow.sourceIp : flow.destinationIp;
    record['network.type'] = flow.ipVersion === 4 ? 'ipv4' : 'ipv6';
    record['network.transport'] = flow.transport;
    record['network.protocol'] = state.protocol;
    record['network.community_id'] = flow.communityId;
    record['telltale.tunnel.protocol'] = flow.tunnelProtocol;
    record['telltale.tunnel.source_ip'] = flow.tunnelSourceIp;
    record['telltale.tunnel.destination_ip'] = flow.tunnelDestinationIp;
    record['telltale.handshake.rtt'] = flow.rttMicros;
    record['telltale.encryption.verdict'] = state.verdict.verdict;
    record['telltale.encryption.reason'] = state.verdict.reason;
    if (!state.domain) state.learnDomain(this.names.lookup(flow.sourceIp, flow.destinationIp, flow.startMicros), 'dns');
    record['destination.domain'] = state.domain;
    record['telltale.destination.domain_source'] = state.domainSource;
    record['telltale.flow.observable_kinds'] = [...state.kinds];
    return record;
  }

  #emit(flow: Flow, state: FlowState, record: FlowRecord, phase: 'first' | 'update' | 'end'): void {
    record['telltale.flow.state'] = phase;
    record['telltale.flow.sequence'] = state.sequence;
    record['event.id'] = recordId(state.id, state.sequence++);
    record['source.bytes'] = flow.sourceBytes - state.sourceBytes;
    record['source.packets'] = flow.sourcePackets - state.sourcePackets;
    record['destination.bytes'] = flow.destinationBytes - state.destinationBytes;
    record['destination.packets'] = flow.destinationPackets - state.destinationPackets;
    state.sourceBytes = flow.sourceBytes;
    state.sourcePackets = flow.sourcePackets;
    state.destinationBytes = flow.destinationBytes;
    state.destinationPackets = flow.destinationPackets;
    this.records++;
    this.#records.push(record);
  }
}

/** The pipeline's own state of a flow; kept on `flow.context`. */
class FlowState {
  readonly id: string;
  readonly subjectIsDestination: boolean;
  readonly kinds = new Set<string>();
  stream: StreamDissector | undefined;
  datagrams: DatagramDissector | undefined;
  sequence = 0;
  protocol = '';
  verdict: Message['encryption'] | { verdict: ''; reason: '' } = { verdict: '', reason: '' };
  domain = '';
  domainSource = '';
  /** Counters as of the last record: records carry differences. */
  sourceBytes = 0;
  sourcePackets = 0;
  destinationBytes = 0;
  destinationPackets = 0;
  #reported: Set<string> | undefined;
  #values: Recognised[] = [];

  constructor(flow: Flow, observer: string, subjectIsDestination: boolean) {
    this.id = flowId(observer, flow.communityId, flow.startMicros);
    this.subjectIsDestination = subjectIsDestination;
  }

  /** The flow is what its first recognised message says; payload that nothing claims changes nothing about that. */
  learn(message: Message): void {
    const unclaimed = message.protocol === 'udp' || message.protocol === 'tcp';
    if (unclaimed && this.protocol !== '') return;
    this.protocol = message.protocol;
    this.verdict = message.encryption;
  }

  remember(recognised: readonly Recognised[]): void {
    for (const one of recognised) {
      this.kinds.add(one.observable.kind);
      if (this.#values.length < maxRememberedValues && !this.#values.some((known) => known.observable.token === one.observable.token)) this.#values.push(one);
    }
  }

  /** Datagram protocols repeat themselves packet by packet: the same identifier at the same place is told once per flow. */
  isNews(message: Message, token: string, path: string): boolean {
    if (message.protocol !== 'udp' && message.protocol !== 'stun') return true;
    const place = `${token} ${path}`;
    this.#reported ??= new Set();
    if (this.#reported.has(place)) return false;
    if (this.#reported.size < maxReported) this.#reported.add(place);
    return true;
  }

  redact(value: unknown): unknown {
    if (this.#values.length === 0) return value;
    if (typeof value === 'string') return redact(value, this.#values);
    return Array.isArray(value) ? value.map((one) => redact(String(one), this.#values)) : value;
  }

  learnDomain(domain: string, source: string): void {
    this.domain = domain;
    this.domainSource = domain ? source : '';
  }
}

function hasFacts(message: Message): boolean {
  for (const _ in message.facts) return true;
  return false;
}
