import { CaptureCounters, PacketView, decodePacket } from '#capture';
import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { ExportedFlow, type ExportOrigin } from './exported-flow.ts';
import { sampledMessages } from './sampled-packet.ts';
import { SequenceCheck } from './sequence-check.ts';

const version5 = 5;
/**
 * Offsets in a flow sample: of its sampling rate, of its drops (after the sample pool), and of its records (after the interfaces and the
 * record count).
 */
interface SampleForm {
  readonly rateAt: number;
  readonly dropsAt: number;
  readonly recordsAt: number;
}

/** By sample format of enterprise 0 (https://sflow.org/sflow_version_5.txt, section 5): `flow_sample` and `flow_sample_expanded`. */
const sampleForms: ReadonlyMap<number, SampleForm> = new Map([
  [1, { rateAt: 8, dropsAt: 16, recordsAt: 32 }], [3, { rateAt: 12, dropsAt: 20, recordsAt: 44 }],
]);
/** `counter_sample` and `counter_sample_expanded`: of interfaces, not of traffic. */
const counterSamples: ReadonlySet<number> = new Set([2, 4]);
/** Drops are followed for at most so many data sources of agents. */
const maxSources = 10_000;

/** Record formats of enterprise 0. */
const rawHeader = 1;
const sampledIpv4 = 3;
const sampledIpv6 = 4;
/**
 * By the protocol of a raw header, the link type (https://www.tcpdump.org/linktypes.html). Ethernet, FDDI, frame relay, PPP, IPv4,
 * IPv6, and PPP over SONET, which is framed as in HDLC (RFC 1662).
 */
const linkTypes: ReadonlyMap<number, number> = new Map([[1, 1], [4, 10], [5, 107], [7, 9], [11, 228], [12, 229], [14, 50]]);

export function isSflow(bytes: Buffer): boolean {
  if (bytes.length < 28 || bytes.readUInt32BE(0) !== version5) return false;
  const addressType = bytes.readUInt32BE(4);
  return addressType === 1 || (addressType === 2 && bytes.length >= 40);
}

/**
 * sFlow v5: samples with the first bytes of a packet (endpoints, and as much of the payload as the agent's header size allows; by default 128 bytes
 * of a frame), each standing for as many packets as the sampling rate says.
 */
export class Sflow {
  readonly #counters: IngestCounters;
  readonly #capture: CaptureCounters;
  readonly #emit: (entry: LogEntry) => void;
  readonly #view = new PacketView();
  readonly #sequences: SequenceCheck;
  /** Drops that each data source of an agent last reported, counted since it started. */
  readonly #drops = new Map<string, number>();

  /** @param capture counts what could not be decoded in the sampled packets */
  constructor(counters: IngestCounters, capture: CaptureCounters, emit: (entry: LogEntry) => void) {
    this.#counters = counters;
    this.#capture = capture;
    this.#emit = emit;
    this.#sequences = new SequenceCheck('sflow', counters);
  }

  datagram(bytes: Buffer, exporter: string, micros: number): void {
    const headerEnd = bytes.readUInt32BE(4) === 1 ? 28 : 40;
    const header = bytes.subarray(0, headerEnd);
    const origin: ExportOrigin = { source: 'sflow', exporter, header, micros, bootMicros: NaN };
    // Agent, sub-agent.
    const agent = `${exporter} ${header.toString('hex', 4, headerEnd - 12)}`;
    this.#sequences.check(agent, header.readUInt32BE(headerEnd - 12), 1);
    let at = headerEnd;
    for (let index = header.readUInt32BE(headerEnd - 4); index > 0; index--) {
      if (at + 8 > bytes.length) return this.#malformed();
      const kind = bytes.readUInt32BE(at);
      const form = sampleForms.get(kind);
      const end = at + 8 + bytes.readUInt32BE(at + 4);
      if (end > bytes.length) return this.#malformed();
      if (form !== undefined) this.#sample(bytes.subarray(at + 8, end), form, origin, agent, at);
      else if (!counterSamples.has(kind)) this.#counters.add('sflow', 'samples of a kind that is not read');
      at = end;
    }
  }

