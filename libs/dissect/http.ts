import { Exchanges } from './http-exchange.ts';
import { recogniseHttp } from './http-head.ts';
import { HttpSide } from './http-side.ts';
import { http2Handler } from './http2.ts';
import type { Sender } from './message.ts';
import type { StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { webSocketHandler } from './websocket.ts';

/** HTTP/1.0 and 1.1 (RFC 9112). Either side of the connection may send the requests: its bytes decide. */
export const http: StreamProtocol = {
  name: 'http',
  recognise: recogniseHttp,
  open: (session) => new HttpHandler(session),
};

class HttpHandler implements StreamHandler {
  readonly #session: StreamSession;
  readonly #exchanges: Exchanges;
  /** Created with their first bytes: many flows show only one direction, and most of them stay open for long. */
  #source: HttpSide | null = null;
  #destination: HttpSide | null = null;
  #upgraded: StreamHandler | null = null;

  constructor(session: StreamSession) {
    this.#session = session;
    this.#exchanges = new Exchanges(session);
  }

  get done(): boolean {
    return this.#upgraded === null ? this.#exchanges.upgradedTo !== '' : this.#upgraded.done;
  }

  get heldBytes(): number {
    if (this.#upgraded !== null) return this.#upgraded.heldBytes ?? 0;
    return (this.#source?.heldBytes ?? 0) + (this.#destination?.heldBytes ?? 0) + this.#exchanges.heldBytes;
  }

  data(sender: Sender): void {
    if (this.#upgraded !== null) {
      this.#upgraded.data(sender);
      return;
    }
    this.#side(sender).read();
    if (this.#exchanges.upgradedTo !== '') this.#upgrade();
  }

  gap(sender: Sender, missing: number): void {
    if (this.#upgraded !== null) this.#upgraded.gap(sender, missing);
    else this.#side(sender).gap(missing);
  }

  end(): void {
    if (this.#upgraded !== null) {
      this.#upgraded.end();
      return;
    }
    this.#source?.end();
    this.#destination?.end();
  }

  #side(sender: Sender): HttpSide {
    if (sender === 'source') return (this.#source ??= new HttpSide(this.#session, this.#exchanges, sender));
    return (this.#destination ??= new HttpSide(this.#session, this.#exchanges, sender));
  }

  /** The connection continues in another protocol (RFC 9110, section 7.8). */
  #upgrade(): void {
    const protocol = this.#exchanges.upgradedTo;
    if (protocol === 'websocket') this.#upgraded = webSocketHandler(this.#session);
    if (protocol === 'h2c') this.#upgraded = http2Handler(this.#session);
    if (this.#upgraded === null) return;
    this.#upgraded.data('source');
    this.#upgraded.data('destination');
  }
}
