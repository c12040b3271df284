import { addContent, FieldList } from './fieldlist.ts';
import { setTargetFacts } from './http-target.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { stepOf } from './path.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';

/** CoAP (RFC 7252): HTTP for small devices. A request names its resource in options, as text; what a device reports is in payloads. */
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

/** Option numbers (RFC 7252, section 5.10). */
const URI_HOST = 3;
const URI_PATH = 11;
const URI_QUERY = 15;
const PROXY_URI = 35;

/** Maximum length in bytes of each option's value (RFC 7252, section 5.10; RFC 7641, 7959, 7967, 8613, 8768, 9175), by option number. */
const longestValues = new Map([
  [1, 8], [URI_HOST, 255], [4, 8], [5, 0], [6, 3], [7, 2], [8, 255], [9, 255], [URI_PATH, 255], [12, 2], [14, 4], [URI_QUERY, 255], [16, 1], [17, 2],
  [19, 3], [20, 255], [21, 39], [23, 3], [27, 3], [28, 4], [PROXY_URI, 1034], [39, 255], [60, 4], [252, 40], [258, 1], [292, 8],
]);

/** Request methods (RFC 7252, section 12.1.1; RFC 8132), and response classes. */
const [firstMethod, lastMethod] = [0x01, 0x07];
const responses = new Set([2, 4, 5]);

interface Parts {
  host: string;
  path: string;
  query: string[];
  proxyUri: string;
  /** Where the payload begins; the end of the message if it has none. */
  contentStart: number;
}

/**
 * On CoAP's port, any well-formed message; on other ports, only a request that names its resource, since a header and a few options also occur
 * in random bytes.
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

/** Text with one character per byte, as in HTTP. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The message's parts; null if it is not CoAP. */
function readMessage(payload: Buffer): Parts | null {
  const tokenLength = payload[0]! & 0x0f;
  if (tokenLength > 8) return null;
  const parts: Parts = { host: '', path: '', query: [], proxyUri: '', contentStart: payload.length };
  // An empty message consists of its header (section 4.1).
  if (payload[1] === 0) return tokenLength === 0 && payload.length === header ? parts : null;
  let position = header + tokenLength;
  if (position > payload.length) return null;
  let number = 0;
  while (position < payload.length) {
    const first = payload[position++]!;
    if (first === payloadMarker) {
      parts.contentStart = position;
      // A payload marker without payload is an error (section 3).
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

/** An option's delta or length, where 13 and 14 mean that one or two more bytes follow (RFC 7252, section 3.1). */
function extended(payload: Buffer, position: number, value: number): { value: number; end: number } | null {
  if (value < 13) return { value, end: position };
  if (value === 13) return position < payload.length ? { value: payload[position]! + 13, end: position + 1 } : null;
  if (value === 14) return position + 1 < payload.length ? { value: payload.readUInt16BE(position) + 269, end: position + 2 } : null;
  return null;
}

/** Returns false if a value that must be text is not. */
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