  /** Reads the first usable record of a sample; further ones describe the same packet. `index` distinguishes it from others of the datagram. */
  #sample(sample: Buffer, { rateAt, dropsAt, recordsAt }: SampleForm, origin: ExportOrigin, agent: string, index: number): void {
    if (sample.length < recordsAt) return this.#malformed();
    this.#countDrops(`${agent} ${sample.toString('hex', 4, rateAt)}`, sample.readUInt32BE(dropsAt));
    let at = recordsAt;
    for (let records = sample.readUInt32BE(recordsAt - 4); records > 0; records--) {
      if (at + 8 > sample.length) return this.#malformed();
      const format = sample.readUInt32BE(at);
      const end = at + 8 + sample.readUInt32BE(at + 4);
      if (end > sample.length) return this.#malformed();
      const flow = this.#record(format, sample.subarray(at + 8, end), origin.micros);
      if (flow !== null) {
        flow.samplingRate = sample.readUInt32BE(rateAt);
        const entry = flow.toEntry(origin, sample.subarray(at, end), index);
        if (entry !== null) this.#emit(format === rawHeader ? { ...entry, messages: sampledMessages(this.#view, entry, this.#counters) } : entry);
        return;
      }
      at = end;
    }
    this.#counters.add('sflow', 'samples of no packet that can be read');
  }

  #record(format: number, record: Buffer, micros: number): ExportedFlow | null {
    if (format === rawHeader) return this.#rawHeader(record, micros);
    const addressBytes = format === sampledIpv4 ? 4 : 16;
    if ((format !== sampledIpv4 && format !== sampledIpv6) || record.length < 8 + 2 * addressBytes + 12) return null;
    const flow = new ExportedFlow();
    flow.bytes = record.readUInt32BE(0);
    flow.packets = 1;
    flow.protocol = record.readUInt32BE(4) & 0xff;
    flow.source = record.subarray(8, 8 + addressBytes);
    flow.destination = record.subarray(8 + addressBytes, 8 + 2 * addressBytes);
    flow.sourcePort = record.readUInt32BE(8 + 2 * addressBytes) & 0xffff;
    flow.destinationPort = record.readUInt32BE(12 + 2 * addressBytes) & 0xffff;
    flow.tcpFlags = record.readUInt32BE(16 + 2 * addressBytes) & 0xff;
    return flow;
  }

  #rawHeader(record: Buffer, micros: number): ExportedFlow | null {
    if (record.length < 16) return null;
    const linkType = linkTypes.get(record.readUInt32BE(0));
    const headerBytes = record.readUInt32BE(12);
    if (linkType === undefined || 16 + headerBytes > record.length) return null;
    const view = this.#view;
    Object.assign(view, { data: record, start: 16, capturedLength: headerBytes, wireLength: record.readUInt32BE(4), linkType, micros, frame: 0 });
    if (!decodePacket(view, this.#capture)) return null;
    const flow = new ExportedFlow();
    const { data, addressLength } = view;
    flow.source = data.subarray(view.sourceAddress, view.sourceAddress + addressLength);
    flow.destination = data.subarray(view.destinationAddress, view.destinationAddress + addressLength);
    flow.sourcePort = view.sourcePort;
    flow.destinationPort = view.destinationPort;
    flow.protocol = view.transport;
    flow.tcpFlags = view.transport === 6 ? view.tcpFlags : 0;
    flow.icmpTypeCode = view.icmpType * 256 + view.icmpCode;
    flow.bytes = view.ipLength;
    flow.packets = 1;
    return flow;
  }

  /** Counts packets that an agent lacked the resources to sample, from the first report of the data source on. */
  #countDrops(source: string, drops: number): void {
    const known = this.#drops.get(source);
    if (known !== undefined && drops > known) this.#counters.add('sflow', 'packets that the agent could not sample', drops - known);
    if (known === undefined && this.#drops.size >= maxSources) {
      this.#drops.delete(this.#drops.keys().next().value!);
      this.#counters.add('sflow', 'sources whose drops are followed no more');
    }
    this.#drops.set(source, drops);
  }

  #malformed(): void {
    this.#counters.add('sflow', 'malformed datagram');
  }
}
