import type { Flow, FlowEndReason } from '#capture';
import { NameCache, defaultDissectOptions, defaultNameCacheOptions, type Message, type NameResolution } from '#dissect';
import { createFlowRecord, flowFields, recordId, type FieldDefinition, type FlowField, type FlowRecord } from '#flow';
import { isMac, normaliseMac, Recogniser, RecogniserCounters, type Recognised, type Tokeniser, type Watch } from '#identifiers';
import { FlowInference } from './inference.ts';
import { readable, type FlowState } from './flow-state.ts';
import type { MonitoredNetworks } from './subject.ts';
import type { TableBounds } from './tables.ts';

export interface FlowRecorderOptions {
  /** Name of the probe, part of every id. */
  observer: string;
  tokeniser: Tokeniser;
  monitored: MonitoredNetworks;
  tables: TableBounds;
  /** Wall clock in microseconds, for `event.created`. */
  now: () => number;
  /** Receives raw values, for `scan --reveal` only; nothing else may keep them. */
  onRecognised?: (recognised: readonly Recognised[]) => void;
}

/** What an entry of a log or flow export has in addition to a packet's data. */
export interface EntryOrigin {
  /** Number of the line or entry, from 1; 0 if there is none. */
  line: number;
  /** Digest of the entry. The record's id is derived from it, so that reading a log again from anywhere gives the same ids. */
  digest: string;
  /** `inspected` if only the company's own TLS inspection can read the content of the entry. */
  visibility: 'cleartext' | 'inspected';
  /** Sampling rate: one of so many packets was counted; 0 if all were, or if it is unknown. */
  samplingRate: number;
}

/** Most tokens of hardware addresses that are kept; a network segment has fewer hosts. */
const rememberedMacs = 4096;
/** Each of their messages can be understood on its own, and their servers close connections idle for about a minute (RFC 7766, section 6.2.3). */
const exchangeProtocols: ReadonlySet<string> = new Set(['http', 'dns']);
/** Most observables on one record; further ones are counted on it. */
const maxObservables = 256;

/**
 * Turns flows and their messages into flow records: recognise → tokenise and redact → record. Used for captures, logs and flow exports.
 * Raw identifiers exist in this class and in those it calls, but not in its output.
 */
export class FlowRecorder {
  readonly identifiers = new RecogniserCounters();
  readonly names: NameCache;
  readonly #inference: FlowInference;
  readonly counters = { hopsDropped: 0 };
  /** Records produced so far. */
  made = 0;
  readonly #options: FlowRecorderOptions;
  readonly #recogniser: Recogniser;
  readonly #macTokens = new Map<string, string>();
  /** For flows that are only watched: another pipeline counts what is found in them. */
  readonly #watching: Recogniser;
  #records: FlowRecord[] = [];
  #file = '';

  constructor(options: FlowRecorderOptions) {
    this.#options = options;
    const { names, samples, values } = options.tables;
    this.names = new NameCache({ ...defaultNameCacheOptions, maxNames: names });
    this.#inference = new FlowInference(options.tokeniser, { maxFlows: samples, maxValues: values });
    const limits = { tokeniser: options.tokeniser, maxPerMessage: maxObservables };
    this.#recogniser = new Recogniser(limits, this.identifiers);
    this.#watching = new Recogniser(limits, new RecogniserCounters());
  }

  get recurring(): FlowInference['recurring'] {
    return this.#inference.recurring;
  }

  /** Sets the lists whose values are searched for from now on; null for none. */
  watch(watch: Watch | null): void {
    this.#recogniser.watch(watch);
  }

  get observer(): string {
    return this.#options.observer;
  }

  /** Sets the source of what follows: `file` is a name without its folder, or an interface. */
  begin(file: string): void {
    this.#file = file;
  }

  /** Number of records that {@link take} would return. */
  get pending(): number {
    return this.#records.length;
  }

  /** Returns the records produced since the last call. */
  take(): FlowRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  subjectIsDestination(sourceIp: string, destinationIp: string): boolean {
    return this.#options.monitored.subjectIsDestination(sourceIp, destinationIp);
  }

