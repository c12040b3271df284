import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * An HTTP proxy that can hold back answers: the server has executed the request, but the client does not know. A client that is killed at
 * that moment leaves the worst case for whoever takes over its work.
 */
export class Gate implements AsyncDisposable {
  /** Answers to requests with these words are held back while the gate is closed. */
  readonly #words: string;
  readonly #target: URL;
  readonly #server = createServer((request, response) => void this.#pass(request, response));
  #open: Promise<void> = Promise.resolve();
  #release: () => void = () => {};
  #isClosed = false;
  /** How many more answers pass before the gate closes. */
  #passes = 0;
  /** How many answers are being held back. */
  held = 0;

  private constructor(target: string, words: string) {
    this.#target = new URL(target);
    this.#words = words;
  }

  static async before(target: string, words: string): Promise<Gate> {
    const gate = new Gate(target, words);
    await once(gate.#server.listen(0, '127.0.0.1'), 'listening');
    return gate;
  }

  /** Address of the gate, with the credentials of what is behind it. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Holds back answers after `passes` more of them. */
  close(passes: number): void {
    this.#isClosed = true;
    this.#passes = passes;
    this.#open = new Promise((resolve) => { this.#release = resolve; });
  }

  open(): void {
    this.#isClosed = false;
    this.#release();
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await buffer(request);
      const { hostname, port } = this.#target;
      const asked = forward({ hostname, port, path: request.url, method: request.method, headers: request.headers }).end(body);
      const [answer] = await once(asked, 'response') as [IncomingMessage];
      const answered = await buffer(answer);
      const isConcerned = decodeURIComponent(request.url!.replaceAll('+', ' ')).includes(this.#words) || body.includes(this.#words);
      if (isConcerned && this.#isClosed && this.#passes-- <= 0) {
        this.held++;
        await this.#open;
        this.held--;
      }
      response.writeHead(answer.statusCode!, answer.headers).end(answered);
    } catch {
      response.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
