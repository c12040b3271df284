import { DatagramDissector, StreamDissector, type Encryption, type Message, type Sender } from '#dissect';
import type { IngestCounters } from './counters.ts';
import { dissect } from './dissected.ts';
import { dnsMessages } from './dns-exchange.ts';
import { canonicalAddress, type Endpoints } from './endpoints.ts';
import { digestOf, type LogEntry } from './entry.ts';
import { httpMessages, type HeaderList } from './http-exchange.ts';
import type { LogMark, LogReader, LogSource } from './log.ts';
import { cleartext, encrypted, message } from './messages.ts';
import { parseTnetstring, TnetstringError, type Tnetstring } from './tnetstring.ts';
import { TnetstringSplitter } from './tnetstring-splitter.ts';

const format = 'mitmproxy';
/** Longest flow, in bytes; it is held as a whole. */
const maxFlowBytes = 64 * 1024 * 1024;
/** Flow formats that this reader was written for: mitmproxy 4 (2018) to 12. Later ones are read as far as they have not changed, and counted. */
const oldestVersion = 4;
const newestVersion = 21;

type Dictionary = ReadonlyMap<string, Tnetstring>;

/** What is known of a flow when its content is read. */
interface FlowContext {
  readonly encryption: Encryption;
  /** When it began, µs since 1970. */
  readonly micros: number;
  readonly endpoints: Endpoints;
  readonly counters: IngestCounters;
}

/** A dictionary whose first key is one that a flow has; which one comes first depends on the version. */
const beginning = new RegExp(`^\\d{2,12}:\\d{1,2}:(?:${
  'websocket|request|response|messages|backup|timestamp_created|comment|metadata|mode|marked|is_replay|intercepted|server_conn|client_conn'
  + '|error|id|type|version|close_\\w+'
})[;,]\\d`);

export function isMitmproxy(sample: string): boolean {
  return beginning.test(sample);
}

/**
 * Flows of mitmproxy (`mitmdump -w FILE`): consecutive tnetstrings, one per HTTP or DNS exchange, connection, or flow of datagrams. What
 * went over TLS was encrypted on the wire and visible only to the inspection. A damaged flow costs only itself; after damaged framing
 * nothing can be found again.
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
  const read = contents.get(type);
  if (read === undefined) {
    counters.add(format, 'flows of a type that is not read');
    return;
  }
  const request = dictionary(flow, 'request');
  const client = dictionary(flow, 'client_conn');
  const begun = request ?? client;
  const micros = microsOf(begun?.get('timestamp_start') ?? begun?.get('timestamp'));
  if (Number.isNaN(micros)) return problem('timestamp_start missing or malformed');
  const isEncrypted =
    type === 'http' ? textOf(request, 'scheme') === 'https' : client?.get('tls') === true || client?.get('tls_established') === true;
  const encryption = isEncrypted ? encrypted('TLS, inspected') : cleartext('HTTP/1');
  const endpoints = endpointsOfFlow(flow);
  counters.entries++;
  emit({
    source: format, flowName: textOf(client, 'id'), endpoints, micros, startMicros: micros, line: number, digest: digestOf(bytes),
    protocol: '', messages: read(flow, { encryption, micros, endpoints, counters }), totals: null, ends: false,
    visibility: isEncrypted ? 'inspected' : 'cleartext', samplingRate: 0,
  } satisfies LogEntry);
}

/**
 * From the client to the server that the proxy contacted. A client that is unknown, or has another IP version than the server, becomes the
 * unspecified address; so does a server that was not reached, unless the request names it by address.
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
    transport: (textOf(server, 'transport_protocol') || textOf(client, 'transport_protocol')) === 'udp' ? 'udp' : 'tcp',
  };
}

/**
 * Address and port under the first of the names that has an address; '' and 0 when none does. IPv4-mapped addresses of dual-stack sockets
 * become IPv4.
 */
function addressOf(connection: Dictionary | undefined, ...names: readonly string[]): [ip: string, port: number] {
  for (const name of names) {
    const written = connection?.get(name);
    if (!Array.isArray(written)) continue;
    const ip = canonicalAddress(String(written[0]).replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, ''));
    if (ip !== '') return [ip, portOf(written[1] ?? null)];
  }
  return ['', 0];
}

