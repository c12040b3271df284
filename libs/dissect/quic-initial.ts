import { Fragments } from './fragments.ts';
import { chloAt, isChlo } from './google-chlo.ts';
import type { Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import { clientInitialKeys, openInitial, type InitialKeys } from './quic-keys.ts';

const isGoogleVersion = (version: number): boolean => version >>> 24 === 0x51;
const VERSION_2 = 0x6b3343cf;
const CLIENT_HELLO = 1;
/** Initial packets of a flow that are tried; a ClientHello with post-quantum keys takes two or three. */
const maxPackets = 16;

/** An Initial packet of the long header (RFC 9000, section 17.2.2) within its datagram. */
interface InitialPacket {
  readonly version: number;
  readonly connectionId: Buffer;
  /** Offset of the packet number from the packet's first byte. */
  readonly numberAt: number;
  /** Position in the datagram after the packet's last byte. */
  readonly end: number;
}

/**
 * The ClientHello in the Initial packets of one connection. Both directions may be passed in: only packets that the client's keys decrypt count.
 */
export class QuicHello {
  #done = false;
  readonly #environment: DissectEnvironment;
  readonly #fragments: Fragments;
  #keys: InitialKeys | null = null;
  /** The sender of the packet that the keys decrypted: they decrypt none of the other side. */
  #client: Sender | null = null;
  #packetsLeft = maxPackets;

  constructor(environment: DissectEnvironment) {
    this.#environment = environment;
    this.#fragments = new Fragments(environment.options.maxHeadBytes);
  }

  /** The ClientHello was read, or the search for it was given up. */
  get done(): boolean {
    return this.#done;
  }

  get heldBytes(): number {
    return this.#fragments.heldBytes;
  }

  /** Reads a datagram. Returns the handshake once it is complete: a ClientHello with its header, or Google's CHLO. */
  read(datagram: Buffer, sender: Sender): Buffer | null {
    let position = 0;
    // A datagram may contain several packets (RFC 9000, section 12.2).
    while (!this.#done && position < datagram.length) {
      const packet = initialAt(datagram, position);
      if (packet === null) break;
      if (this.#packetsLeft-- === 0) {
        this.#done = true;
        this.#environment.counters.add('quic', 'bounded Initial packets');
        break;
      }
      const isServer = this.#client !== null && this.#client !== sender;
      if (!isServer && (packet.connectionId.length > 0 || this.#keys !== null)) this.#open(datagram.subarray(position, packet.end), packet, sender);
      position = packet.end;
    }
    return this.#complete();
  }

  #open(bytes: Buffer, packet: InitialPacket, sender: Sender): void {
    let plaintext = this.#keys === null ? null : openInitial(bytes, packet.numberAt, this.#keys);
    if (plaintext === null) {
      // The first packet, or the first after a Retry, which gives the connection a new id (RFC 9001, section 5.2).
      for (const keys of clientInitialKeys(packet.version, packet.connectionId)) {
        plaintext = openInitial(bytes, packet.numberAt, keys);
        if (plaintext === null) continue;
        this.#keys = keys;
        this.#client = sender;
        break;
      }
      if (plaintext === null) return;
    }
    if (isGoogleVersion(packet.version)) {
      // Google's own frames, of which only the one with the CHLO matters.
      const chlo = chloAt(plaintext);
      if (chlo >= 0) this.#fragments.add(0, plaintext.subarray(chlo));
    } else if (!visitCrypto(plaintext, (offset, data) => {
      if (!this.#fragments.add(offset, data)) this.#environment.counters.add('quic', 'bounded ClientHello');
    })) this.#environment.counters.add('quic', 'malformed Initial');
  }

  #complete(): Buffer | null {
    const bytes = this.#fragments.start();
    if (bytes.length < 4 || this.#done) return null;
    const isGoogles = isChlo(bytes);
    const length = isGoogles ? bytes.length : 4 + bytes.readUIntBE(1, 3);
    this.#done = isGoogles || bytes[0] !== CLIENT_HELLO || bytes.length >= length;
    return this.#done && (isGoogles || bytes[0] === CLIENT_HELLO) ? bytes.subarray(0, length) : null;
  }
}

/** The Initial packet that begins at `start`; null if a different packet does, or none. */
function initialAt(datagram: Buffer, start: number): InitialPacket | null {
  const first = datagram[start]!;
  if ((first & 0x80) === 0 || start + 7 > datagram.length) return null;
  const version = datagram.readUInt32BE(start + 1);
  if (((first >> 4) & 3) !== (version === VERSION_2 ? 1 : 0)) return null;
  let position = start + 5;
  const connectionId = datagram.subarray(position + 1, position + 1 + datagram[position]!);
  position += 1 + datagram[position]!;
  position += 1 + (datagram[position] ?? 0);
  const token = varintAt(datagram, position);
  position += token.width + token.value;
  const length = varintAt(datagram, position);
  position += length.width;
  const end = position + length.value;
  if (length.width === 0 || token.width === 0 || end > datagram.length) return null;
  return { version, connectionId, numberAt: position - start, end };
}

/** A variable-length integer (RFC 9000, section 16); width 0 if it does not fit. */
function varintAt(bytes: Buffer, position: number): { value: number; width: number } {
  const first = bytes[position];
  const width = first === undefined ? 0 : 1 << (first >> 6);
  if (width === 0 || position + width > bytes.length) return { value: 0, width: 0 };
  let value = first! & 0x3f;
  for (let i = 1; i < width; i++) value = value * 256 + bytes[position + i]!;
  return { value, width };
}

const PADDING = 0;
const PING = 1;
const ACK = 2;
const ACK_WITH_COUNTS = 3;
const CRYPTO = 6;
const CONNECTION_CLOSE = 0x1c;

/** Visits the CRYPTO frames of an Initial packet, in which few other types are allowed (RFC 9000, section 12.4); false at an invalid frame. */
function visitCrypto(payload: Buffer, visit: (offset: number, data: Buffer) => void): boolean {
  let position = 0;
  const varint = (): number => {
    const { value, width } = varintAt(payload, position);
    position = width === 0 ? payload.length + 1 : position + width;
    return value;
  };
  while (position < payload.length) {
    const type = payload[position++]!;
    if (type === PADDING || type === PING) continue;
    if (type === CONNECTION_CLOSE) return true;
    if (type === CRYPTO) {
      const offset = varint();
      const length = varint();
      if (position + length > payload.length) return false;
      visit(offset, payload.subarray(position, position + length));
      position += length;
    } else if (type === ACK || type === ACK_WITH_COUNTS) {
      varint();
      varint();
      const ranges = varint();
      varint();
      for (let i = 0; i < 2 * ranges && position <= payload.length; i++) varint();
      if (type === ACK_WITH_COUNTS) for (let i = 0; i < 3; i++) varint();
    } else return false;
  }
  return position === payload.length;
}
