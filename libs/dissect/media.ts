import { Entropy } from './entropy.ts';
import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext } from './protocol.ts';
import { RepeatedBlocks } from './repeated-blocks.ts';
import { sourceDescriptions } from './rtcp.ts';
import { LAST_STATIC, rtpPayloadStart } from './rtp.ts';

const opaque: Encryption = { verdict: 'opaque', reason: 'RTP' };
const keyedByDtls: Encryption = { verdict: 'encrypted', reason: 'SRTP after DTLS' };
const plain: Encryption = { verdict: 'cleartext', reason: 'RTP payload of low entropy' };
const blockwise: Encryption = { verdict: 'encrypted', reason: 'repeated ciphertext blocks' };

/** How many streams per flow are reported; a meeting with video has some dozens. */
const maxStreams = 256;
/** Including its byte counts. */
const bytesPerStream = 1200;
/** Packets of a stream that are examined for the verdict. */
const maxWeighed = 64;
/** Bits per byte below which a payload is not ciphertext. Encoded speech has 5 to 7, random bytes 7.8 and more. */
const leastOfCiphertext = 7.3;

interface Stream {
  /** Only for payload types of a fixed codec, whose plaintext has known statistics, and only until they have given a verdict. */
  entropy: Entropy | null;
  weighed: number;
  lastSequence: number;
}

/** The protocol that carries the RTP packet: RTP itself, or another protocol that wraps it. */
export interface Carrier {
  readonly protocol: string;
  /** The verdict on the payload in the absence of further evidence. */
  readonly encryption: Encryption;
  /** Path of the stream's fields. */
  readonly path: string;
  /** Kind of medium, as a field of the stream; empty for none. */
  readonly medium: string;
}

export const bareRtp: Carrier = { protocol: 'rtp', encryption: opaque, path: 'rtp', medium: '' };
export const bareSrtp: Carrier = { protocol: 'rtp', encryption: keyedByDtls, path: 'rtp', medium: '' };

/**
 * The media streams of one flow. A packet becomes a message if it begins a stream, or completes the evidence for a verdict; the others add nothing
 * new, and are only counted.
 */
export class MediaFlow {
  readonly #environment: DissectEnvironment;
  /** Keyed by {@link streamKey}. */
  readonly #streams = new Map<number, Stream>();
  readonly #blocks = new RepeatedBlocks();
  #verdict: Encryption | null = null;

  constructor(environment: DissectEnvironment) {
    this.#environment = environment;
  }

  /** Bytes kept as evidence for a verdict. */
  get heldBytes(): number {
    return this.#blocks.heldBytes + this.#streams.size * bytesPerStream;
  }

  /** The flow is over. */
  end(): void {
    this.#blocks.end();
  }

  /** The message of an RTP packet, or null if it contains nothing new. */
  rtp(packet: Buffer, context: DatagramContext, carrier: Carrier): Message | null {
    this.#environment.counters.add(carrier.protocol, 'messages');
    const type = packet[1]! & 0x7f;
    const ssrc = packet.readUInt32BE(8);
    const { stream, isNew } = this.#streamOf(streamKey(context.sender, ssrc, type), type <= LAST_STATIC);
    const sequence = packet.readUInt16BE(2);
    let isNews = isNew;
    if (stream !== null && (isNew || isLater(sequence, stream.lastSequence))) {
      stream.lastSequence = sequence;
      if (this.#weigh(packet.subarray(rtpPayloadStart(packet)), stream, context)) isNews = true;
    }
    return isNews ? this.#message(context, carrier, ssrc, type) : null;
  }

  /** The message of an RTCP packet, or null if its sender and the sender's description are already known. */
  rtcp(packet: Buffer, context: DatagramContext, carrier: Carrier): Message | null {
    this.#environment.counters.add(carrier.protocol, 'messages');
    const ssrc = packet.length >= 8 ? packet.readUInt32BE(4) : 0;
    const descriptions = sourceDescriptions(packet);
    const isNew = this.#streamOf(streamKey(context.sender, ssrc, rtcp), false).isNew;
    const tells = descriptions.length > 0 && this.#streamOf(streamKey(context.sender, ssrc, sourceDescription), false).isNew;
    if (!isNew && !tells) return null;
    const message = this.#message(context, carrier, ssrc, -1);
    const fields = new FieldList(message, this.#environment);
    for (const { name, value } of descriptions) fields.add(`${carrier.path}.sdes.${name}`, descriptionKeys[name], value);
    return message;
  }

  #streamOf(key: number, isStatic: boolean): { stream: Stream | null; isNew: boolean } {
    const known = this.#streams.get(key);
    if (known !== undefined) return { stream: known, isNew: false };
    if (this.#streams.size >= maxStreams) {
      this.#environment.counters.add('rtp', 'bounded streams');
      return { stream: null, isNew: false };
    }
    const stream: Stream = { entropy: isStatic ? new Entropy() : null, weighed: 0, lastSequence: 0 };
    this.#streams.set(key, stream);
    return { stream, isNew: true };
  }

  /** True if the payload completes the evidence for a new verdict. */
  #weigh(payload: Buffer, stream: Stream, { sender }: DatagramContext): boolean {
    if (this.#verdict === blockwise) return false;
    if (stream.entropy !== null && this.#verdict !== plain && !this.#mayBeCiphertext(stream.entropy, stream, payload)) return this.#verdict === plain;
    if (this.#verdict === plain || !this.#blocks.add(sender, payload)) return false;
    this.#verdict = blockwise;
    return true;
  }

  /** False while there are too few bytes to decide, and if they show that it is not ciphertext, which is then the verdict. */
  #mayBeCiphertext(entropy: Entropy, stream: Stream, payload: Buffer): boolean {
    if (stream.weighed < maxWeighed) {
      entropy.add(payload);
      stream.weighed++;
    }
    const bits = entropy.bits();
    const isDense = bits >= leastOfCiphertext;
    if (bits > 0 && !isDense) this.#verdict = plain;
    if (bits > 0 && (!isDense || stream.weighed === maxWeighed)) stream.entropy = null;
    return isDense;
  }

  #message(context: DatagramContext, { protocol, encryption, path, medium }: Carrier, ssrc: number, type: number): Message {
    const message = createMessage(protocol, this.#verdict ?? encryption, context);
    const fields = new FieldList(message, this.#environment);
    message.facts['telltale.rtp.ssrc'] = ssrc;
    message.facts['telltale.rtp.medium'] = medium;
    fields.add(`${path}.ssrc`, '', ssrc.toString(), 'u32be');
    if (type >= 0) fields.add(`${path}.payload_type`, '', type.toString());
    fields.add(`${path}.medium`, '', medium);
    return message;
  }
}

/** A canonical name is generated for each session, or is `user@host` (RFC 7022, section 3): then it looks like a mail address. */
const descriptionKeys = { cname: '', name: 'display_name', email: 'email', phone: 'phone', location: 'location' } as const;

/** A flag stored beside RTP payload types, which have seven bits. */
const rtcp = 128;
const sourceDescription = 129;

function streamKey(sender: Sender, ssrc: number, type: number): number {
  return (ssrc * 256 + type) * 2 + (sender === 'source' ? 0 : 1);
}

/** Whether this is not a retransmission: 16-bit sequence numbers wrap around. */
function isLater(sequence: number, last: number): boolean {
  return sequence !== last && ((sequence - last) & 0xffff) < 0x8000;
}
