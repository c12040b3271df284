import type { ByteStream } from './bytestream.ts';
import { payloadMessage, type Encryption, type Sender } from './message.ts';
import type { StreamSession } from './protocol.ts';
import { hasControls, isText } from './text.ts';

const text: Encryption = { verdict: 'cleartext', reason: 'text' };
const opaque: Encryption = { verdict: 'opaque', reason: 'no known structure' };

/** Bytes by which text and binary are distinguished if no line ends before. */
const sampleBytes = 64;
/** A longer line is passed on in parts of this length. */
const maxLineBytes = 4096;
/** Lines of a text direction that are tried as the start of a known protocol: lines may be as short as their end, and have no end. */
const lineAttempts = 4096;
/** Packets of a binary direction that are still tried as the start of a known protocol. */
const binaryAttempts = 16;
/** Packets of a binary direction whose beginnings are compared with those of other flows, and how much of each. */
const binarySamples = 4;
const sampleOfPacket = 256;

/**
 * One direction of an unclaimed TCP flow: text is passed on line by line, binary packet by packet, up to a bound.
 *
 * A protocol may still begin at the start of a line (TLS after STARTTLS) or, in binary, of a packet (a flow captured from the middle).
 */
export class UnclaimedDirection {
  readonly #session: StreamSession;
  readonly #sender: Sender;
  #kind: 'unknown' | 'text' | 'binary' = 'unknown';
  #handedOver = 0;
  #lines = 0;
  #attempts = binaryAttempts;
  #samples = binarySamples;
  #isFull = false;

  constructor(session: StreamSession, sender: Sender) {
    this.#session = session;
    this.#sender = sender;
  }

  /** Protocols are no longer looked for. */
  get isSettled(): boolean {
    return this.#attempts === 0;
  }

  /** Nothing more is passed on either. */
  get spent(): boolean {
    return this.isSettled && this.#isFull;
  }

  /**
   * Takes bytes that do not begin a protocol, up to where one may begin next.
   * Returns false if it needs more; `last` means that none will come.
   */
  take(stream: ByteStream, last: boolean): boolean {
    if (this.#kind === 'unknown' && !this.#decide(stream, last)) return false;
    return this.#kind === 'text' ? this.#takeLine(stream, last) : this.#passOver(stream);
  }

  #decide(stream: ByteStream, last: boolean): boolean {
    const sample = stream.bytes().subarray(0, sampleBytes);
    // An empty line is skipped: many binary messages begin with that byte.
    let start = 0;
    while (sample[start] === 0x0a || sample[start] === 0x0d) start++;
    const newline = sample.indexOf(0x0a, start);
    const line = newline < 0 ? sample.subarray(start) : sample.subarray(start, newline);
    if (hasControls(line)) this.#turnBinary();
    else if (newline < 0 && sample.length < sampleBytes && !last) return false;
    else if (isText(line)) this.#kind = 'text';
    else this.#turnBinary();
    return true;
  }

  #takeLine(stream: ByteStream, last: boolean): boolean {
    const bytes = stream.bytes();
    const newline = bytes.indexOf(0x0a);
    let length = newline + 1;
    if (newline < 0 || length > maxLineBytes) {
      if (bytes.length < maxLineBytes && !last) return false;
      length = Math.min(bytes.length, maxLineBytes);
    }
    let end = length;
    while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
    const line = bytes.subarray(0, end);
    if (!isText(line)) {
      this.#turnBinary();
      return true;
    }
    if (end > 0) this.#handOver(line, length);
    if (++this.#lines === lineAttempts) this.#attempts = 0;
    stream.consume(length);
    return true;
  }

  #handOver(line: Buffer, length: number): void {
    if (this.#handedOver + line.length > this.#session.options.maxUnclaimedBytes) {
      this.#session.counters.add('tcp', 'bounded text');
      this.#kind = 'binary';
      this.#samples = 0;
      return;
    }
    this.#handedOver += line.length;
    this.#session.counters.add('tcp', 'messages');
    this.#session.emit(payloadMessage('tcp', text, this.#session.originAt(this.#sender, length - 1), line));
  }

  #turnBinary(): void {
    this.#kind = 'binary';
    this.#session.counters.add('tcp', 'opaque');
  }

  /** Skips up to the next packet, where a protocol may begin. */
  #passOver(stream: ByteStream): boolean {
    const length = stream.packetEnd(0);
    if (this.#attempts > 0) this.#attempts--;
    if (!this.#isFull) this.#handOverPacket(stream, length);
    stream.consume(length);
    return true;
  }

  #handOverPacket(stream: ByteStream, length: number): void {
    if (this.#handedOver + length > this.#session.options.maxUnclaimedBytes) {
      this.#session.counters.add('tcp', 'bounded payload');
      this.#isFull = true;
      return;
    }
    this.#handedOver += length;
    const payload = stream.buffer.subarray(stream.start, stream.start + length);
    const message = payloadMessage('tcp', opaque, this.#session.originAt(this.#sender, length - 1), payload);
    if (this.#samples > 0) {
      this.#samples--;
      message.sample = payload.subarray(0, sampleOfPacket);
    }
    this.#session.emit(message);
  }
}
