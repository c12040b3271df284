import type { Message } from '#dissect';
import { answerOfFlags, silent, unknownAnswer, type Answer } from './answer.ts';
import type { IngestCounters } from './counters.ts';
import { endpointsOf, isServerPort, reversed, type Endpoints } from './endpoints.ts';
import { digestOf, type FlowTotals, type LogEntry } from './entry.ts';
import type { RowFormat } from './json-lines.ts';
import type { LogSource } from './log.ts';
import { count, object, text, time, type Row } from './row.ts';
import { suricataEvents } from './suricata-events.ts';

/** Suricata's EVE log: one JSON object per event. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html */
export function suricata(source: LogSource): RowFormat {
  const { name, counters, emit } = source;
  return {
    name: 'suricata',
    claims: (row) => 'event_type' in row,
    row(row, line, number) {
      const type = text(row, 'event_type');
      if (!('src_ip' in row) || (type !== 'flow' && type !== 'alert' && !suricataEvents.has(type))) {
        // stats, fileinfo, anomaly and the like add nothing to what the other events say about who talks to whom.
        counters.add('suricata', 'events that are not used');
        return;
      }
      const micros = time(row, 'timestamp');
      if (Number.isNaN(micros)) {
        counters.problem('suricata', 'timestamp missing or malformed', name, number);
        return;
      }
      const endpoints = endpointsOfEvent(row, type);
      if (endpoints === null) {
        counters.problem('suricata', 'addresses or ports missing or malformed', name, number);
        return;
      }
      const flow = object(row, 'flow');
      const start = time(flow, 'start');
      const end = time(flow, 'end');
      counters.entries++;
      emit({
        source: 'suricata', flowName: text(row, 'flow_id'), endpoints, line: number, digest: digestOf(line), visibility: 'cleartext', samplingRate: 0,
        micros: Number.isNaN(end) ? micros : end, startMicros: Number.isNaN(start) ? micros : start,
        protocol: protocolOf(text(row, 'app_proto')),
        messages: messagesOf(row, type, micros, counters),
        totals: type === 'flow' && flow !== undefined ? totalsOf(flow) : null,
        ends: type === 'flow',
        ...(type === 'flow' && flow !== undefined && { answer: answerOf(flow, object(row, 'tcp')) }),
      } satisfies LogEntry);
    },
  };
}

/** An alert carries what its protocol's event would; on a sensor that logs only alerts, that is all there is. */
function messagesOf(row: Row, type: string, micros: number, counters: IngestCounters): Message[] {
  if (type !== 'alert') return suricataEvents.get(type)?.(row, micros, counters) ?? [];
  const messages: Message[] = [];
  for (const [protocol, read] of suricataEvents) if (object(row, protocol) !== undefined) messages.push(...read(row, micros, counters));
  return messages;
}

/** Who opened the flow: since Suricata 7 the flow says so itself; before, an event has the direction of its packet. */
function endpointsOfEvent(row: Row, type: string): Endpoints | null {
  const flow = object(row, 'flow');
  const transport = text(row, 'proto');
  const isIcmp = transport.toLowerCase().includes('icmp');
  if (flow !== undefined && 'src_ip' in flow && type !== 'flow') {
    return endpointsOf({
      sourceIp: text(flow, 'src_ip'), sourcePort: count(flow, 'src_port'),
      destinationIp: text(flow, 'dest_ip'), destinationPort: count(flow, 'dest_port'), transport,
    });
  }
  const port = (side: 'src' | 'dest'): number =>
    isIcmp ? count(row, side === 'src' ? 'icmp_type' : 'icmp_code') : Number(text(row, `${side}_port`) || 0);
  const endpoints = endpointsOf({
    sourceIp: text(row, 'src_ip'), sourcePort: port('src'), destinationIp: text(row, 'dest_ip'), destinationPort: port('dest'), transport,
  });
  return endpoints !== null && isFromServer(row, type, endpoints) ? reversed(endpoints) : endpoints;
}

function isFromServer(row: Row, type: string, { sourcePort, destinationPort }: Endpoints): boolean {
  switch (type) {
    case 'flow': return false;
    case 'dns': {
      const answer = text(object(row, 'dns'), 'type');
      return (answer === 'answer' || answer === 'response') && !isServerPort(destinationPort, sourcePort);
    }
    case 'alert': {
      const direction = text(row, 'direction');
      return direction === '' ? isServerPort(sourcePort, destinationPort) : direction === 'to_client';
    }
    default: return isServerPort(sourcePort, destinationPort) && sourcePort < 1024;
  }
}

function totalsOf(flow: Row): FlowTotals {
  return {
    sourceBytes: count(flow, 'bytes_toserver'), sourcePackets: count(flow, 'pkts_toserver'),
    destinationBytes: count(flow, 'bytes_toclient'), destinationPackets: count(flow, 'pkts_toclient'),
  };
}

/** `tcp_flags_tc` are the flags of all packets to the client, in hexadecimal. */
function answerOf(flow: Row, tcp: Row | undefined): Answer {
  const packets = count(flow, 'pkts_toclient');
  if (packets === 0) return silent(count(flow, 'pkts_toserver'));
  const flags = Number.parseInt(text(tcp, 'tcp_flags_tc'), 16);
  return Number.isNaN(flags) ? unknownAnswer : answerOfFlags({ flags, packets, bytes: count(flow, 'bytes_toclient'), isFromServer: true });
}

function protocolOf(name: string): string {
  return name === 'failed' ? '' : name;
}
