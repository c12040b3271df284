import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { ExportedFlow, upTime, type ExportOrigin } from './exported-flow.ts';
import { SequenceCheck } from './sequence-check.ts';

const headerBytes = 24;
const recordBytes = 48;
/** https://www.cisco.com/c/en/us/td/docs/net_mgmt/netflow_collection_engine/3-6/user/guide/format.html, table B-3 */
const mostRecords = 30;

/** Length of the datagram at the start of `bytes`; 0 when it is not NetFlow v5. */
export function netflowV5Length(bytes: Buffer): number {
  if (bytes.length < headerBytes || bytes.readUInt16BE(0) !== 5) return 0;
  const count = bytes.readUInt16BE(2);
  return count === 0 || count > mostRecords ? 0 : headerBytes + count * recordBytes;
}

/** NetFlow v5: fixed records of IPv4. */
export class NetflowV5 {
  readonly #emit: (entry: LogEntry) => void;
  readonly #sequences: SequenceCheck;

  constructor(counters: IngestCounters, emit: (entry: LogEntry) => void) {
    this.#emit = emit;
    this.#sequences = new SequenceCheck('netflow-v5', counters);
  }

  datagram(bytes: Buffer, exporter: string): void {
    const header = bytes.subarray(0, headerBytes);
    const micros = header.readUInt32BE(8) * 1_000_000 + Math.floor(header.readUInt32BE(12) / 1000);
    const origin: ExportOrigin = { source: 'netflow-v5', exporter, header, micros, bootMicros: micros - header.readUInt32BE(4) * 1000 };
    const count = Math.min(header.readUInt16BE(2), Math.floor((bytes.length - headerBytes) / recordBytes));
    this.#sequences.check(`${exporter} ${header.readUInt16BE(20)}`, header.readUInt32BE(16), header.readUInt16BE(2));
    // The upper two bits are the mode.
    const samplingRate = header.readUInt16BE(22) & 0x3fff;
    for (let index = 0; index < count; index++) {
      const record = bytes.subarray(headerBytes + index * recordBytes, headerBytes + (index + 1) * recordBytes);
      const flow = new ExportedFlow();
      flow.source = record.subarray(0, 4);
      flow.destination = record.subarray(4, 8);
      flow.packets = record.readUInt32BE(16);
      flow.bytes = record.readUInt32BE(20);
      flow.startMicros = upTime(origin, record.readUInt32BE(24));
      flow.endMicros = upTime(origin, record.readUInt32BE(28));
      flow.sourcePort = record.readUInt16BE(32);
      flow.destinationPort = record.readUInt16BE(34);
      flow.tcpFlags = record[37]!;
      flow.protocol = record[38]!;
      flow.samplingRate = samplingRate;
      this.#emit(flow.toEntry(origin, record, index)!);
    }
  }
}
