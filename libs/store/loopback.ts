import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { openEmbedded } from './embedded.ts';

export interface LoopbackServer extends AsyncDisposable {
  readonly url: string;
  /** The first line of each statement, in order of arrival. */
  readonly statements: string[];
  /**
   * Answers to give to the next requests in place of ClickHouse's; `drop` closes the connection after the statement was executed, `none`
   * leaves the answer alone.
   */
  readonly faults: ({ readonly status: number; readonly body: string } | 'drop' | 'none')[];
}

/**
 * ClickHouse's HTTP interface (https://clickhouse.com/docs/interfaces/http) as far as the client uses it, in front of the embedded engine:
 * the statement in the body, or in `query` with the data in the body; `param_*`; errors as status 500 with the exception as text.
 * It shows that the store speaks the protocol through the real client. It is not a server: authentication, compression, sessions,
 * replication and a server's own settings are not exercised.
 */
export async function serveLoopback(path: string): Promise<LoopbackServer> {
  const { client: engine } = await openEmbedded(path);
  const statements: string[] = [];
  const faults: LoopbackServer['faults'] = [];
  /** The engine has one session, so that no statement may come between another and its preceding USE. */
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    turn = turn.then(() => answer(request, response)).catch((error: unknown) => {
      const { code, message, type } = error as { code?: string; message: string; type?: string };
      response.writeHead(500, { 'content-type': 'text/plain', 'x-clickhouse-exception-code': String(code) });
      response.end(`Code: ${code}. DB::Exception: ${message} (${type}) (version 26.7.2.1)\n`);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parameters = new URL(request.url!, 'http://loopback').searchParams;
    const body = await buffer(request);
    const inQuery = parameters.get('query');
    const query = inQuery ?? body.toString();
    statements.push(query.trim().split('\n', 1)[0]!);
    const fault = faults.shift();
    if (typeof fault === 'object') {
      response.writeHead(fault.status, { 'content-type': 'text/plain' });
      response.end(fault.body);
      return;
    }
    await engine.command({ query: `USE ${parameters.get('database') ?? 'default'}` });
    const query_params = Object.fromEntries(
      [...parameters].filter(([name]) => name.startsWith('param_')).map(([name, value]) => [name.slice('param_'.length), parameter(value)]),
    );
    const { stream } = await engine.exec({
      query,
      query_params,
      ...(inQuery === null ? {} : { values: Readable.from([body], { objectMode: false }) }),
    });
    const result = await buffer(stream);
    if (fault === 'drop') {
      request.socket.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(result);
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statements,
    faults,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await engine.close();
    },
  };
}

/** Parses a parameter. They are sent as text, escaped as in TSV, lists as `['…', …]`; the embedded engine's client writes that text itself. */
function parameter(text: string): unknown {
  if (!text.startsWith('[')) return unescaped(text);
  if (!text.includes("'")) return text === '[]' ? [] : text.slice(1, -1).split(',').map(Number);
  return [...text.matchAll(/'((?:\\.|[^'\\])*)'/gs)].map(([, element]) => unescaped(element!));
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, character: string) => ({ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' })[character] ?? character);
}
