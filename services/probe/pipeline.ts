import { FlowTable, decodePacket, CaptureCounters, type Flow, type FlowEndReason, type FlowHandler, type FlowTableOptions, type PacketView, type Sender } from '#capture';
import { DatagramDissector, DissectCounters, NameCache, StreamDissector, defaultDissectOptions, type Message, type NameResolution } from '#dissect';
import { createFlowRecord, flowFields, flowId, recordId, type FieldDefinition, type FlowRecord, type Observable } from '#flow';
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
/** An identifier could be read where no structure is known. */
const readable: Message['encryption'] = { verdict: 'cleartext', reason: 'an identifier can be read' };
/** Places of identifiers that a flow of datagrams remembers as told. */
const maxReported = 1024;
/** Raw values of a flow that later messages are redacted with: the latest ones, and at least all of the message itself. */
const maxRememberedValues = 64;
/** Characters of a value that is looked for in the paths of observables. */
const shortestInPath = 6;

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
    this.#emit(flow, state, this.#record(flow, state, flow.lastMicros, flow.lastFrame));
  }

  flowEnded(flow: Flow, _reason: FlowEndReason): void {
    const state = flow.context as FlowState;
    state.stream?.end();
    this.#emit(flow, state, this.#record(flow, state, flow.lastMicros, flow.lastFrame), true);
  }

  /** One application message: recognise, redact, and emit a record when there is something to tell. */
  #message(flow: Flow, state: FlowState, message: Message): void {
    const recognised = this.#recogniser.recognise(message);
    if (recognised.length > 0) {
      this.#options.onRecognised?.(recognised);
      state.remember(recognised);
      if (message.encryption.verdict === 'opaque') message.encryption = readable;
    }
    if (message.resolution) this.#learnName(flow, state, message, message.resolution);
    const evidence = recognised.filter(({ observable }) => state.isNews(message, observable.token, observable.path));
    const isFirst = state.sequence === 0;
    state.learn(message);
    if (evidence.length === 0 && !isFirst && !hasFacts(message)) return;

    const record = this.#record(flow, state, message.micros, message.frame);
    const isReadInFull = this.#recogniser.readInFull && message.fields.length < defaultDissectOptions.maxFields;
    for (const [name, value] of Object.entries(message.facts) as [keyof FlowRecord, unknown][]) {
      if (isReadInFull || !mayHoldIdentifier(name)) (record as Record<string, unknown>)[name] = state.redactFact(value);
    }
    if (record['destination.domain']) state.learnDomain(record['destination.domain'], record['telltale.destination.domain_source']);
    record['telltale.observables'] = evidence.map(({ observable }) => state.redactPath(observable));
    record['telltale.observables_dropped'] = this.#recogniser.dropped;
    record['telltale.flow.observable_kinds'] = [...state.kinds];
    this.#emit(flow, state, record);
  }

  /** The name will stand on records of other flows, where nobody knows the identifiers in it. */
  #learnName(flow: Flow, state: FlowState, { sender, micros }: Message, resolution: NameResolution): void {
    const client = sender === 'destination' ? flow.sourceIp : flow.destinationIp;
    this.names.learn(client, { ...resolution, name: state.redact(resolution.name) }, micros);
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
    record['destination.domain'] = state.redact(state.domain);
    record['telltale.destination.domain_source'] = state.domainSource;
    record['telltale.flow.observable_kinds'] = [...state.kinds];
    return record;
  }

  #emit(flow: Flow, state: FlowState, record: FlowRecord, ended = false): void {
    record['telltale.flow.state'] = ended ? 'end' : state.sequence === 0 ? 'first' : 'update';
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

  /** The flow is what its latest recognised message says (ICE turns into RTP); payload that nothing claims changes nothing about that. */
  learn(message: Message): void {
    const unclaimed = message.protocol === 'udp' || message.protocol === 'tcp';
    if (!unclaimed || this.protocol === '') {
      this.protocol = message.protocol;
      this.verdict = message.encryption;
    } else if (message.encryption === readable) {
      this.verdict = readable;
    }
  }

  remember(recognised: readonly Recognised[]): void {
    for (const one of recognised) {
      this.kinds.add(one.observable.kind);
      const known = this.#values.findIndex((other) => other.value === one.value && other.written.join() === one.written.join());
      if (known >= 0) this.#values.splice(known, 1);
      this.#values.push(one);
    }
    const surplus = this.#values.length - Math.max(maxRememberedValues, recognised.length);
    if (surplus > 0) this.#values.splice(0, surplus);
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

  redact(text: string): string {
    return this.#values.length === 0 ? text : redact(text, this.#values);
  }

  redactFact(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    return Array.isArray(value) ? value.map((one) => this.redact(String(one))) : value;
  }

  /** A key can be an identifier too, so that it stands in the path of what is below it. Short and plain words are names. */
  redactPath(observable: Observable): Observable {
    const path = redact(observable.path, this.#values.filter(({ value }) => value.length >= shortestInPath && /[\d@]/.test(value)));
    return path === observable.path ? observable : { ...observable, path };
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

/** Texts of the wire other than words of a protocol. Where a bound left part of a message unread, nobody can say what is in them. */
function mayHoldIdentifier(name: keyof FlowRecord): boolean {
  const { type, lowCardinality }: FieldDefinition = flowFields[name];
  return (type === 'string' || type === 'strings') && lowCardinality === undefined;
}
