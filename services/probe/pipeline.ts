import { FlowTable, decodePacket, CaptureCounters, type Flow, type FlowEndReason, type FlowHandler, type FlowShare, type PacketView, type Sender } from '#capture';
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
  /** Which flows are this pipeline's, where several share the packets. */
  share?: FlowShare;
}

/** While flows are ended for nobody. */
const recordsAtOnce = 4096;

/**
 * Packets and log entries in, flow records out. Packets: decode → flow and stream → dissect → recognise → tokenise and redact → record.
 * An entry of a log is a dissected message already, and takes the rest of the way.
 */
export class ProbePipeline implements FlowHandler {
  readonly capture = new CaptureCounters();
  readonly dissect = new DissectCounters();
  /** What comes from logs, archives and flow exports. */
  readonly entries: EntryRecorder;
  /** Of flows that are only watched: their own pipeline counts them. */
  readonly #watched: DissectEnvironment = { options: defaultDissectOptions, counters: new DissectCounters() };
  readonly #environment: DissectEnvironment = { options: defaultDissectOptions, counters: this.dissect };
  readonly #recorder: FlowRecorder;
  readonly #flows: FlowTable;
  readonly #tables: TableBounds;
  #exports: FlowExportDecoder;
  /** Of the datagram at hand: one object for all of them. */
  readonly #context: DatagramContext = { sender: 'source', sourcePort: 0, destinationPort: 0, frame: 0, micros: 0 };
  /** Of all sources before this one. */
  #packetsBefore = 0;
  /** Whose payload is being dissected: messages come while it is, so that all flows share who takes them. */
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

  /** Made by threads that read for this pipeline. */
  recordsOfWorkers = 0;

  /** Records made so far. */
  get records(): number {
    return this.#recorder.made + this.recordsOfWorkers;
  }

  /** From now on the values of these watchlists are looked for; null: of none. */
  watch(watch: Watch | null): void {
    this.#recorder.watch(watch);
  }

  /** What follows comes from `file` (a name without its folder, or an interface). */
  begin(file: string): void {
    this.#recorder.begin(file);
  }

  /** Records that wait to be taken. */
  get pending(): number {
    return this.#recorder.pending;
  }

  /** The records emitted since the last call. */
  take(): FlowRecord[] {
    return this.#recorder.take();
  }

  packet(view: PacketView): void {
    if (decodePacket(view, this.capture)) this.#flows.packet(view);
  }

  /** Time of a live capture went on without packets, to `micros`: flows end, and are reported, by time alone. */
  advance(micros: number): void {
    this.#flows.advance(micros);
  }

  /** Reports all flows that have news. */
  report(): void {
    this.#flows.report();
  }

  /** The source has no more packets: ends all flows, or `most` of them, so that their records can be taken in between. True when none is left. */
  finish(most = Infinity): boolean {
    if (!this.#flows.finish(most)) return false;
    // Private addresses of one capture mean others in the next. The logs of one sensor speak of one network.
    if (this.capture.packets > this.#packetsBefore) this.names.clear();
    this.#packetsBefore = this.capture.packets;
    // Templates and sequence numbers of an exporter hold within a source only.
    this.#exports = this.#exportDecoder();
    return true;
  }

  /** Ends all flows and drops what waits to be taken: nobody takes it. The source is read again, or given up. */
  discard(): void {
    while (!this.finish(recordsAtOnce)) this.take();
    this.take();
  }

  /** A datagram of a flow export, sent by `exporter`. Returns false when it is none. */
  flowExport(bytes: Buffer, exporter: string, micros: number): boolean {
    return this.#exports.datagram(bytes, exporter, micros) > 0;
  }

  /** Templates of flow exports, to be restored after a restart. */
  get exportTemplates(): string {
    return this.#exports.snapshot();
  }

  /** It grows whenever these would be others. */
  get exportTemplateChanges(): number {
    return this.#exports.changes;
  }

  /** Takes them back; false when `templates` are none. */
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
      if (!context.stream.done) return;
      flow.isPassedOver = true;
      context.stream = undefined;
    } else if (flow.transport === 'udp') {
      if (collectorPorts.has(flow.destinationPort) && this.flowExport(bytes, flow.sourceIp, micros)) return;
      context.datagrams ??= new DatagramDissector(environment, this.#emit);
      context.datagrams.datagram(bytes, this.#contextOf(flow, sender, frame, micros));
    } else if (flow.transport === 'sctp') {
      context.association ??= new SctpDissector(environment, this.#emit);
      context.association.packet(bytes, this.#contextOf(flow, sender, frame, micros));
    } else if (isIpPayloadRead(flow.transport)) {
      const message = dissectIpPayload(flow.transport, bytes, this.#contextOf(flow, sender, frame, micros), environment);
      if (message !== null) this.#emit(message);
    }
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
    this.#recorder.end(flow, context, undefined, reason);
    this.#dissected = null;
  }

  #exportDecoder(): FlowExportDecoder {
    const { counters } = this.entries;
    const { templates, untemplated } = this.#tables;
    return new FlowExportDecoder({
      counters, capture: this.capture, emit: (entry) => this.entries.record(entry), maxTemplates: templates, maxSamplers: templates, maxWaitingBytes: untemplated,
    });
  }
}

/** What the pipeline knows of a flow of packets, and what reads its payload; kept on `flow.context`. */
class DissectedFlow extends FlowState {
  stream: StreamDissector | undefined = undefined;
  datagrams: DatagramDissector | undefined = undefined;
  association: SctpDissector | undefined = undefined;
}
