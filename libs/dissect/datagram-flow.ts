import type { DissectCounters } from './counters.ts';
import { DtlsFlow } from './dtls.ts';
import { HandshakeTimer } from './handshake-timer.ts';
import { MediaFlow } from './media.ts';
import type { DissectOptions } from './options.ts';
import { QuicFlow } from './quic.ts';
import { isReflected, TelegramCall } from './telegram.ts';

/** What the dissectors remember of one UDP flow; made when it is asked for. */
export class DatagramFlow {
  readonly options: DissectOptions;
  readonly counters: DissectCounters;
  hasStun = false;
  /** Began with Zoom's hello between two clients. */
  isZoomPeer = false;
  readonly #isRelayed: boolean;
  #scanned = 0;
  #quic: QuicFlow | null = null;
  #dtls: DtlsFlow | null = null;
  #media: MediaFlow | null = null;
  #stunTimer: HandshakeTimer | null = null;
  #relayed: DatagramFlow | null = null;
  #telegram: TelegramCall | null = null;

  /** `isRelayed`: it is what a TURN relay carries for the client of another flow. */
  constructor(options: DissectOptions, counters: DissectCounters, isRelayed = false) {
    this.options = options;
    this.counters = counters;
    this.#isRelayed = isRelayed;
  }

  /** Behind STUN, what begins like channel data of TURN is that; but a relay's channel holds no other, however often it seems to. */
  get hasChannels(): boolean {
    return this.hasStun && !this.#isRelayed;
  }

  /** STUN requests and responses. */
  get stunTimer(): HandshakeTimer {
    return (this.#stunTimer ??= new HandshakeTimer());
  }

  get quic(): QuicFlow {
    return (this.#quic ??= new QuicFlow(this.options, this.counters));
  }

  get dtls(): DtlsFlow {
    return (this.#dtls ??= new DtlsFlow(this.options, this.counters));
  }

  get media(): MediaFlow {
    return (this.#media ??= new MediaFlow(this.options, this.counters));
  }

  /** What a TURN relay carries for the client, which is a flow of its own. */
  get relayed(): DatagramFlow {
    return (this.#relayed ??= new DatagramFlow(this.options, this.counters, true));
  }

  /** The call of Telegram's that the datagram is of; null when it is of none. */
  telegramCall(payload: Buffer): TelegramCall | null {
    if (this.#telegram !== null && this.#telegram.owns(payload)) return this.#telegram;
    return isReflected(payload) ? (this.#telegram = new TelegramCall(payload, this.options, this.counters)) : null;
  }

  /** May so many more bytes of messages without named fields be handed to the recogniser? */
  mayScan(length: number): boolean {
    if (this.#scanned + length > this.options.maxUnclaimedBytes) return false;
    this.#scanned += length;
    return true;
  }

  /** A DTLS handshake stood in front of the media: it gave them their keys (RFC 5764). */
  get hasDtls(): boolean {
    return this.#dtls !== null;
  }
}