function exchange(flow: Dictionary, context: FlowContext): Message[] {
  const { encryption, micros, counters } = context;
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
  }, micros, counters);
  const socket = dictionary(flow, 'websocket');
  return socket === undefined ? messages : [...messages, ...frames(socket, context)];
}

/** Messages of a WebSocket, from the exchange that opened it or (before mitmproxy 7) a separate flow. */
function frames(socket: Dictionary, { encryption, micros }: FlowContext): Message[] {
  return parts(socket).map(([, isFromClient, content, time]) => {
    const one = message('websocket', encryption, senderOf(isFromClient), microsOf(time) || micros);
    one.payload = bytesOf(content ?? null);
    return one;
  });
}

/** The bytes of a TCP connection, read by the dissectors of captures. */
function conversation(flow: Dictionary, { encryption, micros, counters }: FlowContext): Message[] {
  const messages: Message[] = [];
  dissect(counters, (environment) => {
    const dissector = new StreamDissector(environment, (one) => messages.push(kept(one, encryption)));
    for (const [isFromClient, content, time] of parts(flow)) {
      dissector.data(senderOf(isFromClient), bytesOf(content ?? null), 0, microsOf(time) || micros);
    }
    dissector.end();
  });
  return messages;
}

/** The datagrams of a UDP flow, likewise. */
function datagrams(flow: Dictionary, { encryption, micros, endpoints: { sourcePort, destinationPort }, counters }: FlowContext): Message[] {
  const messages: Message[] = [];
  dissect(counters, (environment) => {
    const dissector = new DatagramDissector(environment, (one) => messages.push(kept(one, encryption)));
    for (const [isFromClient, content, time] of parts(flow)) {
      dissector.datagram(bytesOf(content ?? null), {
        sender: senderOf(isFromClient), sourcePort, destinationPort, frame: 0, micros: microsOf(time) || micros,
      });
    }
  });
  return messages;
}

/** A DNS query and its response. */
function resolution(flow: Dictionary, { encryption, micros, counters }: FlowContext): Message[] {
  return (['request', 'response'] as const).flatMap((side) => {
    const dns = dictionary(flow, side);
    if (dns === undefined) return [];
    const records = (section: string) => dictionaries(dns, section).map((record) => ({
      name: textOf(record, 'name'), type: numberIn(record, 'type'), class: numberIn(record, 'class_'), ttl: numberIn(record, 'ttl'),
      data: bytesOf(record.get('data') ?? null).subarray(0, 65_535),
    }));
    const sender = side === 'request' ? 'source' : 'destination';
    return dnsMessages({ sender, questions: records('questions'), answers: records('answers') }, microsOf(dns.get('timestamp')) || micros, counters)
      .map((one) => kept(one, encryption));
  });
}

/** Reads the content of a flow, by its type. */
const contents: ReadonlyMap<string, (flow: Dictionary, context: FlowContext) => Message[]> = new Map([
  ['http', exchange], ['websocket', frames], ['tcp', conversation], ['udp', datagrams], ['dns', resolution],
]);

/**
 * A copy of a dissector's message. What the proxy decrypted was encrypted on the wire; for everything else, including what it passed
 * through, the dissector's verdict holds.
 */
function kept(one: Message, encryption: Encryption): Message {
  return { ...one, encryption: encryption.verdict === 'encrypted' ? encryption : one.encryption, payload: one.payload && Buffer.from(one.payload) };
}

function parts(flow: Dictionary): Tnetstring[][] {
  const messages = flow.get('messages');
  return Array.isArray(messages) ? messages.filter((part) => Array.isArray(part)) : [];
}

function senderOf(isFromClient: Tnetstring | undefined): Sender {
  return isFromClient === true ? 'source' : 'destination';
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

function dictionaries(of: Dictionary, key: string): Dictionary[] {
  const list = of.get(key);
  return Array.isArray(list) ? list.filter((one) => one instanceof Map) : [];
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

/** Converts seconds to µs; NaN for an impossible time. */
function microsOf(seconds: Tnetstring | undefined): number {
  if (typeof seconds !== 'number') return NaN;
  const micros = Math.round(seconds * 1_000_000);
  return micros > 0 && Number.isSafeInteger(micros) ? micros : NaN;
}
