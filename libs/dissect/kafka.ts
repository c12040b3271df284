import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';
import { SaslExchange } from './sasl.ts';

/** Apache Kafka (https://kafka.apache.org/protocol): logins at a broker, with the password or response, and the readable parts of records. */
export const kafka = framedProtocol('kafka', recogniseKafka, () => new KafkaReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Kafka' };

/** The length of the rest; a request continues with API key, API version, correlation id, and the length-prefixed name of the client. */
const header = 4;
const nameAt = 14;
const [METADATA, HANDSHAKE, VERSIONS, AUTHENTICATE] = [3, 17, 18, 36];
/** The requests with which a client may begin, and the latest version of each. */
const firstRequests = new Map([[METADATA, 13], [HANDSHAKE, 1], [VERSIONS, 4]]);
/** From this version on, AUTHENTICATE has a varint length, and tagged fields after its header (KIP-482). */
const FLEXIBLE = 2;
const longestFirst = 0xffff;
const longest = 128 * 1024 * 1024;
/** The length that marks an absent name. */
const NONE = 0xffff;

function recogniseKafka(bytes: Buffer): Recognition {
  if (bytes[0] !== 0 || (bytes.length > 1 && bytes[1] !== 0)) return 'no';
  if (bytes.length > 4 && bytes[4] !== 0) return 'no';
  if (bytes.length > 5 && !firstRequests.has(bytes[5]!)) return 'no';
  if (bytes.length > 7 && (bytes[6] !== 0 || bytes[7]! > firstRequests.get(bytes[5]!)!)) return 'no';
  if (bytes.length < nameAt) return 'more';
  const length = bytes.readUInt32BE(0);
  const nameLength = bytes.readUInt16BE(12);
  const name = nameLength === NONE ? 0 : nameLength;
  if (length > longestFirst || nameAt + name > header + length) return 'no';
  if (bytes.length < nameAt + name) return 'more';
  return /^[ -~]*$/.test(bytes.toString('latin1', nameAt, nameAt + name)) ? 'yes' : 'no';
}

class KafkaReader implements FrameReader {
  readonly encryption = cleartext;
  #client: Sender | null = null;
  #sasl: SaslExchange | null = null;
  /** With the first version of the handshake, the client's responses follow without a header. */
  #isBare = false;
  #begun = false;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < header) return 0;
    const length = bytes.readUInt32BE(0);
    return length <= longest ? header + length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    this.#client ??= context.sender;
    if (context.sender !== this.#client) return null;
    const values = this.#request(bytes, context);
    if (values.length === 0 && this.#begun) return null;
    this.#begun = true;
    const message = createMessage('kafka', cleartext, context);
    addNamed(message, values, context);
    return message;
  }

  content(bytes: Buffer): Buffer {
    return bytes.subarray(header);
  }

  #request(bytes: Buffer, context: FrameContext): NamedValue[] {
    const reader = new ByteReader(bytes, header);
    if (this.#isBare) return this.#answer(reader.rest());
    const [key, version] = [reader.u16(), reader.u16()];
    reader.skip(4);
    const name = reader.u16();
    reader.skip(name === NONE ? 0 : name);
    if (key === HANDSHAKE) {
      const mechanism = reader.take(reader.u16()).text();
      this.#sasl = reader.failed ? null : new SaslExchange(mechanism);
      this.#isBare = version === 0 && this.#sasl !== null;
    } else if (key === AUTHENTICATE) {
      if (version >= FLEXIBLE) skipTags(reader);
      const answer = reader.take(version >= FLEXIBLE ? reader.varint() - 1 : reader.u32()).rest();
      return reader.failed ? [] : this.#answer(answer);
    } else if (key !== VERSIONS) {
      context.pass();
    }
    return [];
  }

  #answer(bytes: Buffer): NamedValue[] {
    const values = this.#sasl?.plain(bytes) ?? [];
    if (this.#sasl?.finished === true) this.#isBare = false;
    return values;
  }
}

function skipTags(reader: ByteReader): void {
  for (let left = reader.varint(); left > 0 && !reader.failed; left--) {
    reader.varint();
    reader.skip(reader.varint());
  }
}
