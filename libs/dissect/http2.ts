import { ByteStream } from './bytestream.ts';
import { CollectedBytes } from './collected.ts';
import { FieldList, type FrameMap } from './fieldlist.ts';
import { HpackDecoder, HpackError } from './hpack.ts';
import { isMedia, readBody, type BodyHead } from './http-body.ts';
import { setRequestFacts, setResponseFacts, type Exchange } from './http-exchange.ts';
import { addHeaders } from './http-fields.ts';
import { headerList, headerValue, mediaType, type Header } from './http-head.ts';
import { addTarget, splitTarget } from './http-target.ts';
import { createMessage, type Encryption, type Message, type Origin, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { holdsData, leastBeginning, useOfAnswer, type BodyUse } from './response-body.ts';
import { SidedHandler, type Side } from './sided.ts';

/** HTTP/2 in cleartext (RFC 9113), by prior knowledge or upgraded from HTTP/1.1. It reports what HTTP/1 reports, under the same names. */
export const http2: StreamProtocol = {
  name: 'http2',
  recognise: recogniseHttp2,
  open: http2Handler,
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'HTTP/2' };

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Length, type, flags, stream. */
const frameHeader = 9;

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const CONTINUATION = 9;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;
/** The highest registered frame type (https://www.iana.org/assignments/http2-parameters). */
const highestType = 0x10;

/** The client's preface, or the SETTINGS frame with which a server begins (RFC 9113, section 3.4). */
function recogniseHttp2(bytes: Buffer): Recognition {
  const begins = (expected: Buffer): boolean => bytes.subarray(0, expected.length).equals(expected.subarray(0, bytes.length));
  if (begins(preface)) return bytes.length < preface.length ? 'more' : 'yes';
  if (bytes[0] !== 0 || (bytes[1] ?? 0) !== 0 || (bytes[2] ?? 0) % 6 !== 0 || (bytes[2] ?? 0) > 96) return 'no';
  for (let i = 3; i < Math.min(bytes.length, frameHeader); i++) if (bytes[i] !== (i === 3 ? SETTINGS : 0)) return 'no';
  return bytes.length < frameHeader ? 'more' : 'yes';
}

/** Reads the frames of both directions; a request and its response share an exchange. */
export function http2Handler(session: StreamSession): StreamHandler {
  const exchanges = new Map<number, Exchange>();
  return new SidedHandler({ source: new Http2Side(session, 'source', exchanges), destination: new Http2Side(session, 'destination', exchanges) });
}

/** A message whose body is being read. */
interface OpenMessage {
  readonly message: Message;
  readonly head: BodyHead;
  /** Null if the body is skipped; the message was emitted already. */
  body: ByteStream | null;
  bodyUse: BodyUse;
}

interface FrameHead {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly id: number;
}

/** The fields of a header block: pseudo-headers (`:method`), and ordinary headers as in HTTP/1. */
interface HeaderBlock {
  readonly pseudo: ReadonlyMap<string, string>;
  readonly headers: Header[];
}

class Http2Side implements Side {
  done = false;
  readonly #session: StreamSession;
  readonly #sender: Sender;
  readonly #stream: ByteStream;
  readonly #exchanges: Map<number, Exchange>;
  readonly #hpack = new HpackDecoder();
  readonly #open = new Map<number, OpenMessage>();
  /** Bytes held of bodies. */
  #kept = 0;
  /** Of a frame that is read piece by piece: how much is to be skipped and, for DATA, how much is to be kept, and for which stream. */
  #toSkip = 0;
  #toTake = 0;
  #streamId = 0;
  #endsStream = false;
  /** What has arrived of the current header block, and the bytes that it counts for. */
  readonly #block = new CollectedBytes();
  #blockLength = 0;
  #blockEndsStream = false;

  constructor(session: StreamSession, sender: Sender, exchanges: Map<number, Exchange>) {
    this.#session = session;
    this.#sender = sender;
    this.#stream = session[sender];
    this.#exchanges = exchanges;
  }

  get heldBytes(): number {
    return this.#kept + this.#block.heldBytes + this.#hpack.size;
  }

  read(): void {
    const stream = this.#stream;
    while (stream.length > 0 && !this.done) {
      if (this.#toTake > 0) this.#takeData();
      else if (this.#toSkip > 0) this.#skip();
      else if (!this.#readFrame()) return;
    }
    if (this.done) stream.clear();
  }

  /** Inside a body, only that body is affected; elsewhere the header compression has lost entries, and the next packet most likely begins a frame. */
  gap(missing: number): void {
    this.#count('gap');
    const inData = this.#toTake + this.#toSkip;
    if (missing <= inData) {
      const taken = Math.min(missing, this.#toTake);
      this.#toTake -= taken;
      this.#toSkip -= missing - taken;
      if (taken > 0) this.#finish(this.#streamId);
      return;
    }
    this.#stream.clear();
    this.#toTake = this.#toSkip = this.#blockLength = 0;
    this.#block.clear();
    this.#hpack.forget();
  }

  end(): void {
    for (const id of this.#open.keys()) {
      if (this.#open.get(id)!.body !== null) this.#count('cut body');
      this.#finish(id);
    }
    this.#stream.clear();
  }

  #readFrame(): boolean {
    const stream = this.#stream;
    const bytes = stream.bytes();
    if (bytes[0] === preface[0] && bytes.subarray(0, preface.length).equals(preface.subarray(0, bytes.length))) {
      if (bytes.length < preface.length) return false;
      stream.consume(preface.length);
      return true;
    }
    if (bytes.length < frameHeader) return false;
    const head: FrameHead = { length: bytes.readUIntBE(0, 3), type: bytes[3]!, flags: bytes[4]!, id: bytes.readUInt32BE(5) & 0x7fffffff };
    const { type, length } = head;
    if (type > highestType || (this.#blockLength > 0 && type !== CONTINUATION)) return this.#break('malformed frame');
    if (type === DATA) return this.#openData(bytes, head);
    const isRead = type === HEADERS || type === PUSH_PROMISE || type === CONTINUATION || type === RST_STREAM;
    if (!isRead) {
      stream.consume(frameHeader);
      this.#toSkip = length;
      return true;
    }
    if (length > this.#session.options.maxHeadBytes) return this.#break('bounded head');
    const end = frameHeader + length;
    if (bytes.length < end) return false;
    this.#takeFrame(head, bytes.subarray(frameHeader, end), this.#session.originAt(this.#sender, end - 1));
    stream.consume(end);
    return true;
  }

  /** Reads the header of a DATA frame, whose content is then read as it arrives and whose padding is skipped. */
  #openData(bytes: Buffer, { length, flags, id }: FrameHead): boolean {
    const isPadded = (flags & PADDED) !== 0;
    if (isPadded && bytes.length < frameHeader + 1) return false;
    const padding = isPadded ? bytes[frameHeader]! : 0;
    const content = length - (isPadded ? 1 + padding : 0);
    if (content < 0) return this.#break('malformed frame');
    const origin = this.#session.originAt(this.#sender, frameHeader - 1);
    this.#stream.consume(frameHeader + (isPadded ? 1 : 0));
    this.#toTake = content;
    this.#toSkip = padding;
    this.#streamId = id;
    this.#endsStream = (flags & END_STREAM) !== 0;
    if (content === 0 && this.#endsStream) this.#finish(id, origin);
    return true;
  }

  #takeData(): void {
    const stream = this.#stream;
    const length = Math.min(this.#toTake, stream.length);
    const { options } = this.#session;
    const body = this.#open.get(this.#streamId)?.body ?? null;
    if (body !== null) {
      const kept = Math.min(length, options.maxBodyBytes - body.length, 4 * options.maxBodyBytes - this.#kept);
      body.appendFrom(stream, kept);
      this.#kept += kept;
      if (kept < length) {
        this.#count('bounded body');
        this.#finish(this.#streamId);
      } else if (body.length >= leastBeginning && !this.#isData(this.#open.get(this.#streamId)!)) {
        this.#finish(this.#streamId);
      }
    }
    const origin = this.#session.originAt(this.#sender, length - 1);
    stream.consume(length);
    this.#toTake -= length;
    if (this.#toTake === 0 && this.#endsStream) this.#finish(this.#streamId, origin);
  }

  /** A body of a type that usually is not data is dropped unless it begins like data. */
  #isData(open: OpenMessage): boolean {
    if (open.bodyUse !== 'by beginning' || open.body === null || open.body.length === 0) return true;
    if (holdsData(open.body.bytes(), mediaType(open.head.contentType), open.head.codings)) {
      open.bodyUse = 'keep';
      return true;
    }
    this.#kept -= open.body.length;
    open.body = null;
    return false;
  }

  #skip(): void {
    const length = Math.min(this.#toSkip, this.#stream.length);
    this.#stream.consume(length);
    this.#toSkip -= length;
  }

  #takeFrame({ type, flags, id }: FrameHead, payload: Buffer, origin: Origin): void {
    if (type === RST_STREAM) return this.#finish(id, origin);
    let [start, end] = [0, payload.length];
    if (type !== CONTINUATION) {
      if ((flags & PADDED) !== 0) end -= payload[start++] ?? 0;
      if (type === HEADERS && (flags & PRIORITY) !== 0) start += 5;
      if (type === PUSH_PROMISE) start += 4;
      this.#block.clear();
      this.#blockLength = 0;
      this.#blockEndsStream = (flags & END_STREAM) !== 0 && type === HEADERS;
      this.#streamId = type === PUSH_PROMISE ? 0 : id;
    }
    if (start > end) {
      this.#break('malformed frame');
      return;
    }
    this.#block.append(payload.subarray(start, end));
    // An empty fragment counts as one byte: it continues the block, which must not go on for ever.
    this.#blockLength += end - start + 1;
    if (this.#blockLength > this.#session.options.maxHeadBytes) this.#break('bounded head');
    else if ((flags & END_HEADERS) !== 0) this.#takeHeaders(origin);
  }

  #takeHeaders(origin: Origin): void {
    this.#blockLength = 0;
    const headers: Header[] = [];
    const pseudo = new Map<string, string>();
    let listed = 0;
    try {
      this.#hpack.decode(this.#block.bytes(), (name, value) => {
        // A few bytes of a block may expand to many (RFC 9113, section 10.5.1).
        listed += name.length + value.length + 1;
        if (listed > this.#session.options.maxHeadBytes) return;
        if (name.startsWith(':')) pseudo.set(name, value);
        else headers.push({ name: name.toLowerCase(), written: name, value, start: 0, end: 1 });
      });
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      this.#break('malformed header block');
      return;
    } finally {
      this.#block.clear();
    }
    if (listed > this.#session.options.maxHeadBytes) this.#count('bounded head');
    // A promised request comes from the server itself.
    if (this.#streamId !== 0) this.#message(this.#streamId, { pseudo, headers }, origin);
  }

  #message(id: number, block: HeaderBlock, origin: Origin): void {
    const { pseudo, headers } = block;
    const open = this.#open.get(id);
    const isRequest = pseudo.has(':method');
    const status = statusOf(pseudo.get(':status'));
    if (Number.isNaN(status)) return this.#count('malformed status');
    if (!isRequest && status === 0) {
      if (open !== undefined && open.body !== null) this.#trailers(open, headers, origin);
      if (this.#blockEndsStream) this.#finish(id, origin);
      return;
    }
    if (!isRequest && status < 200) return;
    const message = createMessage('http', cleartext, origin);
    const contentType = headerValue(headers, 'content-type');
    const type = mediaType(contentType);
    if (isRequest) this.#request(id, message, block);
    else this.#response(id, message, status, headers);
    const bodyUse = isRequest ? isMedia(type) ? 'skip' : 'keep' : useOfAnswer(type);
    const keepsBody = !this.#blockEndsStream && bodyUse !== 'skip';
    const path = isRequest ? 'http.request.body' : 'http.response.body';
    if (open !== undefined) this.#finish(id);
    this.#remember(id, {
      message, head: { path, contentType, codings: headerList(headers, 'content-encoding') }, body: keepsBody ? new ByteStream() : null, bodyUse,
    });
    if (!keepsBody) this.#finish(id, origin);
  }

  #trailers({ message, head }: OpenMessage, headers: readonly Header[], { frame }: Origin): void {
    const prefix = head.path === 'http.request.body' ? 'http.request.trailer' : 'http.response.trailer';
    addHeaders(new FieldList(message, this.#session), prefix, headers, { frameAt: () => frame });
  }

  #request(id: number, message: Message, { pseudo, headers }: HeaderBlock): void {
    const { facts, frame } = message;
    const method = pseudo.get(':method')!;
    const path = pseudo.get(':path') ?? '';
    let authority = pseudo.get(':authority') ?? headerValue(headers, 'host');
    // Credentials must not be in the authority (RFC 9113, section 8.3.1), but can be.
    const target = splitTarget(method, method === 'CONNECT' ? authority : authority.includes('@') ? `http://${authority}${path}` : path);
    if (target.authority !== '') authority = target.authority;
    const exchange = setRequestFacts(facts, { method, target, host: authority, headers }, this.#session);
    const list = new FieldList(message, this.#session);
    const frames: FrameMap = { frameAt: () => frame };
    addTarget(list, target, 0, frames);
    if (authority !== '') headers.unshift({ name: 'host', written: 'Host', value: authority, start: 0, end: 1 });
    addHeaders(list, 'http.request.header', headers, frames);
    if (this.#exchanges.size >= this.#session.options.maxPipelined) {
      this.#exchanges.delete(this.#exchanges.keys().next().value!);
      this.#count('bounded pipelined requests');
    }
    this.#exchanges.set(id, exchange);
  }

  #response(id: number, message: Message, status: number, headers: readonly Header[]): void {
    const { facts, frame } = message;
    setResponseFacts(facts, status, headers, this.#exchanges.get(id));
    this.#exchanges.delete(id);
    addHeaders(new FieldList(message, this.#session), 'http.response.header', headers, { frameAt: () => frame });
  }

  #remember(id: number, open: OpenMessage): void {
    if (this.#open.size >= this.#session.options.maxPipelined) {
      this.#count('bounded streams');
      this.#finish(this.#open.keys().next().value!);
    }
    this.#open.set(id, open);
  }

  /** Adds the fields of the body and emits the message, which ends with that packet, or by default with the last one of its body. */
  #finish(id: number, end: Origin | null = null): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.#isData(open);
    const { message, body, head } = open;
    if (body !== null && body.length > 0) {
      message.frame = end?.frame ?? body.frameAt(body.length - 1);
      message.micros = end?.micros ?? body.microsAt(body.length - 1);
      this.#kept -= body.length;
      readBody(this.#session, message, body, head);
    }
    this.#count('messages');
    this.#session.emit(message);
  }

  #break(reason: string): false {
    this.#count(reason);
    this.end();
    this.done = true;
    return false;
  }

  #count(reason: string): void {
    this.#session.counters.add('http', reason);
  }
}

/** The three-digit status (RFC 9113, section 8.3.2). 0 if there is none, as in trailers; NaN if it is malformed. */
function statusOf(value: string | undefined): number {
  if (value === undefined) return 0;
  return /^[1-9]\d\d$/.test(value) ? Number(value) : NaN;
}
