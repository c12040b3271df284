import type { DissectCounters } from './counters.ts';
import { DtlsFlow } from './dtls.ts';
import { HandshakeTimer } from './handshake-timer.ts';
import { MediaFlow } from './media.ts';
import type { DissectEnvironment, DissectOptions } from './options.ts';
import { QuicFlow } from './quic.ts';
import { isReflected, TelegramCall } from './telegram.ts';

/** What keeps a state of its own; most flows are a question of DNS and its answer, and need none of it. */
class States {
  quic: QuicFlow | null = null;
  dtls: DtlsFlow | null = null;
  media: MediaFlow | null = null;
  stunTimer: HandshakeTimer | null = null;
  relayed: DatagramFlow | null = null;
  telegram: TelegramCall | null = null;
}

/** What the dissectors remember of one UDP flow; made when it is asked for. */
export class DatagramFlow implements DissectEnvironment {
  readonly #environment: DissectEnvironment;
  readonly #isRelayed: boolean;
  hasStun = false;
  /** Began with Zoom's hello between two clients. */
  isZoomPeer = false;
  #scanned = 0;
  #made: States | null = null;

  /** `isRelayed`: it is what a TURN relay carries for the client of another flow. */
  constructor(environment: DissectEnvironment, isRelayed = false) {
    this.#environment = environment;
    this.#isRelayed = isRelayed;
  }

  get options(): DissectOptions {
    return this.#environment.options;
  }

  get counters(): DissectCounters {
    return this.#environment.counters;
  }

  get #states(): States {
    return (this.#made ??= new States());
  }

  /** STUN requests and responses. */
  get stunTimer(): HandshakeTimer {
    return (this.#states.stunTimer ??= new HandshakeTimer());
  }

  get quic(): QuicFlow {
    return (this.#states.quic ??= new QuicFlow(this.#environment));
  }

  get dtls(): DtlsFlow {
    return (this.#states.dtls ??= new DtlsFlow(this.#environment));
  }

  get media(): MediaFlow {
    return (this.#states.media ??= new MediaFlow(this.#environment));
  }

  /** What a TURN relay carries for the client, which is a flow of its own. */
  get relayed(): DatagramFlow {
    return (this.#states.relayed ??= new DatagramFlow(this.#environment, true));
  }

  /** Behind STUN, what begins like channel data of TURN is that; but a relay's channel holds no other, however often it seems to. */
  get hasChannels(): boolean {
    return this.hasStun && !this.#isRelayed;
  }

  /** A DTLS handshake stood in front of the media: it gave them their keys (RFC 5764). */
  get hasDtls(): boolean {
    return this.#made !== null && this.#made.dtls !== null;
  }

  /** The call of Telegram's that the datagram is of; null when it is of none. */
  telegramCall(payload: Buffer): TelegramCall | null {
    const known = this.#made === null ? null : this.#made.telegram;
    if (known !== null && known.owns(payload)) return known;
    return isReflected(payload) ? (this.#states.telegram = new TelegramCall(payload, this.#environment)) : null;
  }

  /** May so many more bytes of messages without named fields be handed to the recogniser? */
  mayScan(length: number): boolean {
    if (this.#scanned + length > this.options.maxUnclaimedBytes) return false;
    this.#scanned += length;
    return true;
  }
}
