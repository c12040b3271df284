import { FieldList } from './fieldlist.ts';
import { chloAt, isChlo, setChloFacts } from './google-chlo.ts';
import { HandshakeTimer } from './handshake-timer.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext } from './protocol.ts';
import { QuicHello } from './quic-initial.ts';
import { isReservedVersion } from './quic-keys.ts';
import { setClientHelloFacts } from './tls-hello.ts';

const quic: Encryption = { verdict: 'encrypted', reason: 'QUIC' };

/** The QUIC connection of one UDP flow: each long-header packet is a message; the one that completes the ClientHello holds its facts. */
export class QuicFlow {
  readonly #environment: DissectEnvironment;
  /** Null once the ClientHello was read, or the search for it was given up. */
  #hello: QuicHello | null;
  readonly #timer = new HandshakeTimer();
  #asker: Sender | null = null;

  constructor(environment: DissectEnvironment) {
    this.#environment = environment;
    this.#hello = new QuicHello(environment);
  }

  get heldBytes(): number {
    return this.#hello === null ? 0 : this.#hello.heldBytes;
  }

  /** The message of a datagram that {@link isQuic} recognises. */
  message(payload: Buffer, context: DatagramContext): Message {
    this.#environment.counters.add('quic', 'messages');
    const message = createMessage('quic', quic, context);
    // The sender of the first long header is the client; the first one in the other direction is the response.
    this.#asker ??= context.sender;
    if (context.sender === this.#asker) this.#timer.asked(context);
    const rtt = this.#timer.answered(context);
    if (rtt > 0) message.facts['telltale.handshake.rtt'] = rtt;
    if (this.#hello !== null) this.#readHello(this.#hello, payload, message);
    return message;
  }

  #readHello(reader: QuicHello, payload: Buffer, message: Message): void {
    const chlo = isGoogleCleartext(payload) ? chloAt(payload) : -1;
    const hello = chlo >= 0 ? payload.subarray(chlo) : reader.read(payload, message.sender);
    if (hello !== null || reader.done) this.#hello = null;
    if (hello === null) return;
    const fields = new FieldList(message, this.#environment);
    const isSound = isChlo(hello) ? setChloFacts(message, fields, hello) : setClientHelloFacts(message, fields, hello.subarray(4), 'quic');
    if (!isSound) this.#environment.counters.add('quic', 'malformed ClientHello');
  }
}

/** Google's versions up to Q046 (0x51303436) do not encrypt the first flight. */
function isGoogleCleartext(payload: Buffer): boolean {
  const version = payload[0]! >= 0x80 ? payload.readUInt32BE(1) : payload.readUInt32BE(9);
  return version >>> 24 === 0x51 && version <= 0x51303436;
}

/** QUIC version 1 (RFC 9000), version 2 (RFC 9369), the drafts, reserved versions, those of Google and Meta, and Version Negotiation (0). */
function isQuicVersion(version: number): boolean {
  if (version === 0 || version === 1 || version === 0x6b3343cf) return true;
  const family = version >>> 8;
  if (isReservedVersion(version) || family === 0xff0000 || family === 0xfaceb0) return true;
  return isGoogleVersion(version);
}

/** `Q043`, `T051` and the like. */
function isGoogleVersion(version: number): boolean {
  const letter = version >>> 24;
  return (letter === 0x51 || letter === 0x54) && ((version >>> 16) & 0xff) === 0x30 && isDigit((version >>> 8) & 0xff) && isDigit(version & 0xff);
}

const maxConnectionId = 20;

/** A packet with QUIC's long header (RFC 8999, section 5.1), or Google QUIC's older public header that includes a version. */
export function isQuic(payload: Buffer): boolean {
  if (payload.length < 14) return false;
  const first = payload[0]!;
  if (first >= 0x80) {
    const version = payload.readUInt32BE(1);
    if (!isQuicVersion(version)) return false;
    if (isGoogleVersion(version)) return true;
    if (version !== 0 && (first & 0x40) === 0) return false;
    const destination = payload[5]!;
    const source = payload[6 + destination];
    return destination <= maxConnectionId && source !== undefined && source <= maxConnectionId && payload.length > 7 + destination + source;
  }
  // Version flag set, and an 8-byte connection id.
  return (first & 0x09) === 0x09 && (first & 0xc0) === 0 && isGoogleVersion(payload.readUInt32BE(9));
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
