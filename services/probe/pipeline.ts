import { FlowTable, decodePacket, CaptureCounters, type Flow, type FlowEndReason, type FlowHandler, type FlowShare, type PacketView, type Sender } from '#capture';
import {
  DatagramDissector, DissectCounters, SctpDissector, StreamDissector, defaultDissectOptions, dissectIpPayload, isIpPayloadRead,
  type DatagramContext, type Message,
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
  readonly #watched = new DissectCounters();
  readonly #recorder: FlowRecorder;
  readonly #flows: FlowTable;
  readonly #tables: TableBounds;
  #exports: FlowExportDecoder;
  /** Of the datagram at hand: one object for all of them. */
  readonly #context: DatagramContext = { sender: 'source', sourcePort: 0, destinationPort: 0, frame: 0, micros: 0 };
  /** Of all sources before this one. */
  #packetsBefore = 0;

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
    flow.context = new Dissection(new FlowState(id, this.#recorder.subjectIsDestination(flow.sourceIp, flow.destinationIp), flow.transport !== 'tcp', flow.isWatched));
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    const dissection = flow.context as Dissection;
    const counters = flow.isWatched ? this.#watched : this.dissect;
    if (flow.transport === 'tcp') {
      dissection.stream ??= new StreamDissector(defaultDissectOptions, (message) => this.#message(flow, dissection, message), counters, flow.destinationPort);
      dissection.stream.data(sender, bytes, frame, micros);
      if (!dissection.stream.done) return;
      flow.isPassedOver = true;
      dissection.stream = undefined;
    } else if (flow.transport === 'udp') {
      if (collectorPorts.has(flow.destinationPort) && this.flowExport(bytes, flow.sourceIp, micros)) return;
      dissection.datagrams ??= new DatagramDissector(defaultDissectOptions, (message) => this.#message(flow, dissection, message), counters);
      dissection.datagrams.datagram(bytes, this.#contextOf(flow, sender, frame, micros));
    } else if (flow.transport === 'sctp') {
      dissection.association ??= new SctpDissector(defaultDissectOptions, (message) => this.#message(flow, dissection, message), counters);
      dissection.association.packet(bytes, this.#contextOf(flow, sender, frame, micros));
    } else if (isIpPayloadRead(flow.transport)) {
      dissectIpPayload(flow.transport, bytes, this.#contextOf(flow, sender, frame, micros), (message) => this.#message(flow, dissection, message), counters);
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
    (flow.context as Dissection).stream?.gap(sender, missing);
  }

  flowUpdated(flow: Flow): void {
    this.#recorder.update(flow, (flow.context as Dissection).state);
  }

  flowEnded(flow: Flow, reason: FlowEndReason): void {
    const { stream, state } = flow.context as Dissection;
    stream?.end();
    this.#recorder.end(flow, state, undefined, reason);
  }

  #exportDecoder(): FlowExportDecoder {
    const { counters } = this.entries;
    const { templates, untemplated } = this.#tables;
    return new FlowExportDecoder({
      counters, capture: this.capture, emit: (entry) => this.entries.record(entry), maxTemplates: templates, maxSamplers: templates, maxWaitingBytes: untemplated,
    });
  }

  #message(flow: Flow, { state }: Dissection, message: Message): void {
    this.#recorder.message(flow, state, message);
  }
}

/** The pipeline's own state of a flow; kept on `flow.context`. */
class Dissection {
  readonly state: FlowState;
  stream: StreamDissector | undefined;
  datagrams: DatagramDissector | undefined;
  association: SctpDissector | undefined;

  constructor(state: FlowState) {
    this.state = state;
  }
}
