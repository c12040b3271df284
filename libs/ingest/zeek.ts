import { refused, silent, unknownAnswer, type Answer } from './answer.ts';
import { digestOf, type FlowTotals, type LogEntry } from './entry.ts';
import { endpointsOf, type Endpoints } from './endpoints.ts';
import type { LogSource } from './log.ts';
import { count, text, texts, time, type Row } from './row.ts';
import { zeekLogs, type ZeekLog } from './zeek-logs.ts';

/** Turns rows of Zeek's logs, in whichever format they were written, into entries; the rows of one connection share its uid. */
export class ZeekRows {
  readonly #source: LogSource;

  constructor(source: LogSource) {
    this.#source = source;
  }

  row(path: string, row: Row, line: Buffer, number: number): void {
    const { name, counters, certificates } = this.#source;
    if (path === 'x509') {
      certificates.learn(row, (entry) => this.#emit(entry));
      return;
    }
    const log = path === 'conn' ? undefined : zeekLogs.get(path);
    // Before Zeek 5.1, files.log named hosts but no connection.
    const isWithoutFlow = path === 'files' && !('id.orig_h' in row || 'id_orig_h' in row);
    if ((path !== 'conn' && log === undefined) || isWithoutFlow) {
      // weird, ntp, stats and the like add nothing to what the other logs say about who talks to whom.
      counters.add('zeek', 'rows of logs that are not used');
      return;
    }
    const micros = time(row, 'ts');
    if (Number.isNaN(micros)) {
      counters.problem('zeek', 'ts missing or malformed', name, number);
      return;
    }
    const endpoints = path === 'dhcp' ? endpointsOfLease(row) : endpointsOfRow(row, transportOf(row, log));
    if (endpoints === null) {
      counters.problem('zeek', 'addresses or ports missing or malformed', name, number);
      return;
    }
    const entry: LogEntry = {
      source: 'zeek',
      flowName: text(row, 'uid') || texts(row, 'uids')[0] || '',
      endpoints,
      line: number,
      digest: digestOf(line),
      visibility: 'cleartext',
      samplingRate: 0,
      micros: path === 'conn' ? micros + durationMicros(row) : micros,
      startMicros: micros,
      protocol: path === 'conn' ? protocolOf(text(row, 'service')) : '',
      messages: log?.messages(row, micros, counters) ?? [],
      totals: path === 'conn' ? totalsOf(row) : null,
      ends: path === 'conn',
      ...(path === 'conn' && { answer: answerOf(row) }),
    };
    this.#emit(entry);
    if (path === 'ssl') certificates.show(row, entry, (shown) => this.#emit(shown));
  }

  #emit(entry: LogEntry): void {
    this.#source.counters.entries++;
    this.#source.emit(entry);
  }
}

function transportOf(row: Row, log: ZeekLog | undefined): string {
  const transport = log?.transport ?? 'tcp';
  return typeof transport === 'string' ? transport : transport(row);
}

/**
 * Endpoints of a DHCP lease, whose row has no ports: those of client and server (RFC 2131, section 4.1), and broadcast where no address is
 * known.
 */
function endpointsOfLease(row: Row): Endpoints | null {
  const client = text(row, 'client_addr') || text(row, 'assigned_addr') || '0.0.0.0';
  const server = text(row, 'server_addr') || '255.255.255.255';
  return endpointsOf({ sourceIp: client, sourcePort: 68, destinationIp: server, destinationPort: 67, transport: 'udp' });
}

/** Reads `id.orig_h` and so on, also with another scope separator, which can be configured. */
function endpointsOfRow(row: Row, transport: string): Endpoints | null {
  const column = (name: string): string => (`id.${name}` in row ? `id.${name}` : `id_${name}`);
  return endpointsOf({
    sourceIp: text(row, column('orig_h')),
    sourcePort: Number(text(row, column('orig_p')) || NaN),
    destinationIp: text(row, column('resp_h')),
    destinationPort: Number(text(row, column('resp_p')) || NaN),
    transport: text(row, 'proto') || transport,
  });
}

/** How the responder answered, from conn_state (https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html). */
function answerOf(row: Row): Answer {
  switch (text(row, 'conn_state')) {
    case 'S0': return silent(count(row, 'orig_pkts'));
    case 'REJ': return refused;
    case 'SF': return { unansweredPackets: 0, endReason: 'fin' };
    case 'RSTO': case 'RSTR': return { unansweredPackets: 0, endReason: 'rst' };
    default: return unknownAnswer;
  }
}

/** IP bytes where Zeek counted them, else payload. */
function totalsOf(row: Row): FlowTotals {
  const side = (name: 'orig' | 'resp'): number => (`${name}_ip_bytes` in row ? count(row, `${name}_ip_bytes`) : count(row, `${name}_bytes`));
  return {
    sourceBytes: side('orig'),
    sourcePackets: count(row, 'orig_pkts'),
    destinationBytes: side('resp'),
    destinationPackets: count(row, 'resp_pkts'),
  };
}

/** Longest plausible connection, seconds. */
const longestDuration = 366 * 86_400;

function durationMicros(row: Row): number {
  const seconds = Number(text(row, 'duration'));
  return seconds > 0 && seconds < longestDuration ? Math.round(seconds * 1_000_000) : 0;
}

/** The innermost protocol is the last of Zeek's analysers; `ssl` is called `tls` here. */
function protocolOf(service: string): string {
  const innermost = service.split(',').filter((one) => !one.startsWith('-')).at(-1) ?? '';
  return innermost === 'ssl' ? 'tls' : innermost;
}
