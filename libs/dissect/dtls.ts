import { FieldList } from './fieldlist.ts';
import { Fragments } from './fragments.ts';
import { HandshakeTimer } from './handshake-timer.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext } from './protocol.ts';
import { setClientHelloFacts } from './tls-hello.ts';

const recordHeader = 13;
const handshakeHeader = 12;

const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const TLS12_CID = 25;
const CLIENT_HELLO = 1;

const dtls: Encryption = { verdict: 'encrypted', reason: 'DTLS' };

/**
 * A DTLS 1.0 or 1.2 record (RFC 6347, section 4.1), which is also how DTLS 1.3 begins (RFC 9147, section 5.3), or one of the version before the
 * RFC, 0x0100, which OpenSSL calls DTLS1_BAD_VER and Cisco's AnyConnect still uses.
 */
export function isDtls(payload: Buffer): boolean {
  if (payload.length <= recordHeader) return false;
  const type = payload[0]!;
  // change_cipher_spec to heartbeat, and tls12_cid, whose length follows the connection id.
  if (type < 20 || type > TLS12_CID) return false;
  const version = payload.readUInt16BE(1);
  if (version !== 0xfeff && version !== 0xfefd && (version !== 0x0100 || type > APPLICATION_DATA)) return false;
  return type === TLS12_CID || recordHeader + payload.readUInt16BE(11) <= payload.length;
}

/** The DTLS connection of one UDP flow: each datagram is a message; the one that completes a ClientHello holds its facts. */
export class DtlsFlow {
  readonly #environment: DissectEnvironment;
  readonly #timer = new HandshakeTimer();
  /** The fragments of a ClientHello, and its message sequence number. */
  #fragments: Fragments | null = null;
  #sequence = -1;

  constructor(environment: DissectEnvironment) {
    this.#environment = environment;
  }

  get heldBytes(): number {
    return this.#fragments === null ? 0 : this.#fragments.heldBytes;
  }

  /** The message of a datagram that {@link isDtls} recognises. */
  message(payload: Buffer, context: DatagramContext): Message {
    this.#environment.counters.add('dtls', 'messages');
    const message = createMessage('dtls', dtls, context);
    let asks = false;
    // A datagram may hold several records; those of a later epoch are encrypted.
    for (let position = 0; position + recordHeader <= payload.length;) {
      const end = position + recordHeader + payload.readUInt16BE(position + 11);
      if (end > payload.length || payload[position] !== HANDSHAKE || payload.readUInt16BE(position + 3) !== 0) break;
      const record = payload.subarray(position + recordHeader, end);
      if (record[0] === CLIENT_HELLO) {
        asks = true;
        this.#readFragment(record, message);
      }
      position = end;
    }
    this.#time(asks, message);
    return message;
  }

  /** A fragment is preceded by the message's length, its sequence number, and the fragment's offset and length (RFC 6347, section 4.2.2). */
  #readFragment(record: Buffer, message: Message): void {
    if (record.length < handshakeHeader) return;
    const length = record.readUIntBE(1, 3);
    const sequence = record.readUInt16BE(4);
    const offset = record.readUIntBE(6, 3);
    const part = record.subarray(handshakeHeader, handshakeHeader + record.readUIntBE(9, 3));
    if (sequence !== this.#sequence || this.#fragments === null) {
      this.#sequence = sequence;
      this.#fragments = new Fragments(this.#environment.options.maxHeadBytes);
    }
    if (!this.#fragments.add(offset, part)) {
      this.#environment.counters.add('dtls', 'bounded ClientHello');
      return;
    }
    const hello = this.#fragments.start();
    if (hello.length < length || length === 0) return;
    this.#fragments = null;
    const fields = new FieldList(message, this.#environment);
    if (!setClientHelloFacts(message, fields, hello.subarray(0, length), 'dtls')) this.#environment.counters.add('dtls', 'malformed ClientHello');
  }

  #time(asks: boolean, message: Message): void {
    if (asks) return this.#timer.asked(message);
    const rtt = this.#timer.answered(message);
    if (rtt > 0) message.facts['telltale.handshake.rtt'] = rtt;
  }
}
