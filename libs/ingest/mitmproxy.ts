import { DissectCounters, StreamDissector, defaultDissectOptions, type Encryption, type Message } from '#dissect';
import { canonicalAddress, type Endpoints } from './endpoints.ts';
import { digestOf, type LogEntry } from './entry.ts';
import { httpMessages, type HeaderList } from './http-exchange.ts';
import type { LogMark, LogReader, LogSource } from './log.ts';
import { cleartext, encrypted, message } from './messages.ts';
import { parseTnetstring, TnetstringError, type Tnetstring } from './tnetstring.ts';
import { TnetstringSplitter } from './tnetstring-splitter.ts';

const format = 'mitmproxy';
/** Longest flow; it is held as a whole. */
const maxFlowBytes = 64 * 1024 * 1024;
/** Flow formats that this reader was written for: mitmproxy 4 (2018) to 12. Later ones are read as far as they are the same, and counted. */
const oldestVersion = 4;
const newestVersion = 21;

type Dictionary = ReadonlyMap<string, Tnetstring>;

/** A dictionary whose first key is one of a flow's: which one it is depends on the version. */
const beginning = new RegExp(`^\\d{2,12}:\\d{1,2}:(?:${
  'websocket|request|response|messages|backup|timestamp_created|comment|metadata|mode|marked|is_replay|intercepted|server_conn|client_conn'
  + '|error|id|type|version|close_\\w+'
})[;,]\\d`);

export function isMitmproxy(sample: string): boolean {
  return beginning.test(sample);
}

/**
 * Flows of mitmproxy (`mitmdump -w FILE`): tnetstrings one behind the other, one per HTTP exchange or TCP connection.
 *
 * What went over TLS was encrypted on the wire and is visible to the inspection only. A flow that is damaged costs itself; behind damaged
 * framing nothing can be found again.
 */
export function mitmproxy(source: LogSource, from?: Omit<LogMark, 'unread'>): LogReader {
  const { name, counters } = source;
  const flows = new TnetstringSplitter({
    longest: maxFlowBytes,
    before: from?.line ?? 0,
    onValue: (bytes, number) => readFlow(bytes, number, source),
    onProblem: (problem, number) => counters.problem(format, problems[problem], name, number),
  });
  return {
    push: (chunk) => flows.push(chunk),
    finish: () => flows.finish(),
    mark: () => ({ unread: flows.unread, line: flows.values, head: '' }),
  };
}

const problems = { long: 'flow too long', broken: 'not a flow file from here on', cut: 'cut flow' } as const;

function readFlow(bytes: Buffer, number: number, { name, counters, emit }: LogSource): void {
  const problem = (reason: string): void => counters.problem(format, reason, name, number);
  let flow: Tnetstring;
  try {
    flow = parseTnetstring(bytes);
  } catch (error) {
    if (!(error instanceof TnetstringError)) throw error;
    return problem('malformed flow');
  }
  if (!(flow instanceof Map)) return problem('malformed flow');
  const version = flow.get('version');
  if (typeof version !== 'number' || version < oldestVersion) return problem(`flow format older than ${oldestVersion}`);
  if (version > newestVersion) counters.add(format, `flow format newer than ${newestVersion}`);

  const type = textOf(flow, 'type');
  if (type !== 'http' && type !== 'tcp') {
    // dns, udp and websocket of its own (formats before 12).
    counters.add(format, 'flows of a type that is not read');
    return;
  }
  const request = dictionary(flow, 'request');
  const client = dictionary(flow, 'client_conn');
  const micros = microsOf((type === 'http' ? request : client)?.get('timestamp_start'));
  if (Number.isNaN(micros)) return problem('timestamp_start missing or malformed');
  const isEncrypted =
    type === 'http' ? textOf(request, 'scheme') === 'https' : client?.get('tls') === true || client?.get('tls_established') === true;
  const encryption = isEncrypted ? encrypted('TLS, inspected') : cleartext(type === 'http' ? 'HTTP/1' : 'TCP');
  counters.entries++;
  emit({
    source: format, flowName: textOf(client, 'id'), endpoints: endpointsOfFlow(flow), micros, startMicros: micros, line: number, digest: digestOf(bytes),
    protocol: '', messages: type === 'http' ? exchange(flow, encryption, micros) : conversation(flow, encryption, micros), totals: null, ends: false,
    visibility: isEncrypted ? 'inspected' : 'cleartext', samplingRate: 0,
  } satisfies LogEntry);
}

/**
 * From the client to the server that the proxy spoke to. Where the two have different IP versions, or the client is not known, the
 * unspecified address stands for it; likewise for a server that was not reached, if the request does not name it by its address.
 */
