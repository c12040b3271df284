import type { ByteStream } from './bytestream.ts';
import type { DissectCounters } from './counters.ts';
import { createMessage, type Encryption, type Message, type Origin, type Sender } from './message.ts';
import type { DissectEnvironment, DissectOptions } from './options.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** A frame: who sends it, and the packet that completes it. Valid until the reader returns. */
export interface FrameContext extends Origin, DissectEnvironment {
  /** What follows, in both directions, is another protocol, such as TLS. */
  restart(): void;
  /** Nothing that follows is of interest. */
  finish(): void;
  /** What follows tells nothing but {@link FrameReader.content}. */
  pass(): void;
}

/** Reads the frames of one connection, and may remember what went before. */
export interface FrameReader {
  /** Bytes of the frame that begins here, its header included; 0 when more are needed to say, -1 when none begins here. */
  lengthOf(bytes: Buffer, sender: Sender): number;
  /** The message that the frame tells, or null when it tells nothing. `bytes` is the whole frame, valid until it returns. */
  read(bytes: Buffer, context: FrameContext): Message | null;
  /** Does the frame that begins here tell nothing? Then it is passed over without being collected. */
  skips?(bytes: Buffer, sender: Sender): boolean;
  /**
   * What can be read in a frame that {@link read} tells nothing of, such as a query: null where it is encrypted or compressed. It is handed over
   * as the payload of a message of its own, up to `maxUnclaimedBytes` in each direction; from there on such frames are passed over.
   */
  content?(bytes: Buffer, sender: Sender): Buffer | null;
  /** What is said of a message with such content. */
  readonly encryption?: Encryption;
  /** Bytes that it keeps of messages that are not whole; without it, none that matter. */
  readonly heldBytes?: number;
  /**
   * Whether a frame begins at a position behind lost bytes: any position is asked, so that it has to be sure. It keeps nothing of the frames before.
   * Without it, reading goes on with a packet that begins like the first one.
   */
  resumes?(bytes: Buffer, position: number): Recognition;
  /** A frame was lost, or was longer than `maxHeadBytes` and is passed over. */
  skipped?(sender: Sender): void;
}

/** A protocol over TCP whose messages say at their start how long they are. */
export function framedProtocol(name: string, recognise: (bytes: Buffer) => Recognition, open: () => FrameReader): StreamProtocol {
  const protocol: StreamProtocol = { name, recognise, open: (session) => new FramedHandler(protocol, open(), session) };
  return protocol;
}

/** How far one side is read. */
class Direction {
  /** Bytes still to come of a frame that is passed over. */
  toSkip = 0;
  /** Bytes were lost: a packet that begins like a first one takes it up again. */
  isLost = false;
  /** Bytes of content that were handed over, and whether no more are. */
  handedOver = 0;
  isFull = false;
}

/** The connection is itself the context of its frames, of which one is read at a time. */
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

  /** Takes the frame that begins the stream, or decides to pass over it; false when more bytes are needed. */
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

  /** Drops what is in front of the next frame; false when none begins here, or more is needed to say. */
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
    // Where frames do not depend on those before, the rest of one that has begun can be passed over.
    if (reader.resumes !== undefined && !direction.isLost && stream.length > 0)
      direction.toSkip = Math.max(0, reader.lengthOf(stream.bytes(), sender) - stream.length);
    // A frame that is passed over anyway may hold the whole gap.
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
