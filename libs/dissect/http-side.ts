import { ByteStream } from './bytestream.ts';
import { FieldList } from './fieldlist.ts';
import { isMedia, readBody } from './http-body.ts';
import { setRequestFacts, setResponseFacts, type Exchange, type Exchanges } from './http-exchange.ts';
import { addHeaders } from './http-fields.ts';
import {
  findHeadEnd, headerList, headerValue, mediaType, parseHead, parseHeaders, parseRequestLine, parseStatusLine, recogniseHttp,
  type Head, type Header, type RequestLine,
} from './http-head.ts';
import { findMessageStart, searchedBytes } from './http-resync.ts';
import { addTarget, splitTarget } from './http-target.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { StreamSession } from './protocol.ts';
import { holdsData, leastBeginning, useOfAnswer, type BodyUse } from './response-body.ts';

const cleartext: Encryption = { verdict: 'cleartext', reason: 'HTTP/1' };

/** Longest chunk-size line, including extensions. */
const maxChunkLine = 4096;
/** Bytes without the start of a message after which the search for one is abandoned. */
const maxLostBytes = 4 * 1024 * 1024;
/** Bytes kept of a direction that lost synchronisation: the start line of the next message may have begun in them. */
const lostWindow = 8 * 1024;

/**
 * - `head`: the start line and headers of the next message.
 * - `length`: `remaining` bytes of a body. `close`: a body that ends with the connection.
 * - `chunk-size`, `chunk`, `chunk-end`, `trailer`: parts of a chunked body.
 * - `lost`: somewhere after a gap or an error.
 * - `stopped`: what follows is not HTTP.
 */
type State = 'head' | 'length' | 'close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'lost' | 'stopped';

/** The messages that one side sends. */
export class HttpSide {
  readonly #exchanges: Exchanges;
  readonly #session: StreamSession;
  readonly #sender: Sender;
  readonly #stream: ByteStream;

  #state: State = 'head';
  /**
   * Bytes that were already searched, for the end of the head or of the trailer or, if lost, for a message; and whether the head begins with a start
   * line.
   */
  #searched = 0;
  #started = false;
  /** Bytes of the body, or of the chunk, still to come. */
  #remaining = 0;
  /** Bytes seen since synchronisation was lost. */
  #lost = 0;

  /** The message whose body is being read, null if it was already emitted. */
  #message: Message | null = null;
  /** The part of the body that was kept; null before its first byte. */
  #body: ByteStream | null = null;
  #isRequest = false;
  #bodyUse: BodyUse = 'skip';
  #contentType = '';
  #codings = '';
  /** The last request sent, in case it turns out to have no body, or to open a tunnel. */
  #request: Exchange | null = null;
  #awaitsContinue = false;

  constructor(session: StreamSession, exchanges: Exchanges, sender: Sender) {
    this.#session = session;
    this.#exchanges = exchanges;
    this.#sender = sender;
    this.#stream = session[sender];
  }

  /** Bytes held of the body that is being read. */
  get heldBytes(): number {
    return this.#body === null ? 0 : this.#body.heldBytes;
  }

