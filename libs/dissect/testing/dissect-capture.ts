import { CaptureCounters, CaptureReader, decodePacket, FlowTable, PacketView, type Flow, type FlowHandler, type Sender } from '#capture';
import { DatagramDissector, defaultDissectOptions, DissectCounters, SctpDissector, StreamDissector, type Message } from '../dissect.ts';

export interface Dissected {
  /** In the order they were emitted. A payload is a copy. */
  messages: Message[];
  counters: DissectCounters;
}

/** A capture through reader, flow table and dissectors. */
export function dissectCapture(capture: Buffer): Dissected {
  const captureCounters = new CaptureCounters();
  const handler = new Dissectors();
  const table = new FlowTable({}, handler, captureCounters);
  const reader = new CaptureReader(captureCounters);
  const view = new PacketView();
  reader.push(capture);
  reader.finish();
  while (reader.next(view)) if (decodePacket(view, captureCounters)) table.packet(view);
  table.finish();
  return handler;
}

class Dissectors implements FlowHandler, Dissected {
  readonly messages: Message[] = [];
  readonly counters = new DissectCounters();

  readonly #emit = (message: Message): void => {
    this.messages.push({ ...message, payload: message.payload === null ? null : Buffer.from(message.payload) });
  };

  flowStarted(flow: Flow): void {
    if (flow.transport === 'tcp') flow.context = new StreamDissector(defaultDissectOptions, this.#emit, this.counters);
    if (flow.transport === 'sctp') flow.context = new SctpDissector(defaultDissectOptions, this.#emit, this.counters);
    if (flow.transport === 'udp') flow.context = new DatagramDissector(defaultDissectOptions, this.#emit, this.counters);
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    const { context } = flow;
    if (context instanceof StreamDissector) context.data(sender, bytes, frame, micros);
    if (!(context instanceof DatagramDissector) && !(context instanceof SctpDissector)) return;
    const [sourcePort, destinationPort] = sender === 'source' ? [flow.sourcePort, flow.destinationPort] : [flow.destinationPort, flow.sourcePort];
    const where = { sender, sourcePort, destinationPort, frame, micros };
    if (context instanceof SctpDissector) context.packet(bytes, where);
    else context.datagram(bytes, where);
  }

  gap(flow: Flow, sender: Sender, missing: number): void {
    if (flow.context instanceof StreamDissector) flow.context.gap(sender, missing);
  }

  flowUpdated(): void {}

  flowEnded(flow: Flow): void {
    if (flow.context instanceof StreamDissector) flow.context.end();
  }
}