  /** Handles one application message: recognises and redacts, and produces a record if there is something to report. */
  message(flow: Flow, state: FlowState, message: Message, origin?: EntryOrigin): void {
    const recogniser = state.isWatched ? this.#watching : this.#recogniser;
    const recognised = recogniser.recognise(message);
    if (recognised.length > 0) {
      if (origin) for (const { observable } of recognised) observable.visibility = origin.visibility;
      this.#options.onRecognised?.(recognised);
      state.remember(recognised);
      if (message.encryption.verdict === 'opaque') message.encryption = readable;
    }
    if (message.resolution) this.#learnName(flow, state, message, message.resolution);
    if (state.isWatched) return;
    const evidence = recognised.length === 0 ? recognised : recognised.filter(({ observable }) => state.isNews(observable.token, observable.path));
    const isFirst = state.sequence === 0;
    state.learn(message);
    flow.mayEndEarly = exchangeProtocols.has(state.protocol);
    if (origin === undefined) this.#inference.observe(flow, state, message, this.#file);
    if (evidence.length === 0 && !isFirst && !hasFacts(message)) return;

    const record = this.#record(flow, state, message.micros, message.frame);
    const isReadInFull = recogniser.readInFull && message.fields.length < defaultDissectOptions.maxFields;
    const { facts } = message;
    for (const name in facts) {
      if (isReadInFull || !mayHoldIdentifier(name as FlowField))
        (record as Record<string, unknown>)[name] = state.redactFact(facts[name as FlowField]);
    }
    if (message.session !== undefined) record['telltale.session.id'] = this.#options.tokeniser.token(message.session);
    if (record['telltale.flow.hops'].length > 0) this.#addHops(state, record['telltale.flow.hops']);
    record['telltale.flow.hops'] = state.hops;
    state.rttMicros ||= record['telltale.handshake.rtt'];
    if (record['destination.domain']) state.learnDomain(record['destination.domain'], record['telltale.destination.domain_source']);
    if (evidence.length > 0) record['telltale.observables'] = state.withRedactedPaths(evidence);
    record['telltale.observables_dropped'] = recogniser.dropped;
    record['telltale.flow.observable_kinds'] = state.kinds;
    this.#emit(flow, state, record, false, origin);
  }

