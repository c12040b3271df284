import { constants, inflateRawSync } from 'node:zlib';
import { ByteStream } from './bytestream.ts';
import { startsLikeJson } from './content-shape.ts';
import { FieldList, type FrameMap } from './fieldlist.ts';
import { createMessage, type Encryption, type Origin, type Sender } from './message.ts';
import type { StreamHandler, StreamSession } from './protocol.ts';
import { SidedHandler, type Side } from './sided.ts';

const cleartext: Encryption = { verdict: 'cleartext', reason: 'WebSocket' };

const CONTINUATION = 0;
const BINARY = 2;
const CLOSE = 8;
const PONG = 10;
const FIN = 0x80;
const COMPRESSED = 0x40;
const RESERVED = 0x30;
const MASKED = 0x80;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 3;
/** Size of the DEFLATE window in bytes. */
const windowBytes = 32 * 1024;
/** Omitted by senders at the end of each message (RFC 7692, section 7.2.1). */
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const empty = Buffer.alloc(0);

/**
 * WebSocket (RFC 6455) after the handshake, which HTTP reads: each message, reassembled from its frames, unmasked and inflated
 * (RFC 7692). JSON becomes fields under `websocket.json`; other text and binary are passed on for scanning.
 */
export function webSocketHandler(session: StreamSession): StreamHandler {
  return new SidedHandler({ source: new WebSocketSide(session, 'source'), destination: new WebSocketSide(session, 'destination') });
}

class WebSocketSide implements Side {
  done = false;
  readonly #session: StreamSession;
  readonly #sender: Sender;
  readonly #stream: ByteStream;
  readonly #body = new ByteStream();
  /** State of the current frame: bytes still to come, its mask, position in the mask, and whether it is part of a message. */
  #remaining = 0;
  #mask = 0;
  #maskAt = 0;
  #isControl = false;
  #isLast = false;
  /** State of the current message. */
  #isOpen = false;
  #isCompressed = false;
  #isBounded = false;
  /** The end of the inflated data, to which the next message may refer. Null if lost. */
  #window: Buffer | null = empty;
  #scanned = 0;
  /** SSH or TLS runs inside. */
  #isTunnel = false;

  constructor(session: StreamSession, sender: Sender) {
    this.#session = session;
    this.#sender = sender;
    this.#stream = session[sender];
  }

  get heldBytes(): number {
    return this.#body.heldBytes + (this.#window === null ? 0 : this.#window.length);
  }

