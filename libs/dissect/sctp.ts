import { keptCopy, keptCopyCost } from '#capture';
import { diameterMessage, recogniseDiameter } from './diameter.ts';
import { isDtls } from './dtls.ts';
import { createMessage, type Emit, type Encryption, type Message, type Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext } from './protocol.ts';
import { sip } from './sip.ts';
import { isText } from './text.ts';

const text: Encryption = { verdict: 'cleartext', reason: 'text' };
const unknown: Encryption = { verdict: 'opaque', reason: 'no known structure' };
const dtls: Encryption = { verdict: 'encrypted', reason: 'DTLS' };

const DATA = 0;
const chunkHeader = 4;
/** TSN, stream, sequence number in the stream, payload protocol (RFC 9260, section 3.3.1). */
const dataHeader = 16;
/** Flags: the first fragment of a message, and the last. */
const [BEGINNING, ENDING] = [2, 1];

/** Maximum number of pending fragments per direction, and of TSNs that are remembered to detect retransmissions. */
const maxFragments = 256;
const maxRemembered = 512;

const DIAMETER_DTLS = 47;
/** Payload protocols (IANA, SCTP Payload Protocol Identifiers) that are named but not read: signalling of telephone and mobile networks. */
const signalling: Record<number, string | undefined> = {
  1: 'iua', 2: 'm2ua', 3: 'm3ua', 4: 'sua', 5: 'm2pa', 6: 'v5ua', 7: 'h248', 18: 's1ap', 19: 'rua', 20: 'hnbap', 24: 'sbcap', 25: 'nbap', 27: 'x2ap',
  29: 'lcsap', 60: 'ngap', 61: 'xnap', 62: 'f1ap',
};

interface Fragment {
  readonly flags: number;
  readonly payloadProtocol: number;
  readonly bytes: Buffer;
}

/** One direction of an association. */
class Direction {
  readonly fragments = new Map<number, Fragment>();
  /** Of all fragments. */
  bytes = 0;
  /** Bytes of messages without named fields that were passed on. */
  scanned = 0;
  readonly #seen = new Set<number>();

  /** Bytes of memory of the fragments. */
  get heldBytes(): number {
    return this.bytes + this.fragments.size * keptCopyCost;
  }

  /** False if the TSN was seen before. */
  isNew(tsn: number): boolean {
    if (this.#seen.has(tsn)) return false;
    this.#seen.add(tsn);
    if (this.#seen.size > maxRemembered) this.#seen.delete(this.#seen.values().next().value!);
    return true;
  }

  clear(): void {
    this.fragments.clear();
    this.bytes = 0;
  }
}

/**
 * The user messages of one SCTP association (RFC 9260): fragments, which have consecutive TSNs, are reassembled, and a message goes to the dissector
 * chosen by content or payload protocol. Signalling without a dissector is opaque under its own name; unclaimed messages are `sctp`.
 */
export class SctpDissector {
  readonly #environment: DissectEnvironment;
  readonly #emit: Emit;
  readonly #source = new Direction();
  readonly #destination = new Direction();

  constructor(environment: DissectEnvironment, emit: Emit) {
    this.#environment = environment;
    this.#emit = emit;
  }

  /** Bytes kept of incomplete user messages. */
  get heldBytes(): number {
    return this.#source.heldBytes + this.#destination.heldBytes;
  }

  /** Reads the chunks of one packet, which follow its common header. */
  packet(chunks: Buffer, context: DatagramContext): void {
    for (let at = 0; at + chunkHeader <= chunks.length;) {
      const length = chunks.readUInt16BE(at + 2);
      if (length < chunkHeader || at + length > chunks.length) {
        this.#environment.counters.add('sctp', 'malformed chunk');
        return;
      }
      if (chunks[at] === DATA && length > dataHeader) this.#data(chunks.subarray(at, at + length), context);
      at += (length + 3) & ~3;
    }
  }

  #data(chunk: Buffer, context: DatagramContext): void {
    const direction = this.#direction(context.sender);
    const tsn = chunk.readUInt32BE(4);
    if (!direction.isNew(tsn)) {
      this.#environment.counters.add('sctp', 'retransmission');
      return;
    }
    const flags = chunk[1]! & (BEGINNING | ENDING);
    const payloadProtocol = chunk.readUInt32BE(12);
    const bytes = chunk.subarray(dataHeader);
    if (flags === (BEGINNING | ENDING)) {
      this.#message(bytes, payloadProtocol, context);
      return;
    }
    if (direction.fragments.size >= maxFragments || direction.bytes + bytes.length > this.#environment.options.maxBodyBytes) {
      this.#environment.counters.add('sctp', 'bounded fragments');
      direction.clear();
    }
    direction.fragments.set(tsn, { flags, payloadProtocol, bytes: keptCopy(bytes) });
    direction.bytes += bytes.length;
    this.#complete(direction, tsn, context);
  }

  /** Reads the message to which a fragment belongs, once it is complete. */
  #complete(direction: Direction, tsn: number, context: DatagramContext): void {
    const { fragments } = direction;
    let first = tsn;
    while ((fragments.get(first)!.flags & BEGINNING) === 0) {
      first = (first - 1) >>> 0;
      if (!fragments.has(first)) return;
    }
    const parts: Buffer[] = [];
    for (let next = first; ; next = (next + 1) >>> 0) {
      const fragment = fragments.get(next);
      if (fragment === undefined) return;
      parts.push(fragment.bytes);
      if ((fragment.flags & ENDING) !== 0) break;
    }
    const { payloadProtocol } = fragments.get(first)!;
    for (let index = 0; index < parts.length; index++) fragments.delete((first + index) >>> 0);
    const whole = Buffer.concat(parts);
    direction.bytes -= whole.length;
    this.#message(whole, payloadProtocol, context);
  }

  #message(bytes: Buffer, payloadProtocol: number, context: DatagramContext): void {
    const message = this.#read(bytes, payloadProtocol, context);
    this.#environment.counters.add(message.protocol, 'messages');
    this.#emit(message);
  }

  #read(bytes: Buffer, payloadProtocol: number, context: DatagramContext): Message {
    if (payloadProtocol === DIAMETER_DTLS || isDtls(bytes)) return createMessage('dtls', dtls, context);
    const name = signalling[payloadProtocol];
    if (name !== undefined) return this.#unread(name, { verdict: 'opaque', reason: `${name.toUpperCase()} signalling` }, bytes, context);
    if (recogniseDiameter(bytes) === 'yes') return diameterMessage(bytes, context, this.#environment);
    if (sip.recognise(bytes, context)) return sip.read(bytes, context, this.#environment);
    return this.#unread('sctp', isText(bytes) ? text : unknown, bytes, context);
  }

  #unread(name: string, encryption: Encryption, bytes: Buffer, context: DatagramContext): Message {
    const message = createMessage(name, encryption, context);
    const direction = this.#direction(context.sender);
    if (direction.scanned + bytes.length > this.#environment.options.maxUnclaimedBytes) {
      this.#environment.counters.add('sctp', 'bounded payload');
      return message;
    }
    direction.scanned += bytes.length;
    message.payload = bytes;
    return message;
  }

  #direction(sender: Sender): Direction {
    return sender === 'source' ? this.#source : this.#destination;
  }
}
