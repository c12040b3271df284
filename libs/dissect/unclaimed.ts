import type { ByteStream } from './bytestream.ts';
import { payloadMessage, type Encryption, type Sender } from './message.ts';
import type { StreamSession } from './protocol.ts';
import { hasControls, isText } from './text.ts';

const text: Encryption = { verdict: 'cleartext', reason: 'text' };
const opaque: Encryption = { verdict: 'opaque', reason: 'no known structure' };

/** Bytes by which text and binary are told apart when no line ends before. */
const sampleBytes = 64;
/** A line that is longer is handed over in parts of this length. */
const maxLineBytes = 4096;
/** Packets of a binary direction at whose start a known protocol is still looked for. */
const binaryAttempts = 16;
/** Packets of a binary direction whose beginning is compared with that of other flows, and how much of it. */
const binarySamples = 4;
const sampleOfPacket = 256;

/**
 * One direction of a TCP flow that no protocol claims: text is handed over line by line, binary packet by packet, up to a bound.
 *
 * A protocol may still begin at the start of a line (TLS after STARTTLS) or, in binary, of a packet (a flow caught in the middle).
 */
export class UnclaimedDirection {
  readonly #session: StreamSession;
  readonly #sender: Sender;
  #kind: 'unknown' | 'text' | 'binary' = 'unknown';
  #handedOver = 0;
  #attempts = binaryAttempts;
  #samples = binarySamples;
  #isFull = false;

  constructor(session: StreamSession, sender: Sender) {
    this.#session = session;
    this.#sender = sender;
  }

  /** No protocol is looked for any more. */
  get isSettled(): boolean {
    return this.#attempts === 0;
  }

  /** Nothing more is handed over either. */
  get spent(): boolean {
    return this.isSettled && this.#isFull;
  }

  /**
   * Takes bytes at whose start no protocol begins, up to where one may begin next.
   * Returns false when it needs more; `last` says that none will come.
   */
  take(stream: ByteStream, last: boolean): boolean {
    if (this.#kind === 'unknown' && !this.#decide(stream, last)) return false;
    return this.#kind === 'text' ? this.#takeLine(stream, last) : this.#passOver(stream);
  }

  #decide(stream: ByteStream, last: boolean): boolean {
    const sample = stream.bytes().subarray(0, sampleBytes);
    // An empty line tells nothing: many a binary message begins with that byte.
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

  /** A protocol may begin with the next packet. */
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