  read(): void {
    while (this.#stream.length > 0 && !this.done) {
      if (this.#remaining > 0) this.#takePayload();
      else if (!this.#readHeader()) return;
    }
    if (this.done) this.#stream.clear();
  }

  /** Inside a frame, the rest of it is skipped; otherwise the next packet most likely begins a frame. */
  gap(missing: number): void {
    this.#count('gap');
    this.#stream.clear();
    this.#remaining = Math.max(0, this.#remaining - missing);
    this.#drop();
    this.#window = null;
  }

  end(): void {
    if (this.#body.length > 0) this.#count('cut message');
    this.#body.clear();
    this.#stream.clear();
  }

  /** `FIN RSV opcode, MASK length, [extended length], [mask]` (RFC 6455, section 5.2). */
  #readHeader(): boolean {
    const bytes = this.#stream.bytes();
    if (bytes.length < 2) return false;
    const [first, second] = bytes as unknown as [number, number];
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    const isMasked = (second & MASKED) !== 0;
    const lengthEnd = short === 126 ? 4 : short === 127 ? 10 : 2;
    const headerEnd = lengthEnd + (isMasked ? 4 : 0);
    if ((opcode > BINARY && opcode < CLOSE) || opcode > PONG || (first & RESERVED) !== 0) {
      this.#count('malformed frame');
      this.done = true;
      return false;
    }
    if (bytes.length < headerEnd) return false;
    this.#remaining = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6) : short;
    this.#mask = isMasked ? bytes.readUInt32BE(lengthEnd) : 0;
    this.#maskAt = 0;
    this.#isControl = opcode >= CLOSE;
    this.#isLast = (first & FIN) !== 0;
    if (opcode === CLOSE) this.done = true;
    else if (!this.#isControl && opcode !== CONTINUATION) this.#open((first & COMPRESSED) !== 0);
    const origin = this.#session.originAt(this.#sender, headerEnd - 1);
    this.#stream.consume(headerEnd);
    if (this.#remaining === 0) this.#endFrame(origin);
    return true;
  }

  #open(isCompressed: boolean): void {
    if (this.#body.length > 0) this.#count('cut message');
    this.#drop();
    this.#isOpen = true;
    this.#isCompressed = isCompressed;
  }

  #drop(): void {
    this.#body.clear();
    this.#isOpen = this.#isBounded = false;
  }

  #takePayload(): void {
    const stream = this.#stream;
    const body = this.#body;
    const length = Math.min(this.#remaining, stream.length);
    const origin = this.#session.originAt(this.#sender, length - 1);
    if (!this.#isControl && this.#isOpen) {
      const kept = Math.min(length, this.#session.options.maxBodyBytes - body.length);
      body.appendFrom(stream, kept);
      this.#unmask(body.buffer.subarray(body.end - kept, body.end));
      if (kept < length && !this.#isBounded) {
        this.#isBounded = true;
        this.#count('bounded body');
      }
    }
    this.#maskAt += length;
    this.#remaining -= length;
    stream.consume(length);
    if (this.#remaining === 0) this.#endFrame(origin);
  }

  #unmask(bytes: Buffer): void {
    const mask = this.#mask;
    if (mask === 0) return;
    for (let i = 0; i < bytes.length; i++) bytes[i]! ^= mask >>> (24 - 8 * ((this.#maskAt + i) & 3));
  }

  #endFrame(origin: Origin): void {
    if (this.#isControl || !this.#isOpen || !this.#isLast) return;
    if (this.#body.length > 0) this.#emit(origin);
    this.#drop();
  }

  #emit(origin: Origin): void {
    let bytes = this.#body.bytes();
    let frames: FrameMap = this.#body;
    if (this.#isCompressed) {
      const inflated = this.#inflate(bytes);
      if (inflated === null) return;
      bytes = inflated;
      frames = { frameAt: () => origin.frame };
    }
    const message = createMessage('websocket', cleartext, origin);
    const encoding = this.#isCompressed ? 'deflate' : '';
    const list = new FieldList(message, this.#session);
    const start = jsonStart(bytes);
    const shifted: FrameMap = start === 0 ? frames : { frameAt: (position) => frames.frameAt(position + start) };
    const isJson = startsLikeJson(bytes.subarray(start)) && list.addJson(bytes.subarray(start), {
      path: 'websocket.json', frames: shifted, encoding,
    });
    if (!isJson) message.payload = this.#scannable(bytes);
    this.#count('messages');
    this.#session.emit(message);
  }

  /** Payload to be scanned: a bounded amount, and nothing of a tunnel, whose handshakes are full of algorithm names. */
  #scannable(bytes: Buffer): Buffer | null {
    if (bytes.toString('latin1', 0, 4) === 'SSH-' || (bytes[0] === TLS_HANDSHAKE && bytes[1] === TLS_MAJOR)) this.#isTunnel = true;
    if (this.#isTunnel) return null;
    if (this.#scanned + bytes.length > this.#session.options.maxUnclaimedBytes) {
      this.#count('bounded payload');
      return null;
    }
    this.#scanned += bytes.length;
    return bytes;
  }

  /** A message may refer to those before it, so the loss of one makes all later ones unreadable. */
  #inflate(bytes: Buffer): Buffer | null {
    if (this.#window === null || this.#isBounded) {
      this.#window = null;
      this.#count('deflate without context');
      return null;
    }
    try {
      const dictionary = this.#window.length > 0 ? { dictionary: this.#window } : {};
      const inflated = inflateRawSync(Buffer.concat([bytes, tail]), {
        ...dictionary,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: this.#session.options.maxBodyBytes,
      });
      this.#window = lastOf(this.#window, inflated);
      return inflated;
    } catch (error) {
      this.#window = null;
      this.#count((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'bounded deflate' : 'malformed deflate');
      return null;
    }
  }

  #count(reason: string): void {
    this.#session.counters.add('websocket', reason);
  }
}

/** The end of both, up to the size of the window: a copy, since a slice would keep the whole buffer in memory while the flow is silent. */
function lastOf(window: Buffer, inflated: Buffer): Buffer {
  const kept = Math.max(0, Math.min(window.length, windowBytes - inflated.length));
  const last = Buffer.allocUnsafeSlow(kept + Math.min(inflated.length, windowBytes));
  window.copy(last, 0, window.length - kept);
  inflated.copy(last, kept, Math.max(0, inflated.length - windowBytes));
  return last;
}

/** Socket.IO puts a packet type, a namespace and a number before its JSON: `42["event",…]`, `42/chat,7["event",…]`. */
function jsonStart(bytes: Buffer): number {
  const prefix = /^\d{1,3}(?:\/[\w/-]{1,64},)?\d{0,9}(?=[[{])/.exec(bytes.toString('latin1', 0, 96));
  return prefix === null ? 0 : prefix[0].length;
}
