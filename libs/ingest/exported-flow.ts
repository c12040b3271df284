import { ACK, SYN, formatAddress, transportName } from '#capture';
import type { Message } from '#dissect';
import { answerOfFlags, silent, unknownAnswer, type Answer } from './answer.ts';
import { isServerPort, type Endpoints } from './endpoints.ts';
import { digestOf, type LogEntry } from './entry.ts';
import { addField, addLogin, message } from './messages.ts';
import { oneWay } from './one-way.ts';

/** A datagram of a flow export: who sent it, when it arrived, and what its header says. */
export interface ExportOrigin {
  /** `netflow-v5`, `netflow-v9`, `ipfix`, `sflow`. */
  readonly source: string;
  /** Address of the exporter, or the name of the file the datagram was in. */
  readonly exporter: string;
  /** Header of the datagram, which enters the digest of each record. */
  readonly header: Buffer;
  /** Export time, µs since 1970. */
  readonly micros: number;
  /** When the exporter started, µs since 1970; NaN where the header does not say. */
  readonly bootMicros: number;
}

/** Converts an exporter's uptime in ms, which wraps after 49.7 days: a time that would lie after the export was before the wrap. */
export function upTime({ micros, bootMicros }: ExportOrigin, millis: number): number {
  const time = bootMicros + millis * 1000;
  return time > micros + 60_000_000 ? time - 2 ** 32 * 1000 : time;
}

const TCP = 6;
/** flowEndReason of a flow that continues (RFC 5102, section 5.11.3). */
const activeTimeout = 2;

/** One record of a flow export, filled field by field. */
export class ExportedFlow {
  source: Buffer | null = null;
  destination: Buffer | null = null;
  sourcePort = 0;
  destinationPort = 0;
  protocol = 0;
  tcpFlags = 0;
  icmpTypeCode = -1;
  bytes = 0;
  packets = 0;
  /** Counts of the other direction, in a record about both. */
  reverseBytes = 0;
  reversePackets = 0;
  isBidirectional = false;
  startMicros = NaN;
  endMicros = NaN;
  samplingRate = 0;
  /** For a sampler that takes so many packets and skips so many, or takes them out of so many (RFC 5477, sections 8.2.3 to 8.2.7). */
  sampledPackets = 0;
  skippedPackets = 0;
  samplePopulation = 0;
  samplerId = -1;
  endReason = 0;
  userName = '';
  /** Texts of enterprise fields, by `enterprise.element`. */
  texts: [path: string, text: string][] = [];

  /** The sampling rate that the record itself states (one of so many packets is counted); 0 where it does not. */
  get statedSamplingRate(): number {
    const { samplingRate, sampledPackets, skippedPackets, samplePopulation } = this;
    const population = samplePopulation || (skippedPackets && skippedPackets + sampledPackets);
    // An interval alone means one packet out of so many.
    if (population === 0) return samplingRate || sampledPackets;
    return Math.round(population / Math.max(sampledPackets, 1));
  }

  /** The entry; null when the record names no addresses. `record` is its bytes, `index` its number in the datagram. */
  toEntry(origin: ExportOrigin, record: Buffer, index: number): LogEntry | null {
    const sender = this.#endpoints();
    if (sender === null) return null;
    const rate = this.samplingRate > 1 ? this.samplingRate : 0;
    const scale = Math.max(rate, 1);
    // Exporters' clocks may be far off: an impossible time is replaced by that of the export.
    const end = isTime(this.endMicros) ? this.endMicros : origin.micros;
    const start = isTime(this.startMicros) ? Math.min(this.startMicros, end) : end;
    const isFromServer = !this.isBidirectional && this.#isFromServer();
    const scaled = (count: number): number => Math.min(count * scale, Number.MAX_SAFE_INTEGER);
    return {
      source: origin.source,
      micros: end,
      line: 0,
      digest: digestOf(Buffer.concat([Buffer.from(`${origin.exporter} ${index} `), origin.header, record])),
      protocol: '',
      messages: this.#messages(sender, end),
      ends: this.endReason !== activeTimeout,
      visibility: 'cleartext',
      samplingRate: rate,
      answer: this.#answer(isFromServer),
      ...oneWay({ sender, bytes: scaled(this.bytes), packets: scaled(this.packets), startMicros: start, isFromServer }),
      ...(this.isBidirectional && {
        totals: {
          sourceBytes: scaled(this.bytes),
          sourcePackets: scaled(this.packets),
          destinationBytes: scaled(this.reverseBytes),
          destinationPackets: scaled(this.reversePackets),
        },
      }),
    };
  }

  /** With sampling, the answer may not have been counted: then nothing is known. */
  #answer(isFromServer: boolean): Answer {
    if (this.samplingRate > 1) return unknownAnswer;
    if (this.isBidirectional && this.reversePackets === 0) return silent(this.packets);
    return this.protocol === TCP ? answerOfFlags({ flags: this.tcpFlags, packets: this.packets, bytes: this.bytes, isFromServer }) : unknownAnswer;
  }

  #endpoints(): Endpoints | null {
    const { source, destination } = this;
    if (source === null || destination === null || source.length !== destination.length) return null;
    const isIcmp = this.protocol === 1 || this.protocol === 58;
    // NetFlow puts ICMP type and code into the destination port.
    const typeCode = this.icmpTypeCode >= 0 ? this.icmpTypeCode : this.destinationPort;
    return {
      sourceIp: formatAddress(source, 0, source.length as 4 | 16), sourcePort: isIcmp ? typeCode >> 8 : this.sourcePort,
      destinationIp: formatAddress(destination, 0, destination.length as 4 | 16), destinationPort: isIcmp ? typeCode & 0xff : this.destinationPort,
      transport: transportName(this.protocol),
    };
  }

  /**
   * Whether the record is about the server's direction. Flags are ORed, and a client's have SYN too, and ACK from its second packet on, so
   * that only a lone SYN-ACK or a lone SYN settles it.
   */
  #isFromServer(): boolean {
    if (this.packets === 1 && this.tcpFlags & SYN) return (this.tcpFlags & ACK) !== 0;
    return isServerPort(this.sourcePort, this.destinationPort);
  }

  #messages({ transport }: Endpoints, micros: number): Message[] {
    if (this.userName === '' && this.texts.length === 0) return [];
    const one = message(transport, { verdict: 'opaque', reason: 'flow export' }, 'source', micros);
    addLogin(one, 'flow', this.userName, '');
    for (const [path, text] of this.texts) addField(one, path, text, '');
    return [one];
  }
}

function isTime(micros: number): boolean {
  return micros >= 0 && Number.isSafeInteger(micros);
}
