import type { ByteStream } from './bytestream.ts';
import type { DissectCounters } from './counters.ts';
import { createMessage, type Encryption, type Message, type Origin, type Sender } from './message.ts';
import type { DissectEnvironment, DissectOptions } from './options.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** The context of a frame: who sends it, and the packet that completes it. Valid until the reader returns. */
export interface FrameContext extends Origin, DissectEnvironment {
  /** Both directions continue in another protocol, such as TLS. */
  restart(): void;
  /** Nothing that follows is of interest. */
  finish(): void;
  /** Nothing that follows is of interest except {@link FrameReader.content}. */
  pass(): void;
}

/** Reads the frames of one connection, and may keep state between them. */
export interface FrameReader {
  /** Length of the frame that begins here, including its header; 0 if more bytes are needed to tell, -1 if no frame begins here. */
  lengthOf(bytes: Buffer, sender: Sender): number;
  /** The frame's message, or null if it contains nothing of interest. `bytes` is the whole frame, valid until this returns. */
  read(bytes: Buffer, context: FrameContext): Message | null;
  /** Does the frame that begins here contain nothing of interest? Then it is skipped without being collected. */
  skips?(bytes: Buffer, sender: Sender): boolean;
  /**
   * The readable content of a frame for which {@link read} returns nothing, such as a query: null if it is encrypted or compressed. It becomes the
   * payload of a message of its own, up to `maxUnclaimedBytes` in each direction; after that, such frames are skipped.
   */
  content?(bytes: Buffer, sender: Sender): Buffer | null;
  /** The encryption verdict on a message with such content. */
  readonly encryption?: Encryption;
  /** Bytes kept of incomplete messages; absent if negligible. */
  readonly heldBytes?: number;
  /**
   * Whether a frame begins at a position after lost bytes. Every position is tried, so the answer must be reliable. State from earlier frames is
   * not used. If absent, reading resumes at a packet that begins like the first one.
   */
  resumes?(bytes: Buffer, position: number): Recognition;
  /** A frame was lost, or was longer than `maxHeadBytes` and is skipped. */
  skipped?(sender: Sender): void;
}

/** A protocol over TCP whose messages begin with their length. */
export function framedProtocol(name: string, recognise: (bytes: Buffer) => Recognition, open: () => FrameReader): StreamProtocol {
  const protocol: StreamProtocol = { name, recognise, open: (session) => new FramedHandler(protocol, open(), session) };
  return protocol;
}

/** Read state of one direction. */
class Direction {
  /** Bytes still to come of a frame that is being skipped. */
  toSkip = 0;
  /** Bytes were lost: reading resumes at a packet that begins like a first one. */
  isLost = false;
  /** Bytes of content passed on so far, and whether the limit was reached. */
  handedOver = 0;
  isFull = false;
}

/** The connection itself serves as the context of its frames, which are read one at a time. */
class FramedHandler implements StreamHandler, FrameContext {
  done = false;
  sender: Sender = 'source';
  frame = 0;
  micros = 0;
  readonly #protocol: StreamProtocol;
  readonly #reader: FrameReader;
  readonly #session: StreamSession;
  readonly #source = new Direction();
  readonly #destination = new Direction();
  #passes = false;
  #restarted = false;

  constructor(protocol: StreamProtocol, reader: FrameReader, session: StreamSession) {
    this.#protocol = protocol;
    this.#reader = reader;
    this.#session = session;
  }

  get options(): DissectOptions {
    return this.#session.options;
  }

  get counters(): DissectCounters {
    return this.#session.counters;
  }

  get heldBytes(): number {
    return this.#reader.heldBytes ?? 0;
  }

  restart(): void {
    this.#restarted = true;
    this.#session.restart();
  }

  finish(): void {
    this.done = true;
  }

  pass(): void {
    this.#passes = true;
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    const direction = this.#direction(sender);
    while (stream.length > 0 && !this.done && !this.#restarted) {
      if (direction.toSkip > 0) {
        const passed = Math.min(direction.toSkip, stream.length);
        stream.consume(passed);
        direction.toSkip -= passed;
      } else if (!this.#begin(sender, stream, direction)) {
        return;
      }
    }
  }

