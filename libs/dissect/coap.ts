import { addContent, FieldList } from './fieldlist.ts';
import { setTargetFacts } from './http-target.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { stepOf } from './path.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';

/** CoAP (RFC 7252): the HTTP of small devices. A request names its resource in options, as text; what a device tells stands in payloads. */
export const coap: DatagramProtocol = {
  name: 'coap',
  recognise: isCoap,
  read(payload, context, environment): Message {
    const message = createMessage('coap', cleartext, context);
    const fields = new FieldList(message, environment);
    const parts = readMessage(payload)!;
    const { host, path, query, proxyUri } = parts;
    setTargetFacts(message.facts, { authority: '', path: asBytes(path), query: asBytes(query.join('&')) }, asBytes(host), environment, 'coap');
    fields.add('coap.uri_host', '', host);
    fields.add('url.path', '', path);
    for (const pair of query) {
      const equals = pair.indexOf('=');
      const key = equals > 0 ? pair.slice(0, equals) : '';
      fields.add(key === '' ? 'url.query' : `url.query.${stepOf(key)}`, key, pair.slice(equals + 1));
    }
    fields.add('coap.proxy_uri', '', proxyUri);
    const content = payload.subarray(parts.contentStart);
    if (content.length > 0) addContent(message, fields, 'coap.payload.json', content);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'CoAP' };

const COAP = 5683;
const header = 4;
const payloadMarker = 0xff;

/** Numbers of options (RFC 7252, section 5.10). */
const URI_HOST = 3;
const URI_PATH = 11;
const URI_QUERY = 15;
const PROXY_URI = 35;

/** Most bytes of the value of each option (RFC 7252, section 5.10; RFC 7641, 7959, 7967, 8613, 8768, 9175), by its number. */
const longestValues = new Map([
  [1, 8], [URI_HOST, 255], [4, 8], [5, 0], [6, 3], [7, 2], [8, 255], [9, 255], [URI_PATH, 255], [12, 2], [14, 4], [URI_QUERY, 255], [16, 1], [17, 2],
  [19, 3], [20, 255], [21, 39], [23, 3], [27, 3], [28, 4], [PROXY_URI, 1034], [39, 255], [60, 4], [252, 40], [258, 1], [292, 8],
]);

/** Requests (RFC 7252, section 12.1.1; RFC 8132), and classes of responses. */
const [firstMethod, lastMethod] = [0x01, 0x07];
const responses = new Set([2, 4, 5]);

interface Parts {
  host: string;
  path: string;
  query: string[];
  proxyUri: string;
  /** Where the payload begins; the end of the message when it has none. */
  contentStart: number;
}

/**
 * On CoAP's port what is sound from beginning to end is one; on another, a request that names its resource: a header and a few options alone are
 * found in random bytes too.
 */
function isCoap(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  if (payload.length < header || payload[0]! >> 6 !== 1) return false;
  const code = payload[1]!;
  const isRequest = code >= firstMethod && code <= lastMethod;
  const isOnPort = sourcePort === COAP || destinationPort === COAP;
  if (!isRequest && !(isOnPort && (code === 0 || responses.has(code >> 5)))) return false;
  const parts = readMessage(payload);
  return parts !== null && (isOnPort || parts.path.length > 2);
}

/** Text as HTTP has it, one character per byte. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The message's parts; null when it is none. */
function readMessage(payload: Buffer): Parts | null {
  const tokenLength = payload[0]! & 0x0f;
  if (tokenLength > 8) return null;
  const parts: Parts = { host: '', path: '', query: [], proxyUri: '', contentStart: payload.length };
  // An empty message is its header (section 4.1).
  if (payload[1] === 0) return tokenLength === 0 && payload.length === header ? parts : null;
  let position = header + tokenLength;
  if (position > payload.length) return null;
  let number = 0;
  while (position < payload.length) {
    const first = payload[position++]!;
    if (first === payloadMarker) {
      parts.contentStart = position;
      // A marker without payload is an error (section 3).
      return position < payload.length ? parts : null;
    }
    const delta = extended(payload, position, first >> 4);
    if (delta === null) return null;
    position = delta.end;
    const length = extended(payload, position, first & 0x0f);
    if (length === null) return null;
    position = length.end;
    number += delta.value;
    const longest = longestValues.get(number);
    const end = position + length.value;
    if (longest === undefined || length.value > longest || end > payload.length) return null;
    if (!addOption(parts, number, payload.subarray(position, end))) return null;
    position = end;
  }
  return parts;
}

/** A delta or a length, of which 13 and 14 say that one or two bytes more follow (RFC 7252, section 3.1). */
function extended(payload: Buffer, position: number, value: number): { value: number; end: number } | null {
  if (value < 13) return { value, end: position };
  if (value === 13) return position < payload.length ? { value: payload[position]! + 13, end: position + 1 } : null;
  if (value === 14) return position + 1 < payload.length ? { value: payload.readUInt16BE(position) + 269, end: position + 2 } : null;
  return null;
}

/** False for what must be text and is none. */
function addOption(parts: Parts, number: number, value: Buffer): boolean {
  if (number !== URI_HOST && number !== URI_PATH && number !== URI_QUERY && number !== PROXY_URI) return true;
  const text = value.toString('utf8');
  if (notText.test(text)) return false;
  if (number === URI_HOST) parts.host = text;
  else if (number === URI_PATH) parts.path += `/${text}`;
  else if (number === URI_QUERY) parts.query.push(text);
  else parts.proxyUri = text;
  return true;
}

// oxlint-disable-next-line no-control-regex
const notText = /[\x00-\x1f\x7f\ufffd]/;
