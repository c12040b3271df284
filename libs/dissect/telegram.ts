import { keptCopy } from '#capture';
import { FieldList } from './fieldlist.ts';
import { HandshakeTimer } from './handshake-timer.ts';
import { HopList } from './hops.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext } from './protocol.ts';

/**
 * Telegram calls over its relays ("reflectors"), as seen in libtgvoip (VoIPController.cpp, MockReflector.cpp) and in captures. Each datagram begins
 * with a tag of 16 bytes, generated for the call. The media after it are encrypted; the messages between client and relay are not: they begin
 * with 12 bytes of 0xFF and a type (4 bytes, little-endian), and are pings, the query for one's own address and its response, or the addresses of
 * both sides. So anyone who sees the traffic of one side learns the address of the other.
 */
const call: Encryption = { verdict: 'encrypted', reason: 'Telegram call' };

const tagLength = 16;
const typeOffset = 28;
const PING = 0xffffffff;
const ASK_SELF = 0xfffffffe;
const SELF = 0xc01572c7;
const PEER = 0x27d9371c;
/** Length of a datagram, by type. */
const lengths = new Map([[PING, 32], [ASK_SELF, 40], [SELF, 64], [PEER, 48]]);

/** Is this a message between client and relay? */
export function isReflected(payload: Buffer): boolean {
  if (payload.length < typeOffset + 4 || payload[tagLength] !== 0xff) return false;
  for (let at = tagLength + 1; at < typeOffset; at++) if (payload[at] !== 0xff) return false;
  return payload.length === lengths.get(payload.readUInt32LE(typeOffset));
}

/** One client's side of a call, on one flow. */
export class TelegramCall {
  readonly #tag: Buffer;
  readonly #environment: DissectEnvironment;
  readonly #timer = new HandshakeTimer();
  #isTold = false;
  #peer = '';

  constructor(payload: Buffer, environment: DissectEnvironment) {
    this.#tag = keptCopy(payload.subarray(0, tagLength));
    this.#environment = environment;
  }

  /** Does the datagram belong to this call? */
  owns(payload: Buffer): boolean {
    return payload.length >= tagLength && payload.compare(this.#tag, 0, tagLength, 0, tagLength) === 0;
  }

  /** Null if it contains nothing new, like media. */
  message(payload: Buffer, context: DatagramContext): Message | null {
    this.#environment.counters.add('telegram', 'messages');
    if (!isReflected(payload)) return null;
    const message = createMessage('telegram', call, context);
    message.session = this.#tag.toString('hex');
    switch (payload.readUInt32LE(typeOffset)) {
      case ASK_SELF:
        this.#timer.asked(context, payload.toString('hex', 32, 40));
        break;
      case SELF: {
        const rtt = this.#timer.answered(context, payload.toString('hex', 36, 44));
        if (rtt === 0) break;
        message.facts['telltale.handshake.rtt'] = rtt;
        return message;
      }
      case PEER: {
        const address = payload.subarray(40, 44).join('.');
        if (address === this.#peer) return null;
        this.#peer = address;
        new FieldList(message, this.#environment).add('telegram.peer.ip', '', address);
        const hops = new HopList();
        hops.addPerson('telegram-peer', address);
        message.facts['telltale.flow.hops'] = hops.texts;
        return message;
      }
    }
    if (this.#isTold) return null;
    this.#isTold = true;
    return message;
  }
}
