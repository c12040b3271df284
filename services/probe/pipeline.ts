import {
  FlowTable, decodePacket, CaptureCounters, type Flow, type FlowEndReason, type FlowHandler, type FlowShare, type PacketView, type Sender,
} from '#capture';
import {
  DatagramDissector, DissectCounters, SctpDissector, StreamDissector, defaultDissectOptions, dissectIpPayload, isIpPayloadRead,
  type DatagramContext, type DissectEnvironment, type Message,
} from '#dissect';
import { flowId, type FlowRecord } from '#flow';
import type { RecogniserCounters, Watch } from '#identifiers';
import { FlowExportDecoder } from '#ingest';
import { collectorPorts } from './collector-ports.ts';
import { EntryRecorder } from './entry-recorder.ts';
import { FlowRecorder, type FlowRecorderOptions } from './flow-recorder.ts';
import { FlowState } from './flow-state.ts';
import { flowTableOptions, type TableBounds } from './tables.ts';

export interface PipelineOptions extends FlowRecorderOptions {
  /** Which flows this pipeline handles, if several share the packets. */
  share?: FlowShare;
}

/** Batch size while flows are ended and their records dropped. */
const recordsAtOnce = 4096;
/** Share of the bound on incomplete messages that is left after making room, so that it is rarely necessary. */
const leftOfMessages = 0.75;

/**
 * Turns packets and log entries into flow records. Packets: decode → flow and stream → dissect → recognise → tokenise and redact → record.
 * An entry of a log already is a dissected message and takes the rest of the way.
 */
