import { Exchanges } from './http-exchange.ts';
import { recogniseHttp } from './http-head.ts';
import { HttpSide } from './http-side.ts';
import { http2Handler } from './http2.ts';
import type { Sender } from './message.ts';
import type { StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { webSocketHandler } from './websocket.ts';

/** HTTP/1.0 and 1.1 (RFC 9112). Either side of the connection may send the requests: its bytes tell. */
export const http: StreamProtocol = {
  name: 'http',
  recognise: recogniseHttp,
  open: (session) => new HttpHandler(session),
};

class HttpHandler implements StreamHandler {
  readonly #session: StreamSession;
  readonly #exchanges: Exchanges;
  readonly #sides: Record<Sender, HttpSide>;
  #upgraded: StreamHandler | null = null;

  constructor(session: StreamSession) {
    this.#session = session;
    this.#exchanges = new Exchanges(session.options.maxPipelined, session.counters);
    this.#sides = { source: new HttpSide(session, this.#exchanges, 'source'), destination: new HttpSide(session, this.#exchanges, 'destination') };
  }

  get done(): boolean {
    return this.#upgraded === null ? this.#exchanges.upgradedTo !== '' : this.#upgraded.done;
  }

  data(sender: Sender): void {
    if (this.#upgraded !== null) {
      this.#upgraded.data(sender);
      return;
    }
    this.#sides[sender].read();
    if (this.#exchanges.upgradedTo !== '') this.#upgrade();
  }

  gap(sender: Sender, missing: number): void {
    if (this.#upgraded !== null) this.#upgraded.gap(sender, missing);
    else this.#sides[sender].gap(missing);
  }

  end(): void {
    if (this.#upgraded !== null) {
      this.#upgraded.end();
      return;
    }
    this.#sides.source.end();
    this.#sides.destination.end();
  }

  /** The connection goes on in another protocol (RFC 9110, section 7.8). */
  #upgrade(): void {
    const protocol = this.#exchanges.upgradedTo;
    if (protocol === 'websocket') this.#upgraded = webSocketHandler(this.#session);
    if (protocol === 'h2c') this.#upgraded = http2Handler(this.#session);
    if (this.#upgraded === null) return;
    this.#upgraded.data('source');
    this.#upgraded.data('destination');
  }
}
