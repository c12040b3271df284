import type { DissectCounters } from './counters.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { DissectOptions } from './options.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** Who sends a frame, and the packet that completes it. */
export interface FrameContext {
  readonly sender: Sender;
  readonly frame: number;
  readonly micros: number;
  readonly options: DissectOptions;
  readonly counters: DissectCounters;
  /** What follows, in both directions, is another protocol, such as TLS. */
  readonly restart: () => void;
  /** Nothing that follows is of interest. */
  readonly finish: () => void;
  /** What follows tells nothing but {@link FrameReader.content}. */
  readonly pass: () => void;
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
  /** A frame was lost, or was longer than `maxHeadBytes` and is passed over. */
  skipped?(sender: Sender): void;
}

/** A protocol over TCP whose messages say at their start how long they are. */
export function framedProtocol(name: string, recognise: (bytes: Buffer) => Recognition, open: () => FrameReader): StreamProtocol {
  return { name, recognise, open: (session) => new FramedHandler(name, recognise, open(), session) };
}

class FramedHandler implements StreamHandler {
  done = false;
  readonly #name: string;
  readonly #recognise: (bytes: Buffer) => Recognition;
  readonly #reader: FrameReader;
  readonly #session: StreamSession;
  /** Bytes still to come of a frame that is passed over. */
  readonly #skip: Record<Sender, number> = { source: 0, destination: 0 };
  /** Directions in which bytes were lost: a packet that begins like a first one takes them up again. */
  readonly #lost: Record<Sender, boolean> = { source: false, destination: false };
  readonly #handedOver: Record<Sender, number> = { source: 0, destination: 0 };
  readonly #isFull: Record<Sender, boolean> = { source: false, destination: false };
  #passes = false;
  #restarted = false;

  constructor(name: string, recognise: (bytes: Buffer) => Recognition, reader: FrameReader, session: StreamSession) {
    this.#name = name;
    this.#recognise = recognise;
    this.#reader = reader;
    this.#session = session;
  }

  data(sender: Sender): void {
    const { counters, options, emit } = this.#session;
    const stream = this.#session[sender];
    while (stream.length > 0 && !this.done && !this.#restarted) {
      if (this.#skip[sender] > 0) {
        const passed = Math.min(this.#skip[sender], stream.length);
        stream.consume(passed);
        this.#skip[sender] -= passed;
        continue;
      }
      const bytes = stream.bytes();
      if (this.#lost[sender]) {
        if (this.#recognise(bytes) !== 'yes') return stream.clear();
        this.#lost[sender] = false;
      }
      const length = this.#reader.lengthOf(bytes, sender);
      if (length < 0) {
        counters.add(this.#name, 'malformed frame');
        this.done = true;
        return;
      }
      const skips = this.#passes || (length > 0 && this.#reader.skips?.(bytes, sender) === true);
      if (length > 0 && skips && (this.#isFull[sender] || this.#reader.content === undefined)) {
        this.#skip[sender] = length;
        continue;
      }
      if (length > options.maxHeadBytes) {
        counters.add(this.#name, 'bounded frame');
        this.#reader.skipped?.(sender);
        this.#skip[sender] = length;
        continue;
      }
      if (length === 0 && bytes.length >= options.maxHeadBytes) {
        counters.add(this.#name, 'bounded frame');
        this.done = true;
        return;
      }
      if (length === 0 || bytes.length < length) return;
      const context = {
        sender,
        frame: stream.frameAt(length - 1),
        micros: stream.microsAt(length - 1),
        options,
        counters,
        restart: this.#restart,
        finish: this.#finish,
        pass: this.#pass,
      };
      const whole = bytes.subarray(0, length);
      const message = (skips ? null : this.#reader.read(whole, context)) ?? this.#content(whole, context);
      if (message !== null) {
        counters.add(this.#name, 'messages');
        emit(message);
      }
      stream.consume(length);
    }
  }

  #content(frame: Buffer, { sender, frame: number, micros, options, counters }: FrameContext): Message | null {
    const { encryption } = this.#reader;
    if (encryption === undefined || this.#isFull[sender] || this.done || this.#restarted) return null;
    const content = this.#reader.content?.(frame, sender) ?? null;
    if (content === null || content.length === 0) return null;
    if (this.#handedOver[sender] + content.length > options.maxUnclaimedBytes) {
      counters.add(this.#name, 'bounded payload');
      this.#isFull[sender] = true;
      this.done = this.#passes && this.#isFull.source && this.#isFull.destination;
      return null;
    }
    this.#handedOver[sender] += content.length;
    const message = createMessage(this.#name, encryption, sender, number, micros);
    message.payload = content;
    return message;
  }

  readonly #restart = (): void => {
    this.#restarted = true;
    this.#session.restart();
  };

  readonly #finish = (): void => {
    this.done = true;
  };

  readonly #pass = (): void => {
    this.#passes = true;
  };

  gap(sender: Sender, missing: number): void {
    const stream = this.#session[sender];
    this.#session.counters.add(this.#name, 'gap');
    this.#reader.skipped?.(sender);
    // A frame that is passed over anyway may hold the whole gap.
    this.#lost[sender] = this.#skip[sender] < missing;
    this.#skip[sender] = Math.max(0, this.#skip[sender] - missing);
    stream.clear();
  }

  end(): void {
    for (const sender of ['source', 'destination'] as const) {
      if (this.#session[sender].length > 0 && !this.#lost[sender]) this.#session.counters.add(this.#name, 'cut frame');
    }
  }
}
