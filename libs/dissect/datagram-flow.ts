import type { DissectCounters } from './counters.ts';
import { DtlsFlow } from './dtls.ts';
import { HandshakeTimer } from './handshake-timer.ts';
import { MediaFlow } from './media.ts';
import type { DissectEnvironment, DissectOptions } from './options.ts';
import { QuicFlow } from './quic.ts';
import { isReflected, TelegramCall } from './telegram.ts';

/** Per-protocol state; most flows are a DNS query and its response, and need none of it. */
class States {
  quic: QuicFlow | null = null;
  dtls: DtlsFlow | null = null;
  media: MediaFlow | null = null;
  stunTimer: HandshakeTimer | null = null;
  relayed: DatagramFlow | null = null;
  telegram: TelegramCall | null = null;
}

/** State of one UDP flow, each part created on first use. */
export class DatagramFlow implements DissectEnvironment {
  readonly #environment: DissectEnvironment;
  readonly #isRelayed: boolean;
  hasStun = false;
  /** Whether the flow began with Zoom's hello between two clients. */
  isZoomPeer = false;
  #scanned = 0;
  #made: States | null = null;

  /** `isRelayed`: the flow is what a TURN relay carries for the client of another flow. */
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

  /** Whether it is as it was made, nothing of the flow having to be remembered so far: it may serve another flow. */
  get isBlank(): boolean {
    return this.#made === null && !this.hasStun && !this.isZoomPeer && this.#scanned === 0;
  }

  get #states(): States {
    return (this.#made ??= new States());
  }

  /** Bytes kept of incomplete handshakes, and as evidence of how media are encrypted. */
  get heldBytes(): number {
    if (this.#made === null) return 0;
    const { quic, dtls, media, relayed } = this.#made;
    return (quic?.heldBytes ?? 0) + (dtls?.heldBytes ?? 0) + (media?.heldBytes ?? 0) + (relayed?.heldBytes ?? 0);
  }

  /** The flow is over. */
  end(): void {
    this.#made?.media?.end();
    this.#made?.relayed?.end();
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

  /** What a TURN relay carries for the client, treated as a flow of its own. */
  get relayed(): DatagramFlow {
    return (this.#states.relayed ??= new DatagramFlow(this.#environment, true));
  }

  /** After STUN, whatever looks like TURN channel data is channel data; but a relayed channel contains no further ones, whatever it looks like. */
  get hasChannels(): boolean {
    return this.hasStun && !this.#isRelayed;
  }

  /** Whether a DTLS handshake preceded the media, and so negotiated their keys (RFC 5764). */
  get hasDtls(): boolean {
    return this.#made !== null && this.#made.dtls !== null;
  }

  /** The Telegram call to which the datagram belongs, or null. */
  telegramCall(payload: Buffer): TelegramCall | null {
    const known = this.#made === null ? null : this.#made.telegram;
    if (known !== null && known.owns(payload)) return known;
    return isReflected(payload) ? (this.#states.telegram = new TelegramCall(payload, this.#environment)) : null;
  }

  /** May that many more bytes of messages without named fields be passed to the recogniser? */
  mayScan(length: number): boolean {
    if (this.#scanned + length > this.options.maxUnclaimedBytes) return false;
    this.#scanned += length;
    return true;
  }
}
