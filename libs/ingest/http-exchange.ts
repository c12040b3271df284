import { StreamDissector, defaultDissectOptions, type Encryption, type Message } from '#dissect';
import type { IngestCounters } from './counters.ts';
import { dissect } from './dissected.ts';

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A request and its response, from a log or an archive. */
export interface HttpExchange {
  /** Empty when the log has no request. */
  method: string;
  /** Request target: a path with its query, or an absolute URL. */
  target: string;
  requestHeaders: HeaderList;
  requestBody: Buffer | null;
  /** 0 when there is no response. */
  status: number;
  responseHeaders: HeaderList;
  responseBody: Buffer | null;
  encryption: Encryption;
  /** Bodies are as they were sent, compressed if their Content-Encoding says so. */
  keepsContentEncoding?: boolean;
}

/**
 * The messages of an exchange. It is written as HTTP/1.1 and read by the dissector of captures, so that values have the same paths,
 * encodings and bounds whatever the source. A response without headers and body only adds its status to the request.
 * @param counters count what exceeds a bound
 */
export function httpMessages(exchange: HttpExchange, micros: number, counters: IngestCounters): Message[] {
  const messages: Message[] = [];
  const emit = (message: Message): void => {
    messages.push({
      ...message,
      encryption: exchange.encryption,
      fields: message.fields.filter(({ path }) => !path.endsWith('.header.content-length')),
      payload: message.payload && Buffer.from(message.payload),
    });
  };
  dissect(counters, (environment) => {
    const dissector = new StreamDissector(environment, emit);
    const hasRequest = exchange.method !== '';
    if (hasRequest) dissector.data('source', requestBytes(exchange, counters), 0, micros);
    const request = messages[0];
    const isBare = exchange.responseHeaders.length === 0 && exchange.responseBody === null;
    if (exchange.status > 0 && isBare && request !== undefined) {
      request.facts['http.response.status_code'] = exchange.status;
    } else if (exchange.status > 0) {
      dissector.data('destination', responseBytes(exchange, counters), 0, micros);
    }
    dissector.end();
  });
  return messages;
}

function requestBytes({ method, target, requestHeaders, requestBody, keepsContentEncoding }: HttpExchange, counters: IngestCounters): Buffer {
  const encoded = encodedTarget(target);
  if (encoded.length > maxTarget) counters.add('http', 'bounded target');
  const startLine = `${token(method).slice(0, maxMethod)} ${shortened(encoded)} HTTP/1.1`;
  return written({ startLine, headers: requestHeaders, body: requestBody, keepsContentEncoding }, counters);
}

function responseBytes({ status, responseHeaders, responseBody, keepsContentEncoding }: HttpExchange, counters: IngestCounters): Buffer {
  const startLine = `HTTP/1.1 ${String(status).padStart(3, '0')} `;
  return written({ startLine, headers: responseHeaders, body: responseBody, keepsContentEncoding }, counters);
}

/** Bytes of a message head that the dissector accepts, without Content-Length; and how many of them the target and the method may take. */
const maxHead = defaultDissectOptions.maxHeadBytes - 64;
const maxTarget = 31 * 1024;
const maxMethod = 32;

/** Shortens a target that is longer than the dissector reads, after the last whole parameter. */
function shortened(target: string): string {
  if (target.length <= maxTarget) return target;
  const end = target.lastIndexOf('&', maxTarget);
  return target.slice(0, end > 0 ? end : maxTarget);
}

/** Headers about how a body was transferred: a log has the body whole, and unless it says otherwise, decoded. */
const framing = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade']);

interface HttpText {
  startLine: string;
  headers: HeaderList;
  body: Buffer | null;
  keepsContentEncoding: boolean | undefined;
}

/** A message as HTTP/1.1. Headers that would exceed {@link maxHead} are left out and counted. */
function written({ startLine, headers, body, keepsContentEncoding }: HttpText, counters: IngestCounters): Buffer {
  const lines = [startLine];
  let room = maxHead - startLine.length;
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase();
    if (lowerCase === 'content-encoding' && keepsContentEncoding !== true) continue;
    if (value === '' || framing.has(lowerCase) || name.startsWith(':')) continue;
    const line = `${token(name)}: ${value.replaceAll(controls, ' ')}`;
    const bytes = Buffer.byteLength(line) + 2;
    if (bytes > room) {
      counters.add('http', 'bounded header');
      continue;
    }
    room -= bytes;
    lines.push(line);
  }
  lines.push(`Content-Length: ${body?.length ?? 0}`, '', '');
  const head = Buffer.from(lines.join('\r\n'));
  return body === null ? head : Buffer.concat([head, body]);
}

// oxlint-disable-next-line no-control-regex
const controls = /[\x00-\x1f\x7f]/g;

/** A method or a header's name, without characters that would end it (RFC 9110, section 5.6.2). */
function token(name: string): string {
  return name.replaceAll(/[^\w!#$%&'*+.^`|~-]/g, '_') || '_';
}

/** Some logs have unescaped targets (Zeek's `unescaped_URI`): characters that a request line cannot contain are escaped again. */
function encodedTarget(target: string): string {
  // oxlint-disable-next-line no-control-regex
  return (
    target.replaceAll(/[^\x21-\x7e]/gu, (character) =>
      [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    ) || '/'
  );
}