function endpointsOfFlow(flow: Dictionary): Endpoints {
  const client = dictionary(flow, 'client_conn');
  const server = dictionary(flow, 'server_conn');
  const request = dictionary(flow, 'request');
  const [clientIp, clientPort] = addressOf(client, 'peername', 'address');
  const [reachedIp, reachedPort] = addressOf(server, 'peername', 'ip_address');
  const [namedIp, namedPort] = addressOf(server, 'address');
  const serverIp = reachedIp || namedIp || canonicalAddress(textOf(request, 'host')) || '0.0.0.0';
  const serverPort = reachedPort || namedPort || portOf(request?.get('port') ?? null);
  const unspecified = serverIp.includes(':') ? '::' : '0.0.0.0';
  const hasClient = clientIp !== '' && clientIp.includes(':') === serverIp.includes(':');
  return {
    sourceIp: hasClient ? clientIp : unspecified,
    sourcePort: hasClient ? clientPort : 0,
    destinationIp: serverIp,
    destinationPort: serverPort,
    transport: textOf(server, 'transport_protocol') === 'udp' ? 'udp' : 'tcp',
  };
}

/** Address and port under the first of the names that holds an address; '' and 0 when none does. IPv4 of a dual-stack socket is IPv4. */
function addressOf(connection: Dictionary | undefined, ...names: readonly string[]): [ip: string, port: number] {
  for (const name of names) {
    const written = connection?.get(name);
    if (!Array.isArray(written)) continue;
    const ip = canonicalAddress(String(written[0]).replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, ''));
    if (ip !== '') return [ip, portOf(written[1] ?? null)];
  }
  return ['', 0];
}

function exchange(flow: Dictionary, encryption: Encryption, micros: number): Message[] {
  const request = dictionary(flow, 'request');
  const response = dictionary(flow, 'response');
  const headers = headersOf(request);
  const host = textOf(request, 'authority') || textOf(request, 'host');
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const messages = httpMessages({
    method: textOf(request, 'method'),
    target: textOf(request, 'path'),
    requestHeaders: hasHost ? headers : [['Host', host], ...headers],
    requestBody: bodyOf(request),
    status: numberIn(response, 'status_code'),
    responseHeaders: headersOf(response),
    responseBody: bodyOf(response),
    encryption,
    keepsContentEncoding: true,
  }, micros);
  const frames = dictionary(flow, 'websocket')?.get('messages');
  for (const frame of Array.isArray(frames) ? frames : []) {
    if (!Array.isArray(frame)) continue;
    const [, isFromClient, content, time] = frame;
    const one = message('websocket', encryption, isFromClient === true ? 'source' : 'destination', microsOf(time) || micros);
    one.payload = bytesOf(content ?? null);
    messages.push(one);
  }
  return messages;
}

/** The bytes of a TCP connection, read by the dissectors of captures. */
function conversation(flow: Dictionary, encryption: Encryption, micros: number): Message[] {
  const messages: Message[] = [];
  const dissector = new StreamDissector(
    { options: defaultDissectOptions, counters: new DissectCounters() },
    (one) => messages.push({ ...one, encryption, payload: one.payload && Buffer.from(one.payload) }),
  );
  const parts = flow.get('messages');
  for (const part of Array.isArray(parts) ? parts : []) {
    if (!Array.isArray(part)) continue;
    const [isFromClient, content, time] = part;
    dissector.data(isFromClient === true ? 'source' : 'destination', bytesOf(content ?? null), 0, microsOf(time) || micros);
  }
  dissector.end();
  return messages;
}

function headersOf(side: Dictionary | undefined): HeaderList {
  const headers = side?.get('headers');
  if (!Array.isArray(headers)) return [];
  return headers.flatMap((header) =>
    Array.isArray(header) && header.length >= 2 ? [[bytesOf(header[0]!).toString(), bytesOf(header[1]!).toString()] as const] : [],
  );
}

function bodyOf(side: Dictionary | undefined): Buffer | null {
  const body = bytesOf(side?.get('content') ?? null);
  return body.length === 0 ? null : body;
}

function dictionary(of: Dictionary, key: string): Dictionary | undefined {
  const value = of.get(key);
  return value instanceof Map ? value : undefined;
}

function textOf(of: Dictionary | undefined, key: string): string {
  return bytesOf(of?.get(key) ?? null).toString();
}

function bytesOf(value: Tnetstring): Buffer {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'string' ? value : '');
}

function numberIn(of: Dictionary | undefined, key: string): number {
  const value = of?.get(key);
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function portOf(value: Tnetstring): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535 ? value : 0;
}

/** Seconds to µs; NaN when it is no time. */
function microsOf(seconds: Tnetstring | undefined): number {
  if (typeof seconds !== 'number') return NaN;
  const micros = Math.round(seconds * 1_000_000);
  return micros > 0 && Number.isSafeInteger(micros) ? micros : NaN;
}
