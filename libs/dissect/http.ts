import { Exchanges } from './http-exchange.ts';
import { recogniseHttp } from './http-head.ts';
import { HttpSide } from './http-side.ts';
import type { Sender } from './message.ts';
import type { StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';

/** HTTP/1.0 and 1.1 (RFC 9112). Either side of the connection may send the requests: its bytes tell. */
export const http: StreamProtocol = {
  name: 'http',
  recognise: recogniseHttp,
  open: (session) => new HttpHandler(session),
};

class HttpHandler implements StreamHandler {
  readonly #exchanges: Exchanges;
  readonly #sides: Record<Sender, HttpSide>;

  constructor(session: StreamSession) {
    this.#exchanges = new Exchanges(session.options.maxPipelined, session.counters);
    this.#sides = { source: new HttpSide(session, this.#exchanges, 'source'), destination: new HttpSide(session, this.#exchanges, 'destination') };
  }

  get done(): boolean {
    return this.#exchanges.upgraded;
  }

  data(sender: Sender): void {
    this.#sides[sender].read();
  }

  gap(sender: Sender, missing: number): void {
    this.#sides[sender].gap(missing);
  }

  end(): void {
    this.#sides.source.end();
    this.#sides.destination.end();
  }
}
