import { CaptureCounters, CaptureReader, decodePacket, FlowTable, PacketView, type Flow, type FlowHandler, type Sender } from '#capture';
import {
  DatagramDissector,
  defaultDissectOptions,
  dissectIpPayload,
  DissectCounters,
  SctpDissector,
  StreamDissector,
  type DissectEnvironment,
  type Message,
} from '../dissect.ts';

export interface Dissected {
  /** In the order in which they were emitted. Payloads are copies. */
  messages: Message[];
  counters: DissectCounters;
}

/** Sends a capture through reader, flow table and dissectors. Throws CaptureError. */
export function dissectCapture(capture: Buffer): Dissected {
  const messages: Message[] = [];
  const emit = (message: Message): void => {
    messages.push({ ...message, payload: message.payload === null ? null : Buffer.from(message.payload) });
  };
  const handler = new Dissectors(() => emit);
  replay(capture, handler);
  return { messages, counters: handler.counters };
}

/** Passes the messages of each flow to the function that `flowStarted` returns for it. Throws CaptureError after those that precede the error. */
export function dissectFlows(capture: Buffer, flowStarted: (flow: Flow) => (message: Message) => void): void {
  replay(capture, new Dissectors(flowStarted));
}

function replay(capture: Buffer, handler: FlowHandler): void {
  const counters = new CaptureCounters();
  const table = new FlowTable({}, handler, counters);
  const reader = new CaptureReader(counters);
  const view = new PacketView();
  try {
    reader.push(capture);
    reader.finish();
    while (reader.next(view)) if (decodePacket(view, counters)) table.packet(view);
  } finally {
    table.finish();
  }
}

class Dissectors implements FlowHandler {
  readonly counters = new DissectCounters();
  readonly #environment: DissectEnvironment = { options: defaultDissectOptions, counters: this.counters };
  readonly #emitterOf: (flow: Flow) => (message: Message) => void;

  constructor(emitterOf: (flow: Flow) => (message: Message) => void) {
    this.#emitterOf = emitterOf;
  }

  flowStarted(flow: Flow): void {
    const emit = this.#emitterOf(flow);
    if (flow.transport === 'tcp') flow.context = new StreamDissector(this.#environment, emit, flow.destinationPort);
    if (flow.transport === 'sctp') flow.context = new SctpDissector(this.#environment, emit);
    if (flow.transport === 'udp') flow.context = new DatagramDissector(this.#environment, emit);
  }

  payload(flow: Flow, sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    const { context } = flow;
    if (context instanceof StreamDissector) return context.data(sender, bytes, frame, micros);
    const [sourcePort, destinationPort] = sender === 'source' ? [flow.sourcePort, flow.destinationPort] : [flow.destinationPort, flow.sourcePort];
    const where = { sender, sourcePort, destinationPort, frame, micros };
    if (context instanceof SctpDissector) context.packet(bytes, where);
    else if (context instanceof DatagramDissector) context.datagram(bytes, where);
    else {
      const message = dissectIpPayload(flow.transport, bytes, where, this.#environment);
      if (message !== null) this.#emitterOf(flow)(message);
    }
  }

  gap(flow: Flow, sender: Sender, missing: number): void {
    if (flow.context instanceof StreamDissector) flow.context.gap(sender, missing);
  }

  flowUpdated(): void {}

  flowEnded(flow: Flow): void {
    if (flow.context instanceof StreamDissector) flow.context.end();
  }
}
