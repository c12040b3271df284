import { dissectDatagram, type Message, type Sender } from '#dissect';
import type { IngestCounters } from './counters.ts';
import { dissect } from './dissected.ts';

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
  /** As on the wire, but with uncompressed names. */
  readonly data: Buffer;
}

/** A DNS query or response, from an archive that keeps numbers and bytes. */
export interface DnsExchange {
  readonly sender: Sender;
  readonly questions: readonly Pick<DnsRecord, 'name' | 'type' | 'class'>[];
  readonly answers: readonly DnsRecord[];
}

/** The messages of an exchange. It is written as the datagram it was on the wire (RFC 1035, section 4.1) and read by the dissector of captures. */
export function dnsMessages({ sender, questions, answers }: DnsExchange, micros: number, counters: IngestCounters): Message[] {
  const isAnswer = sender === 'destination';
  const head = [0, isAnswer ? 0x8180 : 0x0100, questions.length, answers.length, 0, 0];
  const datagram = Buffer.concat([
    ...head.map(u16),
    ...questions.flatMap((question) => [nameOf(question.name), u16(question.type), u16(question.class)]),
    ...answers.flatMap(({ name, type, class: of, ttl, data }) => [
      nameOf(name), u16(type), u16(of), u16(ttl >>> 16), u16(ttl), u16(data.length), data,
    ]),
  ]);
  const messages: Message[] = [];
  const context = { sender, sourcePort: 0, destinationPort: dnsPort, frame: 0, micros };
  dissect(counters, (environment) => dissectDatagram(datagram, context, environment, (message) => messages.push(message)));
  return messages;
}

const dnsPort = 53;

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value]);
}

/** A name as labels with their lengths, cut to the limits of DNS. */
function nameOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '').map((label) => Buffer.from(label).subarray(0, 63));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])]);
}
