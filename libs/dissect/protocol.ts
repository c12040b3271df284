import type { ByteStream } from './bytestream.ts';
import type { Emit, Message, Origin, Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** A protocol's verdict on the first bytes of a direction. `more`: they match so far, but more bytes are needed. */
export type Recognition = 'yes' | 'no' | 'more';

/**
 * A protocol over TCP. To add one: write its file, and list it in stream.ts.
 * Protocols are recognised by content, never by port, and rejected at the first byte that does not fit.
 */
export interface StreamProtocol {
  readonly name: string;
  /** Looks at the first bytes of a direction (at least one). It must neither keep nor change them. */
  recognise(bytes: Buffer): Recognition;
  open(session: StreamSession): StreamHandler;
}

/** A protocol's view of one flow. */
export interface StreamSession extends DissectEnvironment {
  readonly source: ByteStream;
  readonly destination: ByteStream;
  readonly emit: Emit;
  /** The server's port, 0 if unknown. Used as evidence only where two protocols have the same content. */
  readonly serverPort: number;
  /** The sender of the byte at `position` of that sender's stream, and the packet that carried it. */
  originAt(sender: Sender, position: number): Origin;
  /** A tunnel was opened: both directions continue in another protocol. The handler is dropped. */
  restart(): void;
}

export interface StreamHandler {
  /** Nothing that follows is of interest: the flow's further bytes are not examined. */
  readonly done: boolean;
  /** Bytes kept of incomplete messages, in addition to those pending in the session's streams; absent if negligible. */
  readonly heldBytes?: number;
  /** Consumes what it can of the sender's stream. Unconsumed bytes are there again, followed by new ones, at the next call. */
  data(sender: Sender): void;
  /** `missing` bytes of the sender's stream were lost for good; the bytes that were pending before them are still there. */
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

/** A protocol over UDP whose datagrams can each be recognised on their own. To add one: write its file, and list it in datagrams.ts. */
export interface DatagramProtocol {
  readonly name: string;
  /** Decides by content; the port is supporting evidence at most. Gives up at the first byte that does not fit. `payload` is never empty. */
  recognise(payload: Buffer, context: DatagramContext): boolean;
  /** Returns the message of a recognised payload, and counts anything malformed in it. */
  read(payload: Buffer, context: DatagramContext, environment: DissectEnvironment): Message;
}
