import { FieldList, wholeAt } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { hostOf } from './host.ts';
import { addHeaders } from './http-fields.ts';
import type { Header } from './http-head.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { stepOf } from './path.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';
import { addPairs } from './urlencoded.ts';

/**
 * AJP 1.3, by which a web server forwards requests to a servlet container (Apache Tomcat Connectors, AJP Protocol Reference).
 * Its requests and responses are those of HTTP, and their facts and fields have the same names.
 */
export const ajp = framedProtocol('ajp', recogniseAjp, () => new AjpReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'AJP' };

const TO_CONTAINER = 0x1234;
const FROM_CONTAINER = 0x4142;
const packetHeader = 4;

const FORWARD_REQUEST = 2;
const SEND_HEADERS = 4;
const CPING = 10;
/** Codes of the messages that a container sends: body chunk, headers, end, CPONG … */
const [firstReply, lastReply] = [3, 9];

const methods = [
  '', 'OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'ACL', 'REPORT',
  'VERSION-CONTROL', 'CHECKIN', 'CHECKOUT', 'UNCHECKOUT', 'SEARCH', 'MKWORKSPACE', 'UPDATE', 'LABEL', 'MERGE', 'BASELINE-CONTROL', 'MKACTIVITY',
];
/** Header names that are encoded as 0xA001 and up. */
const requestHeaders = [
  '', 'Accept', 'Accept-Charset', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Connection', 'Content-Type', 'Content-Length',
  'Cookie', 'Cookie2',
  'Host', 'Pragma', 'Referer', 'User-Agent',
];
const responseHeaders = [
  '', 'Content-Type', 'Content-Language', 'Content-Length', 'Date', 'Last-Modified', 'Location', 'Set-Cookie', 'Set-Cookie2',
  'Servlet-Engine', 'Status',
  'WWW-Authenticate',
];

const REMOTE_USER = 3;
const QUERY = 5;
const SECRET = 12;
const REQUEST_ATTRIBUTE = 10;
const KEY_SIZE = 11;
const ARE_DONE = 0xff;
const nullString = 0xffff;
const OPEN_BRACE = 0x7b;

function recogniseAjp(bytes: Buffer): Recognition {
  const second = bytes[0] === 0x12 ? 0x34 : bytes[0] === 0x41 ? 0x42 : -1;
  if (second < 0 || (bytes.length > 1 && bytes[1] !== second)) return 'no';
  if (bytes.length <= packetHeader) return 'more';
  const length = bytes.readUInt16BE(2);
  const code = bytes[packetHeader]!;
  if (length === 0) return 'no';
  if (second === 0x42) return code >= firstReply && code <= lastReply ? 'yes' : 'no';
  return (code === FORWARD_REQUEST && length > 20) || (code === CPING && length === 1) ? 'yes' : 'no';
}

