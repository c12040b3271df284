import { findHeadEnd, parseHead } from './http-head.ts';
import type { Message, Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext, DatagramProtocol, Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { headerName, sessionMessage, sessionProtocolOf, type SessionText } from './sip-message.ts';

/** SIP (RFC 3261) and RTSP (RFC 7826), which have the same message format, over TCP. */
export const sipOverTcp: StreamProtocol = {
  name: 'sip',
  recognise: recogniseSession,
  open: (session): StreamHandler => new SessionHandler(session),
};

/** Longest start line. */
const longestStartLine = 2048;
const LF = 0x0a;
const DOLLAR = 0x24;

/** Does a datagram begin with a SIP message? */
function isSip(payload: Buffer): boolean {
  const first = payload[0]! | 0x20;
  if (first < 0x61 || first > 0x7a) return false;
  const newline = payload.subarray(0, longestStartLine).indexOf(LF);
  return newline > 0 && sessionProtocolOf(payload.toString('latin1', 0, newline)) === 'sip';
}

/** SIP over UDP. */
export const sip: DatagramProtocol = { name: 'sip', recognise: isSip, read: sipMessage };

function sipMessage(payload: Buffer, context: DatagramContext, environment: DissectEnvironment): Message {
  const head = findHeadEnd(payload, 0);
  if (head === 0) environment.counters.add('sip', 'cut message');
  const { frame } = context;
  return sessionMessage(
    { protocol: 'sip', bytes: payload, headLength: head || payload.length, frames: { frameAt: () => frame } }, context, environment,
  );
}

function recogniseSession(bytes: Buffer): Recognition {
  const first = bytes[0]! | 0x20;
  if (first < 0x61 || first > 0x7a) return 'no';
  const newline = bytes.subarray(0, longestStartLine).indexOf(LF);
  if (newline >= 0) return sessionProtocolOf(bytes.toString('latin1', 0, newline)) === '' ? 'no' : 'yes';
  if (bytes.length >= longestStartLine) return 'no';
  return /^(?:[A-Z][A-Z_]{0,19}(?: +(?:(?:sips?|tel|rtspu?)(?::[^\n]*)?|[strple]{0,4}|\*[^\n]*)?)?|(?:SIP|RTSP)\/?[^\n]*)\r?$/i.test(
    bytes.toString('latin1', 0, Math.min(64, bytes.length)),
  )
    ? 'more'
    : 'no';
}

class SessionHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;
  readonly #sides: Record<Sender, Side> = { source: new Side(), destination: new Side() };

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    const side = this.#sides[sender];
    while (stream.length > 0) {
      const bytes = stream.bytes();
      if (side.toSkip > 0) {
        const length = Math.min(side.toSkip, bytes.length);
        stream.consume(length);
        side.toSkip -= length;
      } else if (bytes[0] === DOLLAR) {
        // RTSP interleaves media: `$`, channel, length (RFC 7826, section 14).
        if (bytes.length < 4) return;
        side.toSkip = 4 + bytes.readUInt16BE(2);
      } else if (!this.#message(sender, bytes, side)) {
        return;
      }
    }
  }

  /** What has arrived of a message whose head is complete is read; the rest of its body is skipped. */
  gap(sender: Sender, missing: number): void {
    this.#session.counters.add('sip', 'gap');
    const side = this.#sides[sender];
    this.#cut(sender, side);
    this.#session[sender].clear();
    side.toSkip = Math.max(0, side.toSkip - missing);
    side.searched = 0;
  }

  end(): void {
    for (const sender of ['source', 'destination'] as const) {
      this.#cut(sender, this.#sides[sender]);
      this.#session[sender].clear();
    }
  }

  /** Reads a message, or a line that does not start one: an empty one is a keep-alive. False if more bytes are needed. */
  #message(sender: Sender, bytes: Buffer, side: Side): boolean {
    if (side.head === 0) return this.#readHead(sender, bytes, side);
    const whole = side.head + Math.min(side.bodyLength, this.#session.options.maxBodyBytes);
    if (bytes.length < whole) return false;
    this.#emit(sender, whole, side);
    return true;
  }

  /** Finds the end of the head, once per message; false if more bytes are needed. */
  #readHead(sender: Sender, bytes: Buffer, side: Side): boolean {
    const { counters, options } = this.#session;
    const stream = this.#session[sender];
    const newline = bytes.indexOf(LF);
    if (newline < 0 && bytes.length < options.maxHeadBytes) return false;
    const protocol = newline < 0 || newline > longestStartLine ? '' : sessionProtocolOf(bytes.toString('latin1', 0, newline));
    if (protocol === '') {
      stream.consume(newline < 0 ? bytes.length : newline + 1);
      side.searched = 0;
      return true;
    }
    const head = findHeadEnd(bytes, side.searched);
    if (head === 0 && bytes.length < options.maxHeadBytes) {
      side.searched = bytes.length;
      return false;
    }
    side.searched = 0;
    if (head === 0) {
      counters.add(protocol, 'bounded head');
      stream.consume(newline + 1);
      return true;
    }
    side.protocol = protocol;
    side.head = head;
    side.bodyLength = contentLength(bytes, head);
    return true;
  }

  /** Nothing that directly follows what has arrived of a message will arrive any more. */
  #cut(sender: Sender, side: Side): void {
    if (side.head === 0) return;
    this.#session.counters.add(side.protocol, 'cut message');
    this.#emit(sender, this.#session[sender].length, side);
  }

  /** Emits the message, of which `length` bytes are there; what is missing of its body is skipped. */
  #emit(sender: Sender, length: number, side: Side): void {
    const stream = this.#session[sender];
    const { protocol, head, bodyLength } = side;
    this.#session.counters.add(protocol, 'messages');
    const text: SessionText = { protocol, bytes: stream.bytes().subarray(0, length), headLength: head, frames: stream };
    this.#session.emit(sessionMessage(text, this.#session.originAt(sender, length - 1), this.#session));
    stream.consume(length);
    side.head = 0;
    side.toSkip = head + bodyLength - length;
  }
}

/** Content-Length, which is mandatory over TCP (RFC 3261, section 20.14); without it there is no body. */
function contentLength(bytes: Buffer, head: number): number {
  const { headers } = parseHead(bytes.toString('latin1', 0, head), () => {});
  const header = headers.find((one) => headerName(one) === 'content-length');
  return header !== undefined && /^\d{1,9}$/.test(header.value) ? Number(header.value) : 0;
}

class Side {
  /** Bytes still to be skipped. */
  toSkip = 0;
  /** Bytes of the head that were already searched for its end. */
  searched = 0;
  /** The message whose body is arriving: its protocol, and the lengths of its head (0: there is none) and of its body. */
  protocol: 'sip' | 'rtsp' = 'sip';
  head = 0;
  bodyLength = 0;
}
