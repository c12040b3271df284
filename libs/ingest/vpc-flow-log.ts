import { ACK, CaptureError, SYN } from '#capture';
import { endpointsOf, isServerPort, type Endpoints } from './endpoints.ts';
import { digestOf, type LogEntry } from './entry.ts';
import type { LineFormat, LogSource } from './log.ts';
import { oneWay } from './one-way.ts';
import { parseTime } from './time.ts';

/** Columns of version 2, which are assumed where there is no header. */
const version2 = 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(' ');

const headerLine = /^(?=.*\bsrcaddr\b)(?=.*\bdstaddr\b)[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)+$/;

/**
 * A line without the timestamp that CloudWatch Logs prefixes on export, and with the column names of a format definition, `${srcaddr}`, as
 * in a header.
 */
function plain(line: string): string {
  return line.trim().replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, '').replaceAll(/\$\{([a-z0-9-]+)\}/g, '$1');
}

/** @throws {CaptureError} when it is one whose columns are not known */
export function isVpcFlowLog(sample: string): boolean {
  const line = plain(sample.split(/\r?\n/, 1)[0]!);
  if (headerLine.test(line) || /^2 (?:\d{12}|unknown) eni-\w+ (?:\S+ ){10}(?:OK|NODATA|SKIPDATA)$/.test(line)) return true;
  if (isWithoutHeader(line))
    throw new CaptureError('unsupported_version', 0, 'the VPC flow log has a format of your own, and lacks the line that names its columns: '
      + 'insert the format (${version} ${vpc-id} …) as its first line');
  return false;
}

/**
 * Whether it is a line in a custom format without a header, as in CloudWatch Logs: the interface id and the action or status look the same
 * in all formats.
 */
function isWithoutHeader(line: string): boolean {
  const columns = line.split(' ');
  const hasInterface = columns.some((one) => /^eni-[0-9a-f]{8,17}$/.test(one));
  return columns.length >= 6 && hasInterface && columns.some((one) => /^(?:ACCEPT|REJECT|NODATA|SKIPDATA)$/.test(one));
}

/**
 * Amazon VPC flow logs, versions 2 to 5 and later, with any columns in any order.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
export function vpcFlowLog({ name, counters, emit }: LogSource): LineFormat {
  const format = 'vpc-flow-log';
  let columns = version2;
  return {
    name: format,
    head: () => columns.join(' '),
    line(line, number) {
      const written = plain(line.toString('latin1'));
      if (headerLine.test(written)) {
        columns = written.split(' ');
        return;
      }
      const values = written.split(' ');
      if (values.length !== columns.length) {
        counters.problem(format, 'number of columns differs from the header', name, number);
        return;
      }
      const value = (column: string): string => {
        const one = values[columns.indexOf(column)] ?? '';
        return one === '-' ? '' : one;
      };
      const status = value('log-status');
      if (status === 'NODATA' || status === 'SKIPDATA') {
        counters.add(format, status === 'NODATA' ? 'intervals without traffic' : 'intervals that AWS skipped');
        return;
      }
      const start = parseTime(value('start'));
      const end = parseTime(value('end'));
      if (Number.isNaN(start) || Number.isNaN(end)) {
        counters.problem(format, 'start or end missing or malformed', name, number);
        return;
      }
      // For traffic that passes through, srcaddr and dstaddr are those of the interface; the packet's own are in the pkt- columns.
      const sender = endpointsOf({
        sourceIp: value('pkt-srcaddr') || value('srcaddr'),
        sourcePort: Number(value('srcport') || 0),
        destinationIp: value('pkt-dstaddr') || value('dstaddr'),
        destinationPort: Number(value('dstport') || 0),
        transport: value('protocol'),
      });
      if (sender === null) {
        counters.problem(format, 'addresses or ports missing or malformed', name, number);
        return;
      }
      counters.entries++;
      emit({
        source: format, micros: end, line: number, digest: digestOf(line), protocol: '', messages: [], ends: false,
        visibility: 'cleartext', samplingRate: 0,
        ...oneWay({
          sender, bytes: counter(value('bytes')), packets: counter(value('packets')), startMicros: start,
          isFromServer: isAnswer(Number(value('tcp-flags')), sender),
        }),
      } satisfies LogEntry);
    },
  };
}

/** Whether it is the server's direction: SYN-ACK shows the server, SYN alone the client; the flags of an interval are ORed. */
function isAnswer(flags: number, { sourcePort, destinationPort }: Endpoints): boolean {
  if (flags & SYN) return (flags & ACK) !== 0;
  return isServerPort(sourcePort, destinationPort);
}

function counter(written: string): number {
  const value = Number(written);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}