class AjpReader implements FrameReader {
  /** Bytes of a request body still to come; the packets that carry them have no code. */
  #bodyLeft = 0;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < packetHeader) return 0;
    const magic = bytes.readUInt16BE(0);
    return magic === TO_CONTAINER || magic === FROM_CONTAINER ? packetHeader + bytes.readUInt16BE(2) : -1;
  }

  skipped(): void {
    this.#bodyLeft = 0;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const toContainer = bytes.readUInt16BE(0) === TO_CONTAINER;
    const reader = new ByteReader(bytes, packetHeader);
    if (toContainer && this.#bodyLeft > 0 && isChunk(bytes)) return this.#body(bytes.subarray(packetHeader + 2), context);
    const code = reader.u8();
    if (toContainer && code === FORWARD_REQUEST) return this.#request(reader, context);
    if (!toContainer && code === SEND_HEADERS) return response(reader, context);
    return null;
  }

  #request(reader: ByteReader, context: FrameContext): Message {
    const message = createMessage('ajp', cleartext, context);
    const fields = new FieldList(message, context);
    const { facts } = message;
    facts['http.request.method'] = methods[reader.u8()] ?? 'EXTENSION';
    readString(reader);
    facts['url.path'] = readString(reader);
    fields.add('url.path', '', facts['url.path']);
    readString(reader);
    readString(reader);
    const host = hostOf(readString(reader));
    if (host === null) context.counters.add('ajp', 'malformed host');
    else facts['url.domain'] = host;
    reader.u16();
    reader.u8();
    const headers = readHeaders(reader, requestHeaders);
    addHeaders(fields, 'http.request.header', headers, { frameAt: () => context.frame });
    for (const { name, value } of headers) {
      if (name === 'content-length') this.#bodyLeft = /^\d{1,15}$/.test(value) ? Number(value) : 0;
      if (name === 'user-agent') facts['user_agent.original'] = value;
      if (name === 'content-type') facts['http.request.mime_type'] = value.split(';')[0]!.trim().toLowerCase();
    }
    readAttributes(reader, message, fields);
    if (reader.failed) context.counters.add('ajp', 'malformed request');
    return message;
  }

  /** A chunk of the request body; forms and JSON are read as far as they fit in one chunk. */
  #body(chunk: Buffer, context: FrameContext): Message {
    this.#bodyLeft -= Math.min(chunk.length, this.#bodyLeft);
    const message = createMessage('ajp', cleartext, context);
    const fields = new FieldList(message, context);
    const text = chunk.toString('latin1');
    if (chunk[0] === OPEN_BRACE && fields.addJson(chunk, wholeAt('http.request.body.json', context.frame))) return message;
    if (/^[\w.%~*+-]+=[^\s]*$/.test(text)) addPairs(fields, text, 0, wholeAt('http.request.body.form', context.frame));
    else message.payload = chunk;
    return message;
  }
}

/** Is this a part of a request body, whose length prefix fills the packet? */
function isChunk(bytes: Buffer): boolean {
  return bytes.length > packetHeader + 2 && bytes.readUInt16BE(packetHeader) === bytes.length - packetHeader - 2;
}

function response(reader: ByteReader, context: FrameContext): Message {
  const message = createMessage('ajp', cleartext, context);
  message.facts['http.response.status_code'] = reader.u16();
  readString(reader);
  const headers = readHeaders(reader, responseHeaders);
  addHeaders(new FieldList(message, context), 'http.response.header', headers, { frameAt: () => context.frame });
  if (reader.failed) context.counters.add('ajp', 'malformed response');
  return message;
}

/** Names are a code or a string, values are strings. Positions are meaningless here: one packet completes the whole message. */
function readHeaders(reader: ByteReader, coded: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let left = reader.u16(); left > 0 && !reader.failed; left--) {
    const code = reader.u16();
    const written = code >> 8 === 0xa0 ? coded[code & 0xff] ?? '' : readText(reader, code);
    const value = readString(reader);
    if (written !== '' && !reader.failed) headers.push({ name: written.toLowerCase(), written, value, start: 0, end: 1 });
  }
  return headers;
}

function readAttributes(reader: ByteReader, message: Message, fields: FieldList): void {
  while (reader.left > 0 && !reader.failed) {
    const code = reader.u8();
    if (code === ARE_DONE) return;
    if (code === KEY_SIZE) {
      reader.u16();
      continue;
    }
    const name = code === REQUEST_ATTRIBUTE ? readString(reader) : '';
    const value = readString(reader);
    if (code === QUERY) {
      message.facts['url.query'] = value;
      addPairs(fields, value, 0, wholeAt('url.query', message.frame));
    } else if (code === REMOTE_USER) fields.add('ajp.remote_user', 'remote_user', value);
    else if (code === SECRET) fields.add('ajp.secret', 'password', value);
    else if (name !== '') fields.add(`ajp.attribute.${stepOf(name)}`, name, value);
  }
}

function readString(reader: ByteReader): string {
  return readText(reader, reader.u16());
}

/** Reads text of one character per byte, and the terminating zero. */
function readText(reader: ByteReader, length: number): string {
  if (length === nullString) return '';
  const text = reader.take(length).rest().toString('latin1');
  reader.u8();
  return text;
}