  #addHops(state: FlowState, texts: readonly string[]): void {
    this.counters.hopsDropped += state.addHops(texts);
  }

  /** The name will be put on records of other flows, for which the identifiers in it are unknown. */
  #learnName(flow: Flow, state: FlowState, { sender, micros }: Message, resolution: NameResolution): void {
    const client = sender === 'destination' ? flow.sourceIp : flow.destinationIp;
    const aliases = resolution.aliases?.map((name) => state.redact(name)) ?? [];
    this.names.learn(client, { ...resolution, name: state.redact(resolution.name), aliases }, micros);
  }

  /** The flow continues: records its counters since its last record. */
  update(flow: Flow, state: FlowState, origin?: EntryOrigin): void {
    if (state.isWatched) return;
    this.#emit(flow, state, this.#summary(flow, state), false, origin);
  }

  /** The flow has ended; for a flow of packets, `reason` says why. */
  end(flow: Flow, state: FlowState, origin?: EntryOrigin, reason: FlowEndReason | '' = ''): void {
    if (state.isWatched) return;
    const record = this.#summary(flow, state);
    record['telltale.flow.end_reason'] = reason;
    this.#emit(flow, state, record, true, origin);
    this.#inference.end(state);
  }

  /** A record about the flow rather than a message, with what has since been inferred about its payload from other flows. */
  #summary(flow: Flow, state: FlowState): FlowRecord {
    const inference = this.#inference.infer(flow, state);
    if (inference) {
      this.#options.onRecognised?.(inference.recognised);
      state.remember(inference.recognised);
    }
    const record = this.#record(flow, state, flow.lastMicros, flow.lastFrame);
    if (inference) {
      record['telltale.observables'] = inference.recognised.map(({ observable }) => observable);
      record['telltale.inference'] = inference.evidence;
    }
    return record;
  }

  /** A record with the properties of the flow itself. */
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
    const { tunnelProtocol, tunnelSourceIp, tunnelDestinationIp, sourceMac, destinationMac } = flow.surroundings;
    record['telltale.tunnel.protocol'] = tunnelProtocol;
    record['telltale.tunnel.source_ip'] = tunnelSourceIp;
    record['telltale.tunnel.destination_ip'] = tunnelDestinationIp;
    record['telltale.handshake.rtt'] = flow.rttMicros || state.rttMicros;
    record['telltale.encryption.verdict'] = state.verdict.verdict;
    record['telltale.encryption.reason'] = state.verdict.reason;
    if (state.domain === '' || state.sequence === 0) this.#learnFromNames(flow, state);
    record['telltale.flow.hops'] = state.hops;
    const mac = state.subjectIsDestination ? destinationMac : sourceMac;
    if (mac !== '') record['telltale.subject.mac'] = this.#macToken(mac);
    record['destination.domain'] = state.redactedDomain;
    record['telltale.destination.domain_source'] = state.domainSource;
    record['telltale.flow.observable_kinds'] = state.kinds;
    return record;
  }

  /** The DNS name that the client resolved before the flow began. */
  #learnFromNames(flow: Flow, state: FlowState): void {
    const known = this.names.lookup(flow.sourceIp, flow.destinationIp, flow.startMicros);
    if (known === undefined) return;
    if (state.domain === '') state.learnDomain(known.name, 'dns');
    if (state.sequence === 0) this.#addHops(state, known.aliases.map((name) => `dns-cname=${name}`));
  }

  /** The token that an identifier of kind `mac` gets too; empty for an address that identifies no device. */
  #macToken(mac: string): string {
    let token = this.#macTokens.get(mac);
    if (token === undefined) {
      if (this.#macTokens.size === rememberedMacs) this.#macTokens.clear();
      this.#macTokens.set(mac, token = isMac(mac) ? this.#options.tokeniser.token(normaliseMac(mac)) : '');
    }
    return token;
  }

  #emit(flow: Flow, state: FlowState, record: FlowRecord, ended: boolean, origin?: EntryOrigin): void {
    record['telltale.flow.state'] = ended ? 'end' : state.sequence === 0 ? 'first' : 'update';
    record['telltale.flow.sequence'] = state.sequence;
    record['event.id'] = recordId(state.id, origin?.digest ?? state.sequence);
    state.sequence++;
    if (origin) {
      record['telltale.evidence.line'] = origin.line;
      record['telltale.sampling.rate'] = origin.samplingRate;
    }
    record['source.bytes'] = flow.sourceBytes - state.sourceBytes;
    record['source.packets'] = flow.sourcePackets - state.sourcePackets;
    record['destination.bytes'] = flow.destinationBytes - state.destinationBytes;
    record['destination.packets'] = flow.destinationPackets - state.destinationPackets;
    if (flow.unansweredPackets > 0) {
      record['telltale.unanswered.packets'] = flow.unansweredPackets;
      record['telltale.unanswered.duration'] = Math.max(0, flow.lastMicros - (flow.answeredMicros || flow.startMicros));
    }
    state.sourceBytes = flow.sourceBytes;
    state.sourcePackets = flow.sourcePackets;
    state.destinationBytes = flow.destinationBytes;
    state.destinationPackets = flow.destinationPackets;
    this.made++;
    this.#records.push(record);
  }
}

function hasFacts(message: Message): boolean {
  for (const _ in message.facts) return true;
  return false;
}

/** Texts from the wire other than protocol keywords. If a bound left part of a message unread, it is unknown what is in them. */
function mayHoldIdentifier(name: FlowField): boolean {
  const { type, lowCardinality }: FieldDefinition = flowFields[name];
  return (type === 'string' || type === 'strings') && lowCardinality === undefined;
}
