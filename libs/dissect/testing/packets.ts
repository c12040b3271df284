import {
  DissectCounters,
  defaultDissectOptions,
  dissectDatagram,
  StreamDissector,
  type DatagramContext,
  type DissectOptions,
  type Message,
  type Sender,
} from '../dissect.ts';

/** One packet of a stream: its sender and its bytes. Its frame is its number, from 1, and its time as many microseconds. */
export type Packet = [sender: Sender, bytes: string | Buffer];

export interface Result {
  messages: Message[];
  counters: DissectCounters;
}

/** Sends packets of one TCP flow through a dissector, and then ends the flow. Packets are passed in a buffer that is reused. */
export function dissectStream(packets: readonly Packet[], options: Partial<DissectOptions> = {}, serverPort = 0): Result {
  const { dissector, result } = openStream(options, serverPort);
  packets.forEach(([sender, bytes], index) => sendReused(dissector, sender, bytes, index + 1));
  dissector.end();
  return result;
}

export function openStream(options: Partial<DissectOptions> = {}, serverPort = 0): { dissector: StreamDissector; result: Result } {
  const result: Result = { messages: [], counters: new DissectCounters() };
  const dissector = new StreamDissector(
    { options: { ...defaultDissectOptions, ...options }, counters: result.counters },
    (message) => result.messages.push(copy(message)),
    serverPort,
  );
  return { dissector, result };
}

export function dissectPayload(payload: Buffer, context: Partial<DatagramContext> = {}): Result {
  const result: Result = { messages: [], counters: new DissectCounters() };
  const whole: DatagramContext = { sender: 'source', sourcePort: 50000, destinationPort: 50001, frame: 7, micros: 7, ...context };
  dissectDatagram(payload, whole, { options: defaultDissectOptions, counters: result.counters }, (message) => result.messages.push(copy(message)));
  return result;
}

/** The fields of a message as `path=value`, preceded by the encoding if there is one. */
export function fieldsOf(message: Message | undefined): string[] {
  return (message?.fields ?? []).map(({ path, value, encoding }) => `${path}=${encoding === '' ? '' : `(${encoding})`}${value}`);
}

/** Overwrites the buffer after the call, as a capture reader may. */
function sendReused(dissector: StreamDissector, sender: Sender, bytes: string | Buffer, number: number): void {
  const buffer = Buffer.from(bytes as Buffer);
  dissector.data(sender, buffer, number, number);
  buffer.fill(0xaa);
}

function copy(message: Message): Message {
  const { payload, sample } = message;
  return { ...message, payload: payload === null ? null : Buffer.from(payload), ...(sample && { sample: Buffer.from(sample) }) };
}
