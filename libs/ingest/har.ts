import type { Message } from '#dissect';
import type { IngestCounters } from './counters.ts';
import { canonicalAddress, type Endpoints } from './endpoints.ts';
import { digestOf, type LogEntry } from './entry.ts';
import { httpMessages, type HeaderList } from './http-exchange.ts';
import { jsonElements } from './json-elements.ts';
import type { LogReader, LogSource } from './log.ts';
import { cleartext, encrypted, message } from './messages.ts';
import { count, object, objects, parseRow, text, time, type Row } from './row.ts';

export function isHar(sample: string): boolean {
  return /^\{\s*"log"\s*:\s*\{/.test(sample);
}

/**
 * HTTP archives (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/), as browsers and inspecting proxies export them.
 *
 * What went over TLS was encrypted on the wire and visible only to the inspection. An archive names no client, and sometimes no server
 * either: the unspecified address takes their place.
 */
export function har(source: LogSource): LogReader {
  return jsonElements('har', ['log', 'entries'], source, (written, number) => {
    const entry = parseRow(written);
    if (entry === undefined) source.counters.problem('har', 'malformed entry', source.name, number);
    else readEntry(entry, number, source);
  });
}

function readEntry(entry: Row, number: number, { name, counters, emit }: LogSource): void {
  const request = object(entry, 'request');
  const url = URL.parse(text(request, 'url'));
  const micros = time(entry, 'startedDateTime');
  if (url === null) {
    counters.problem('har', 'request.url missing or malformed', name, number);
    return;
  }
  if (staysInBrowser(entry, url)) {
    counters.add('har', 'requests that did not leave the browser');
    return;
  }
  if (Number.isNaN(micros)) {
    counters.problem('har', 'startedDateTime missing or malformed', name, number);
    return;
  }
  const isEncrypted = url.protocol === 'https:' || url.protocol === 'wss:';
  counters.entries++;
  emit({
    source: 'har', flowName: '', endpoints: endpointsOfEntry(entry, url, isEncrypted), micros, startMicros: micros, line: number,
    digest: digestOf(JSON.stringify(entry)), protocol: 'http', messages: messagesOf(entry, url, isEncrypted, micros, counters),
    totals: null, ends: false, visibility: isEncrypted ? 'inspected' : 'cleartext', samplingRate: 0,
  } satisfies LogEntry);
}

/** Whether nobody on the path saw it: it was answered from a cache, blocked by an extension, or is for a URL that needs no network. */
function staysInBrowser(entry: Row, { protocol }: URL): boolean {
  if (!/^(?:https?|wss?):$/.test(protocol)) return true;
  // Chrome's own fields, as its exporter writes them (front_end/models/har/Log.ts).
  return text(entry, '_fromCache') !== '' || text(object(entry, 'response'), '_error') === 'net::ERR_BLOCKED_BY_CLIENT';
}

function endpointsOfEntry(entry: Row, url: URL, isEncrypted: boolean): Endpoints {
  const server =
    canonicalAddress(text(entry, 'serverIPAddress').replaceAll(/[[\]]/g, '')) || canonicalAddress(url.hostname.replaceAll(/[[\]]/g, '')) || '0.0.0.0';
  const port = Number(url.port) || (isEncrypted ? 443 : 80);
  const isQuic = /^h3|quic/i.test(text(object(entry, 'response'), 'httpVersion'));
  return {
    sourceIp: server.includes(':') ? '::' : '0.0.0.0', sourcePort: 0, destinationIp: server, destinationPort: port, transport: isQuic ? 'udp' : 'tcp',
  };
}

function messagesOf(entry: Row, url: URL, isEncrypted: boolean, micros: number, counters: IngestCounters): Message[] {
  const request = object(entry, 'request');
  const response = object(entry, 'response');
  const encryption = isEncrypted ? encrypted('TLS, inspected') : cleartext('HTTP/1');
  const messages = httpMessages({
    method: text(request, 'method'),
    target: `${url.pathname}${url.search}`,
    requestHeaders: withDefaults(headersOf(request), [['Host', url.host], ['Content-Type', text(object(request, 'postData'), 'mimeType')]]),
    requestBody: postedBody(object(request, 'postData')),
    status: count(response, 'status'),
    responseHeaders: withDefaults(headersOf(response), [['Content-Type', text(object(response, 'content'), 'mimeType')]]),
    responseBody: contentOf(object(response, 'content')),
    encryption,
  }, micros, counters);
  // Chrome and Firefox put a WebSocket's messages beside its handshake, with its errors among them.
  for (const frame of objects(entry, '_webSocketMessages')) {
    const type = text(frame, 'type');
    if (type !== 'send' && type !== 'receive') continue;
    const one = message('websocket', encryption, type === 'receive' ? 'destination' : 'source', time(frame, 'time') || micros);
    one.payload = Buffer.from(text(frame, 'data'), count(frame, 'opcode') === 2 ? 'base64' : 'utf8');
    messages.push(one);
  }
  return messages;
}

/** Adds headers that an exporter may give elsewhere. */
function withDefaults(headers: HeaderList, defaults: HeaderList): HeaderList {
  return [...headers, ...defaults.filter(([name, value]) => value !== '' && !headers.some(([known]) => known.toLowerCase() === name.toLowerCase()))];
}

/** Headers, and the cookies where an exporter gives them only in their own list. */
function headersOf(side: Row | undefined): HeaderList {
  const headers = objects(side, 'headers').map((header) => [text(header, 'name'), text(header, 'value')] as const);
  if (side === undefined || headers.some(([name]) => /^(?:set-)?cookie$/i.test(name))) return headers;
  const cookies = objects(side, 'cookies').map((cookie) => `${text(cookie, 'name')}=${text(cookie, 'value')}`);
  if (cookies.length === 0) return headers;
  return 'status' in side ? [...headers, ...cookies.map((cookie) => ['Set-Cookie', cookie] as const)] : [...headers, ['Cookie', cookies.join('; ')]];
}

/** The posted body: its text, or its parameters where the exporter has parsed the form. */
function postedBody(posted: Row | undefined): Buffer | null {
  const body = contentOf(posted);
  if (body !== null) return body;
  const parameters = objects(posted, 'params').map((parameter) => [text(parameter, 'name'), text(parameter, 'value')] as [string, string]);
  return parameters.length === 0 ? null : Buffer.from(new URLSearchParams(parameters).toString());
}

function contentOf(content: Row | undefined): Buffer | null {
  const written = text(content, 'text');
  return written === '' ? null : Buffer.from(written, text(content, 'encoding') === 'base64' ? 'base64' : 'utf8');
}