  read(): void {
    while (this.#stream.length > 0 && this.#step());
  }

  gap(missing: number): void {
    this.#count('gap');
    this.read();
    const inBody = this.#state === 'length' || this.#state === 'chunk';
    if (inBody && missing <= this.#remaining) {
      this.#finish();
      this.#remaining -= missing;
      if (this.#remaining === 0) this.#state = this.#state === 'chunk' ? 'chunk-end' : 'head';
    } else if (this.#state === 'close') {
      this.#finish();
    } else if (this.#state !== 'stopped') {
      this.end();
      this.#lose();
      if (!this.#isRequest) this.#exchanges.forget();
    }
  }

  /** Emits what has arrived of the last message. */
  end(): void {
    if (this.#state === 'head' && this.#stream.length > 0) {
      const bytes = this.#stream.bytes();
      const lines = bytes.lastIndexOf(0x0a) + 1;
      if (lines > 0 && recogniseHttp(bytes) === 'yes') {
        this.#count('cut head');
        this.#openMessage(lines);
      }
    }
    if (this.#message !== null) {
      if (this.#state !== 'close') this.#count('cut body');
      this.#finish();
    }
    this.#stream.clear();
  }

  /** Reads one part; false if more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'head': return this.#readHead();
      case 'length': return this.#readSized('head');
      case 'chunk': return this.#readSized('chunk-end');
      case 'close': this.#takeBody(this.#stream.length); return false;
      case 'chunk-size': return this.#readChunkSize();
      case 'chunk-end': return this.#readChunkEnd();
      case 'trailer': return this.#readTrailer();
      case 'lost': return this.#findNext();
      case 'stopped': this.#stream.clear(); return false;
    }
  }

  #readHead(): boolean {
    let bytes = this.#stream.bytes();
    if (this.#searched === 0) {
      // An empty line before a request is ignored (RFC 9112, section 2.2).
      let blank = 0;
      while (bytes[blank] === 0x0d || bytes[blank] === 0x0a) blank++;
      this.#stream.consume(blank);
      bytes = this.#stream.bytes();
      if (bytes.length === 0) return false;
    }
    const recognition = this.#started ? 'yes' : recogniseHttp(bytes);
    if (recognition === 'no') {
      if (this.#request?.method === 'CONNECT') {
        this.#session.restart();
        return false;
      }
      this.#count('malformed start line');
      this.#lose();
      return true;
    }
    this.#started = recognition === 'yes';
    const length = this.#started ? findHeadEnd(bytes, this.#searched) : 0;
    if (length === 0) {
      this.#searched = bytes.length;
      if (bytes.length < this.#session.options.maxHeadBytes) return false;
      this.#count('bounded head');
      this.end();
      this.#lose();
      return true;
    }
    return this.#openMessage(length);
  }

  /** Reads the head of a message, `length` bytes long, and prepares for its body. */
  #openMessage(length: number): boolean {
    this.#searched = 0;
    this.#started = false;
    const stream = this.#stream;
    const head = parseHead(stream.buffer.toString('latin1', stream.start, stream.start + length), () => this.#count('malformed header'));
    const message = createMessage('http', cleartext, this.#session.originAt(this.#sender, length - 1));
    this.#message = message;
    const request = parseRequestLine(head.startLine);
    if (request !== null) {
      this.#openRequest(message, head, request);
      stream.consume(length);
    } else {
      const status = parseStatusLine(head.startLine);
      addHeaders(new FieldList(message, this.#session), 'http.response.header', head.headers, stream);
      stream.consume(length);
      this.#openResponse(message, head, status);
    }
    if (this.#bodyUse === 'skip' || this.#state === 'head') this.#emit();
    return this.#state !== 'stopped';
  }

  #openRequest(message: Message, { headers }: Head, { method, target: written, targetStart }: RequestLine): void {
    const target = splitTarget(method, written);
    const fields = new FieldList(message, this.#session);
    this.#isRequest = true;
    this.#request = setRequestFacts(message.facts, { method, target, host: headerValue(headers, 'host'), headers }, this.#session);
    this.#exchanges.add(this.#request);
    addTarget(fields, target, targetStart, this.#stream);
    addHeaders(fields, 'http.request.header', headers, this.#stream);
    this.#readContentHeaders(headers);
    this.#awaitsContinue = headerValue(headers, 'expect').toLowerCase() === '100-continue';
    this.#bodyUse = isMedia(mediaType(this.#contentType)) ? 'skip' : 'keep';
    this.#state = this.#framing(headers) ?? 'head';
  }

  #openResponse(message: Message, head: Head, status: number): void {
    this.#isRequest = false;
    this.#state = 'head';
    if (status < 200 && status !== 101) {
      // An interim response does not complete the exchange.
      this.#message = null;
      return;
    }
    const exchange = this.#exchanges.answer();
    setResponseFacts(message.facts, status, head.headers, exchange);
    if (status === 101) {
      this.#emit();
      this.#state = 'stopped';
      this.#exchanges.upgradedTo = headerValue(head.headers, 'upgrade').toLowerCase() || 'unknown';
      return;
    }
    if (exchange?.method === 'CONNECT' && status < 300) {
      this.#emit();
      this.#state = 'stopped';
      this.#session.restart();
      return;
    }
    if (exchange?.method === 'HEAD' || status === 204 || status === 304) return;
    this.#readContentHeaders(head.headers);
    const type = mediaType(this.#contentType);
    this.#bodyUse = useOfAnswer(type);
    this.#state = this.#framing(head.headers) ?? 'close';
  }

  #readContentHeaders(headers: readonly Header[]): void {
    this.#contentType = headerValue(headers, 'content-type');
    this.#codings = headerList(headers, 'content-encoding');
  }

  /** How the body is delimited (RFC 9112, section 6.3), or null if the headers do not say. */
  #framing(headers: readonly Header[]): State | null {
    const transfer = headerList(headers, 'transfer-encoding').toLowerCase();
    if (transfer !== '') {
      const codings = transfer.split(',').map((coding) => coding.trim());
      if (codings.at(-1) === 'chunked') {
        codings.pop();
        if (codings.length > 0) this.#codings = this.#codings === '' ? codings.join(',') : `${this.#codings},${codings.join(',')}`;
        return 'chunk-size';
      }
    }
    const length = headerValue(headers, 'content-length');
    if (length === '') return null;
    if (!/^0*\d{1,15}$/.test(length)) {
      this.#count('malformed content-length');
      return null;
    }
    this.#remaining = Number(length);
    return this.#remaining === 0 ? 'head' : 'length';
  }

  /** Reads what is there of the `remaining` bytes. */
  #readSized(next: State): boolean {
    if (this.#awaitsContinue) {
      this.#awaitsContinue = false;
      // The server refused, and the client continues with another request instead of the body.
      if (this.#request!.answered && recogniseHttp(this.#stream.bytes()) === 'yes') {
        this.#finish();
        this.#state = 'head';
        return true;
      }
    }
    const length = Math.min(this.#remaining, this.#stream.length);
    this.#remaining -= length;
    this.#takeBody(length);
    if (this.#remaining > 0) return false;
    if (next === 'head') this.#finish();
    this.#state = next;
    return true;
  }

  /** Takes `length` bytes of the body from the stream. */
  #takeBody(length: number): void {
    if (this.#message !== null) {
      const body = (this.#body ??= new ByteStream());
      const room = this.#session.options.maxBodyBytes - body.length;
      body.appendFrom(this.#stream, Math.min(length, room));
      if (this.#bodyUse === 'by beginning' && body.length >= leastBeginning && !this.#isData(body)) this.#emit();
      if (length > room) {
        this.#count('bounded body');
        this.#finish();
      }
    }
    this.#stream.consume(length);
  }

  /** A body of a type that usually is not data is dropped unless it begins like data. */
  #isData(body: ByteStream): boolean {
    const isData = holdsData(body.bytes(), mediaType(this.#contentType), this.#codings);
    this.#bodyUse = isData ? 'keep' : 'skip';
    return isData;
  }

  #readChunkSize(): boolean {
    const bytes = this.#stream.bytes();
    const lineEnd = bytes.indexOf(0x0a);
    if (lineEnd < 0 && bytes.length < maxChunkLine) return false;
    const digits = lineEnd < 0 ? null : /^\s*(0*[0-9a-fA-F]{1,12})\s*(?:;|\r?$)/.exec(bytes.toString('latin1', 0, Math.min(lineEnd, 256)));
    if (digits === null) return this.#loseBody('malformed chunk');
    this.#stream.consume(lineEnd + 1);
    this.#remaining = Number.parseInt(digits[1]!, 16);
    this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
    return true;
  }

  #readChunkEnd(): boolean {
    const bytes = this.#stream.bytes();
    const length = bytes[0] === 0x0a ? 1 : 2;
    if (bytes.length < length) return false;
    if (bytes[length - 1] !== 0x0a) return this.#loseBody('malformed chunk');
    this.#stream.consume(length);
    this.#state = 'chunk-size';
    return true;
  }

  #readTrailer(): boolean {
    const stream = this.#stream;
    const bytes = stream.bytes();
    let length = bytes[0] === 0x0a ? 1 : bytes[0] === 0x0d && bytes[1] === 0x0a ? 2 : 0;
    if (length === 0) {
      length = findHeadEnd(bytes, this.#searched);
      if (length === 0) {
        this.#searched = bytes.length;
        return bytes.length < this.#session.options.maxHeadBytes ? false : this.#loseBody('bounded trailer');
      }
      this.#searched = 0;
      if (this.#message !== null) {
        const trailers = parseHeaders(bytes.toString('latin1', 0, length), 0, () => this.#count('malformed header'));
        addHeaders(new FieldList(this.#message, this.#session), this.#isRequest ? 'http.request.trailer' : 'http.response.trailer', trailers, stream);
      }
    }
    const frame = stream.frameAt(length - 1);
    const micros = stream.microsAt(length - 1);
    stream.consume(length);
    this.#finish(frame, micros);
    this.#state = 'head';
    return true;
  }

  /** Adds the fields of the body and emits the message, which ends with that packet, or by default with the last one of its body. */
  #finish(frame = 0, micros = 0): void {
    const message = this.#message;
    if (message === null) return;
    let body = this.#body === null || this.#body.length === 0 ? null : this.#body;
    if (body !== null && this.#bodyUse === 'by beginning' && !this.#isData(body)) body = null;
    if (frame !== 0) {
      message.frame = frame;
      message.micros = micros;
    } else if (body !== null) {
      message.frame = body.frameAt(body.length - 1);
      message.micros = body.microsAt(body.length - 1);
    }
    if (body !== null) {
      const path = this.#isRequest ? 'http.request.body' : 'http.response.body';
      readBody(this.#session, message, body, { path, contentType: this.#contentType, codings: this.#codings });
    }
    this.#emit();
  }

  #emit(): void {
    const message = this.#message;
    if (message === null) return;
    const body = this.#body;
    this.#message = this.#body = null;
    // These are slices of the head, which they would keep in memory for as long as the connection is idle.
    this.#contentType = this.#codings = '';
    this.#count('messages');
    this.#session.emit(message);
    body?.clear();
  }

  #loseBody(reason: string): boolean {
    this.#count(reason);
    this.#finish();
    this.#lose();
    return true;
  }

  #lose(): void {
    this.#state = 'lost';
    this.#searched = 0;
    this.#started = false;
    this.#lost = 0;
  }

  #findNext(): boolean {
    const stream = this.#stream;
    const start = findMessageStart(stream, this.#searched);
    if (start >= 0) {
      this.#searched = 0;
      stream.consume(start);
      this.#state = recogniseHttp(stream.bytes()) === 'no' ? 'lost' : 'head';
      if (this.#state === 'lost') stream.consume(1);
      return true;
    }
    this.#searched = searchedBytes(stream);
    const over = stream.length - lostWindow;
    if (over > 0) {
      stream.consume(over);
      this.#searched -= over;
      this.#lost += over;
      if (this.#lost > maxLostBytes) this.#state = 'stopped';
    }
    return false;
  }

  #count(reason: string): void {
    this.#session.counters.add('http', reason);
  }
}
