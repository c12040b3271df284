import type { Origin, Sender } from './message.ts';

/**
 * Round trip of the first exchange of a flow: from a request to the first answer of the other side. Where a request was sent again before the
 * answer came, it counts from the first, so that the peer is never farther away than the time says.
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

  /** Microseconds since the request with this key; 0 when none waits, or one was answered before. */
  answered({ sender, micros }: Origin, key = ''): number {
    if (this.#done || this.#sender === null || this.#sender === sender || this.#key !== key) return 0;
    this.#done = true;
    this.#key = '';
    return Math.max(0, micros - this.#micros);
  }
}