export class ProbePipeline implements FlowHandler {
  readonly capture = new CaptureCounters();
  readonly dissect = new DissectCounters();
  /** Counters of logs, archives and flow exports. */
  readonly entries: EntryRecorder;
  /** For flows that are only watched: another pipeline counts them. */
  readonly #watched: DissectEnvironment = { options: defaultDissectOptions, counters: new DissectCounters() };
  readonly #environment: DissectEnvironment = { options: defaultDissectOptions, counters: this.dissect };
  readonly #recorder: FlowRecorder;
  readonly #flows: FlowTable;
  readonly #tables: TableBounds;
  #exports: FlowExportDecoder;
  #blank: DatagramDissector | null = null;
  #blankWatched: DatagramDissector | null = null;
  /** The current datagram; one object is reused for all. */
  readonly #context: DatagramContext = { sender: 'source', sourcePort: 0, destinationPort: 0, frame: 0, micros: 0 };
  /** Counters of all earlier sources. */
  #packetsBefore = 0;
  /** What the dissectors of all flows hold of incomplete messages, bytes. */
  #heldBytes = 0;
  /** The flow whose payload is being dissected, so that one callback for messages serves all flows. */
  #dissected: Flow | null = null;
  readonly #emit = (message: Message): void => {
    const flow = this.#dissected!;
    this.#recorder.message(flow, flow.context as DissectedFlow, message);
  };

  constructor(options: PipelineOptions) {
    this.#recorder = new FlowRecorder(options);
    this.#tables = options.tables;
    this.#flows = new FlowTable(flowTableOptions(this.#tables), this, this.capture, options.share ?? null);
    this.entries = new EntryRecorder(this.#recorder, this.#tables.logFlows);
    this.#exports = this.#exportDecoder();
  }

  get identifiers(): RecogniserCounters {
    return this.#recorder.identifiers;
  }

  get recurring(): FlowRecorder['recurring'] {
    return this.#recorder.recurring;
  }

  get recorded(): FlowRecorder['counters'] {
    return this.#recorder.counters;
  }

  get names(): FlowRecorder['names'] {
    return this.#recorder.names;
  }

  /** Records produced by threads that read for this pipeline. */
  recordsOfWorkers = 0;

  /** Records produced so far. */
  get records(): number {
    return this.#recorder.made + this.recordsOfWorkers;
  }

  /** Sets the watchlists whose values are searched for from now on; null for none. */
  watch(watch: Watch | null): void {
    this.#recorder.watch(watch);
  }

  /** Sets the source of what follows: `file` is a name without its folder, or an interface. */
  begin(file: string): void {
    this.#recorder.begin(file);
  }

  /** Number of records that {@link take} would return. */
  get pending(): number {
    return this.#recorder.pending;
  }

  /** Returns the records produced since the last call. */
  take(): FlowRecord[] {
    return this.#recorder.take();
  }

  packet(view: PacketView): void {
    if (decodePacket(view, this.capture)) this.#flows.packet(view);
  }

  /** Advances the time of a live capture without packets to `micros`: flows end and are reported by time alone. */
  advance(micros: number): void {
    this.#flows.advance(micros);
  }

  /** Reports all flows with unreported changes. */
  report(): void {
    this.#flows.report();
  }

  /** The source has no more packets: ends all flows, or `most` of them, so that their records can be taken in between. True if none is left. */
  finish(most = Infinity): boolean {
    if (!this.#flows.finish(most)) return false;
    // A private address of one capture is another host in the next. The logs of one sensor are about one network.
    if (this.capture.packets > this.#packetsBefore) this.names.clear();
    this.#packetsBefore = this.capture.packets;
    // Templates and sequence numbers of an exporter are valid within one source only.
    this.#exports = this.#exportDecoder();
    return true;
  }

  /** Ends all flows and drops the pending records, because the source is read again or given up. */
  discard(): void {
    while (!this.finish(recordsAtOnce)) this.take();
    this.take();
  }

  /** Handles a datagram of a flow export, sent by `exporter`. Returns false if it is not one. */
  flowExport(bytes: Buffer, exporter: string, micros: number): boolean {
    return this.#exports.datagram(bytes, exporter, micros) > 0;
  }

  /** Templates of flow exports, to be restored after a restart. */
  get exportTemplates(): string {
    return this.#exports.snapshot();
  }

  /** Increases whenever {@link templates} would return something else. */
  get exportTemplateChanges(): number {
    return this.#exports.changes;
  }

  /** Restores them; false if `templates` is invalid. */
  restoreExportTemplates(templates: string): boolean {
    return this.#exports.restore(templates);
  }

  flowStarted(flow: Flow): void {
    const id = flowId(this.#recorder.observer, flow.communityId, flow.startMicros);
    const subjectIsDestination = this.#recorder.subjectIsDestination(flow.sourceIp, flow.destinationIp);
    flow.context = new DissectedFlow(id, subjectIsDestination, flow.transport !== 'tcp', flow.isWatched);
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    const context = flow.context as DissectedFlow;
    const environment = flow.isWatched ? this.#watched : this.#environment;
    this.#dissected = flow;
    if (flow.transport === 'tcp') {
      context.stream ??= new StreamDissector(environment, this.#emit, flow.destinationPort);
      context.stream.data(sender, bytes, frame, micros);
      this.#hold(context, context.stream.heldBytes);
      if (context.stream?.done !== true) return;
      flow.isPassedOver = true;
      context.stream = undefined;
    } else if (flow.transport === 'udp') {
      if (collectorPorts.has(flow.destinationPort) && this.flowExport(bytes, flow.sourceIp, micros)) return;
      const datagrams = context.datagrams ?? this.#blankDatagrams(flow.isWatched);
      datagrams.datagram(bytes, this.#contextOf(flow, sender, frame, micros));
      if (datagrams.isBlank) return;
      context.datagrams = datagrams;
      this.#hold(context, datagrams.heldBytes);
    } else if (flow.transport === 'sctp') {
      context.association ??= new SctpDissector(environment, this.#emit);
      context.association.packet(bytes, this.#contextOf(flow, sender, frame, micros));
      this.#hold(context, context.association.heldBytes);
    } else if (isIpPayloadRead(flow.transport)) {
      const message = dissectIpPayload(flow.transport, bytes, this.#contextOf(flow, sender, frame, micros), environment);
      if (message !== null) this.#emit(message);
    }
  }

  /** A dissector for flows of which nothing has to be remembered so far, such as a DNS query and its response; the one that remembers keeps it. */
  #blankDatagrams(isWatched: boolean): DatagramDissector {
    const blank = isWatched ? this.#blankWatched : this.#blank;
    if (blank?.isBlank) return blank;
    const made = new DatagramDissector(isWatched ? this.#watched : this.#environment, this.#emit);
    if (isWatched) this.#blankWatched = made;
    else this.#blank = made;
    return made;
  }

  #contextOf(flow: Flow, sender: Sender, frame: number, micros: number): DatagramContext {
    const context = this.#context;
    context.sender = sender;
    context.sourcePort = flow.sourcePort;
    context.destinationPort = flow.destinationPort;
    context.frame = frame;
    context.micros = micros;
    return context;
  }

  /** The dissector of a flow now holds `bytes` of incomplete messages. If all together hold too many, some flows discard theirs. */
  #hold(context: DissectedFlow, bytes: number): void {
    this.#heldBytes += bytes - context.heldBytes;
    context.heldBytes = bytes;
    if (this.#heldBytes > this.#tables.messages) this.#makeRoom();
  }

  /**
   * The flows idle for longest report what they hold of incomplete messages and discard it; their later payload is read from the next start of
   * a message on.
   */
  #makeRoom(): void {
    for (const flow of this.#flows.flows) {
      if (this.#heldBytes <= this.#tables.messages * leftOfMessages) break;
      const context = flow.context as DissectedFlow;
      if (context.heldBytes === 0) continue;
      this.#dissected = flow;
      context.stream?.end();
      context.datagrams?.end();
      context.stream = context.datagrams = context.association = undefined;
      this.#heldBytes -= context.heldBytes;
      context.heldBytes = 0;
      if (!flow.isWatched) this.dissect.add(flow.transport, 'bounded messages');
    }
  }

  gap(flow: Flow, sender: Sender, missing: number): void {
    this.#dissected = flow;
    (flow.context as DissectedFlow).stream?.gap(sender, missing);
  }

  flowUpdated(flow: Flow): void {
    this.#recorder.update(flow, flow.context as DissectedFlow);
  }

  flowEnded(flow: Flow, reason: FlowEndReason): void {
    const context = flow.context as DissectedFlow;
    this.#dissected = flow;
    context.stream?.end();
    context.datagrams?.end();
    this.#heldBytes -= context.heldBytes;
    this.#recorder.end(flow, context, undefined, reason);
    this.#dissected = null;
  }

  #exportDecoder(): FlowExportDecoder {
    const { counters } = this.entries;
    const { templates, untemplated } = this.#tables;
    return new FlowExportDecoder({
      counters, capture: this.capture, emit: (entry) => this.entries.record(entry), maxTemplates: templates, maxSamplers: templates,
      maxWaitingBytes: untemplated,
    });
  }
}

/** The state of a flow of packets, and what reads its payload; kept on `flow.context`. */
class DissectedFlow extends FlowState {
  stream: StreamDissector | undefined = undefined;
  datagrams: DatagramDissector | undefined = undefined;
  association: SctpDissector | undefined = undefined;
  /** What they hold of incomplete messages, bytes. */
  heldBytes = 0;
}