  /** Reads the frame at the start of the stream, or decides to skip it; false if more bytes are needed. */
  #begin(sender: Sender, stream: ByteStream, direction: Direction): boolean {
    const bytes = stream.bytes();
    const { maxHeadBytes } = this.options;
    if (direction.isLost) {
      direction.isLost = !this.#findFrame(bytes, stream);
      return !direction.isLost;
    }
    const length = this.#reader.lengthOf(bytes, sender);
    if (length < 0) return this.#break('malformed frame');
    if (length === 0) return bytes.length >= maxHeadBytes ? this.#break('bounded frame') : false;
    const skips = this.#passes || this.#reader.skips?.(bytes, sender) === true;
    if (skips && (direction.isFull || this.#reader.content === undefined)) {
      direction.toSkip = length;
      return true;
    }
    if (length > maxHeadBytes) {
      this.#count('bounded frame');
      this.#reader.skipped?.(sender);
      direction.toSkip = length;
      return true;
    }
    if (bytes.length < length) return false;
    this.sender = sender;
    this.frame = stream.frameAt(length - 1);
    this.micros = stream.microsAt(length - 1);
    const whole = bytes.subarray(0, length);
    const message = (skips ? null : this.#reader.read(whole, this)) ?? this.#content(whole, direction);
    if (message !== null) {
      this.#count('messages');
      this.#session.emit(message);
    }
    stream.consume(length);
    return true;
  }

  /** Drops what precedes the next frame; false if no frame begins here, or more bytes are needed to tell. */
  #findFrame(bytes: Buffer, stream: ByteStream): boolean {
    const reader = this.#reader;
    if (reader.resumes === undefined) {
      if (this.#protocol.recognise(bytes) === 'yes') return true;
      stream.clear();
      return false;
    }
    let first = bytes.length;
    for (let position = 0; position < bytes.length; position++) {
      const recognition = reader.resumes(bytes, position);
      if (recognition === 'no') continue;
      first = Math.min(first, position);
      if (recognition === 'more') continue;
      stream.consume(position);
      return true;
    }
    stream.consume(first);
    return false;
  }

  #content(frame: Buffer, direction: Direction): Message | null {
    const { encryption } = this.#reader;
    if (encryption === undefined || direction.isFull || this.done || this.#restarted) return null;
    const content = this.#reader.content?.(frame, this.sender) ?? null;
    if (content === null || content.length === 0) return null;
    if (direction.handedOver + content.length > this.options.maxUnclaimedBytes) {
      this.#count('bounded payload');
      direction.isFull = true;
      this.done = this.#passes && this.#source.isFull && this.#destination.isFull;
      return null;
    }
    direction.handedOver += content.length;
    const message = createMessage(this.#protocol.name, encryption, this);
    message.payload = content;
    return message;
  }

  gap(sender: Sender, missing: number): void {
    const direction = this.#direction(sender);
    const stream = this.#session[sender];
    const reader = this.#reader;
    this.#count('gap');
    reader.skipped?.(sender);
    // Where frames do not depend on earlier ones, the rest of a frame in progress can be skipped.
    if (reader.resumes !== undefined && !direction.isLost && stream.length > 0)
      direction.toSkip = Math.max(0, reader.lengthOf(stream.bytes(), sender) - stream.length);
    // The gap may lie entirely inside a frame that is being skipped anyway.
    direction.isLost = direction.isLost || direction.toSkip < missing;
    direction.toSkip = Math.max(0, direction.toSkip - missing);
    stream.clear();
  }

  end(): void {
    const { source, destination } = this.#session;
    if (source.length > 0 && !this.#source.isLost) this.#count('cut frame');
    if (destination.length > 0 && !this.#destination.isLost) this.#count('cut frame');
  }

  #direction(sender: Sender): Direction {
    return sender === 'source' ? this.#source : this.#destination;
  }

  #break(reason: string): false {
    this.#count(reason);
    this.done = true;
    return false;
  }

  #count(reason: string): void {
    this.counters.add(this.#protocol.name, reason);
  }
}
