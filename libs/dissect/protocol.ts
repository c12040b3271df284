import type { ByteStream } from './bytestream.ts';
import type { Emit, Message, Origin, Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** What a protocol says of the first bytes of a direction. `more`: so far they fit, and more are needed. */
export type Recognition = 'yes' | 'no' | 'more';

/**
 * A protocol over TCP. To add one: write its file, and list it in stream.ts.
 * Recognition goes by content, never by port, and gives up at the first byte that does not fit.
 */
export interface StreamProtocol {
  readonly name: string;
  /** Looks at the first bytes of a direction (never none). It must not keep or change them. */
  recognise(bytes: Buffer): Recognition;
  open(session: StreamSession): StreamHandler;
}

/** What a protocol works with on one flow. */
export interface StreamSession extends DissectEnvironment {
  readonly source: ByteStream;
  readonly destination: ByteStream;
  readonly emit: Emit;
  /** Port of who was connected to, 0 where it is not known: evidence only where the content of two protocols is the same. */
  readonly serverPort: number;
  /** Who sent the byte at `position` of the sender's stream, and the packet that brought it. */
  originAt(sender: Sender, position: number): Origin;
  /** What follows, in both directions, is another protocol: a tunnel was opened. The handler is dropped. */
  restart(): void;
}

export interface StreamHandler {
  /** Nothing that follows is of interest: the flow's further bytes are not even looked at. */
  readonly done: boolean;
  /** Consumes what it can of the sender's stream. What it leaves is there again, with more behind it, at the next call. */
  data(sender: Sender): void;
  /** `missing` bytes of the sender's stream will never come; what was pending before them is still there. */
  gap(sender: Sender, missing: number): void;
  /** The flow is over. */
  end(): void;
}

/** Where and when a datagram was seen. */
export interface DatagramContext {
  sender: Sender;
  sourcePort: number;
  destinationPort: number;
  /** Number and time (µs) of the packet. */
  frame: number;
  micros: number;
}

/** A protocol over UDP each of whose datagrams says for itself what it is. To add one: write its file, and list it in datagrams.ts. */
export interface DatagramProtocol {
  readonly name: string;
  /** Goes by content; a port may only add belief. Gives up at the first byte that does not fit. `payload` is never empty. */
  recognise(payload: Buffer, context: DatagramContext): boolean;
  /** The message of a recognised payload; counts what is malformed in it. */
  read(payload: Buffer, context: DatagramContext, environment: DissectEnvironment): Message;
}
