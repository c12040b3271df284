import { endpointsOf } from './endpoints.ts';
import { digestOf, type LogEntry } from './entry.ts';
import type { RowFormat } from './json-lines.ts';
import type { LogSource } from './log.ts';
import { oneWay } from './one-way.ts';
import { count, object, text, time } from './row.ts';

/** VPC flow logs as Cloud Logging exports them. https://cloud.google.com/vpc/docs/about-flow-logs-records */
export function gcpFlowLog({ name, counters, emit }: LogSource): RowFormat {
  return {
    name: 'gcp-flow-log',
    claims: (row) => object(object(row, 'jsonPayload'), 'connection') !== undefined,
    row(row, written, number) {
      const payload = object(row, 'jsonPayload');
      const connection = object(payload, 'connection');
      const start = time(payload, 'start_time');
      const end = time(payload, 'end_time');
      if (Number.isNaN(start) || Number.isNaN(end)) {
        counters.problem('gcp-flow-log', 'start_time or end_time missing or malformed', name, number);
        return;
      }
      const sender = endpointsOf({
        sourceIp: text(connection, 'src_ip'),
        sourcePort: Number(text(connection, 'src_port') || 0),
        destinationIp: text(connection, 'dest_ip'),
        destinationPort: Number(text(connection, 'dest_port') || 0),
        transport: text(connection, 'protocol'),
      });
      if (sender === null) {
        counters.problem('gcp-flow-log', 'addresses or ports missing or malformed', name, number);
        return;
      }
      counters.entries++;
      emit({
        source: 'gcp-flow-log',
        micros: end,
        line: number,
        digest: digestOf(written),
        protocol: '',
        messages: [],
        ends: false,
        visibility: 'cleartext',
        samplingRate: 0,
        ...oneWay({ sender, bytes: count(payload, 'bytes_sent'), packets: count(payload, 'packets_sent'), startMicros: start }),
      } satisfies LogEntry);
    },
  };
}
