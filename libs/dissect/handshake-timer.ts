import type { Origin, Sender } from './message.ts';

/**
 * Round-trip time of a flow's first exchange: from a request to the first response of the other side. If the request was retransmitted before
 * the response came, the first one counts, so that the time is an upper bound on the distance of the peer.
 */
export class HandshakeTimer {
  #sender: Sender | null = null;
  #key = '';
  #micros = 0;
  #done = false;

  asked({ sender, micros }: Origin, key = ''): void {
    if (this.#done || (this.#sender === sender && this.#key === key)) return;
    this.#sender = sender;
    this.#key = key;
    this.#micros = micros;
  }

  /** Microseconds since the request with this key; 0 if none is pending, or one was answered before. */
  answered({ sender, micros }: Origin, key = ''): number {
    if (this.#done || this.#sender === null || this.#sender === sender || this.#key !== key) return 0;
    this.#done = true;
    this.#key = '';
    return Math.max(0, micros - this.#micros);
  }
}
