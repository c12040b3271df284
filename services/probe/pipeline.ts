import { FlowTable, decodePacket, CaptureCounters, type Flow, type FlowEndReason, type FlowHandler, type FlowTableOptions, type PacketView, type Sender } from '#capture';
import { DatagramDissector, DissectCounters, SctpDissector, StreamDissector, defaultDissectOptions, type Message } from '#dissect';
import { flowId, type FlowRecord } from '#flow';
import type { RecogniserCounters, Watch } from '#identifiers';
import { FlowExportDecoder } from '#ingest';
import { EntryRecorder } from './entry-recorder.ts';
import { FlowRecorder, type FlowRecorderOptions } from './flow-recorder.ts';
import { FlowState } from './flow-state.ts';

export interface PipelineOptions extends FlowRecorderOptions {
  flowTable?: Partial<FlowTableOptions>;
}

/** Ports on which collectors of NetFlow, IPFIX (4739) and sFlow (6343) listen. */
const collectorPorts = new Set([2055, 2056, 4432, 4739, 6343, 9555, 9995, 9996]);

/**
 * Packets and log entries in, flow records out. Packets: decode → flow and stream → dissect → recognise → tokenise and redact → record.
 * An entry of a log is a dissected message already, and takes the rest of the way.
 */
export class ProbePipeline implements FlowHandler {
  readonly capture = new CaptureCounters();
  readonly dissect = new DissectCounters();
  /** What comes from logs, archives and flow exports. */
  readonly entries: EntryRecorder;
  readonly #recorder: FlowRecorder;
  readonly #flows: FlowTable;
  #exports: FlowExportDecoder;
  /** Of all sources before this one. */
  #packetsBefore = 0;

  constructor(options: PipelineOptions) {
    this.#recorder = new FlowRecorder(options);
    this.#flows = new FlowTable(options.flowTable ?? {}, this, this.capture);
    this.entries = new EntryRecorder(this.#recorder);
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

  /** Records made so far. */
  get records(): number {
    return this.#recorder.made;
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

  /** Ends all flows: the source has no more packets. */
  finish(): void {
    this.#flows.finish();
    // Private addresses of one capture mean others in the next. The logs of one sensor speak of one network.
    if (this.capture.packets > this.#packetsBefore) this.names.clear();
    this.#packetsBefore = this.capture.packets;
    // Templates and sequence numbers of an exporter hold within a source only.
    this.#exports = this.#exportDecoder();
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
    flow.context = new Dissection(new FlowState(id, this.#recorder.subjectIsDestination(flow.sourceIp, flow.destinationIp), flow.transport !== 'tcp'));
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    const dissection = flow.context as Dissection;
    if (flow.transport === 'tcp') {
      dissection.stream ??= new StreamDissector(defaultDissectOptions, (message) => this.#message(flow, dissection, message), this.dissect);
      dissection.stream.data(sender, bytes, frame, micros);
      if (!dissection.stream.done) return;
      flow.isPassedOver = true;
      dissection.stream = undefined;
    } else if (flow.transport === 'udp') {
      if (collectorPorts.has(flow.destinationPort) && this.flowExport(bytes, flow.sourceIp, micros)) return;
      dissection.datagrams ??= new DatagramDissector(defaultDissectOptions, (message) => this.#message(flow, dissection, message), this.dissect);
      dissection.datagrams.datagram(bytes, { sender, sourcePort: flow.sourcePort, destinationPort: flow.destinationPort, frame, micros });
    } else if (flow.transport === 'sctp') {
      dissection.association ??= new SctpDissector(defaultDissectOptions, (message) => this.#message(flow, dissection, message), this.dissect);
      dissection.association.packet(bytes, { sender, sourcePort: flow.sourcePort, destinationPort: flow.destinationPort, frame, micros });
    }
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
    return new FlowExportDecoder({ counters, capture: this.capture, emit: (entry) => this.entries.record(entry) });
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
