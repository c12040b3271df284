/** mitmproxy itself writes the flows: `TELLTALE_TEST_MITMDUMP` names its mitmdump, else it is searched in the PATH. Traffic is on loopback only. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, request, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, request as secureRequest } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { FlowRecord } from '#flow';
import { temporaryFolder } from '../../test/support/folder.ts';
import { freePort } from '../../test/support/port.ts';
import { until } from '../../test/support/until.ts';
import { createPipeline } from './create.ts';
import { replayCapture } from './replay.ts';

const mitmdump = process.env['TELLTALE_TEST_MITMDUMP'] ?? 'mitmdump';
const isThere = spawnSync(mitmdump, ['--version']).status === 0 && spawnSync('openssl', ['version']).status === 0;
const user = '1840273651';
const room = 'M5kqPz7XvQ2d';
const token = 'qx7Lw0VtB3nR9sKe';

test('what mitmdump writes is read: addresses, visibility, headers and bodies', { skip: !isThere && 'no mitmdump, or no openssl, on this machine' }, async () => {
  await using folder = await temporaryFolder('mitmproxy');
  const file = path.join(folder.path, 'flows');
  const answer: RequestListener = (_, response) => {
    const body = gzipSync(JSON.stringify({ room_id: room }));
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', 'Set-Cookie': `session=${token}` }).end(body);
  };
  const clear = createHttpServer(answer);
  const secure = createHttpsServer(selfSigned(folder.path), answer);
  const ports = await Promise.all([clear, secure].map(listen));
  const proxyPort = await freePort();
  const proxy = spawn(
    mitmdump,
    [
      '--mode', 'regular', '--listen-host', '127.0.0.1', '-p', String(proxyPort), '--ssl-insecure', '-w', file, '--set',
      `confdir=${folder.path}`,
    ],
    { stdio: 'ignore' },
  );
  try {
    await until('mitmdump to listen', async () => fetch(`http://127.0.0.1:${proxyPort}/`).then(() => true, () => false));
    await throughProxy(proxyPort, `http://127.0.0.1:${ports[0]}/v1/join?uid=${user}`);
    await throughProxy(proxyPort, `https://127.0.0.1:${ports[1]}/v1/join?uid=${user}`);
  } finally {
    proxy.kill('SIGTERM');
    await once(proxy, 'exit');
    for (const server of [clear, secure]) server.close();
  }

  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), monitoredNetworks: ['127.0.0.0/8'] });
  const records: FlowRecord[] = [];
  await replayCapture({ path: file, name: 'flows', size: 0, found: false }, { pipeline, send: async (batch) => void records.push(...batch) });
  assert.deepEqual(pipeline.entries.counters.takeLocated(), []);
  const isOurs = (record: FlowRecord): boolean => ports.includes(record['destination.port']);
  const requests = records.filter((record) => isOurs(record) && record['url.path'] === '/v1/join');
  assert.deepEqual(requests.map((record) => [
    record['source.ip'], record['destination.ip'], record['destination.port'], record['http.request.method'], record['url.query'],
    record['telltale.encryption.verdict'],
    record['telltale.observables'].find(({ kind }) => kind === 'user_id')?.visibility,
  ]), [
    ['127.0.0.1', '127.0.0.1', ports[0], 'GET', 'uid={user_id}', 'cleartext', 'cleartext'],
    ['127.0.0.1', '127.0.0.1', ports[1], 'GET', 'uid={user_id}', 'encrypted', 'inspected'],
  ]);
  const kinds = records.filter(isOurs).flatMap((record) => record['telltale.observables'].map(({ kind, path: place }) => `${kind} ${place}`));
  assert.equal(kinds.filter((one) => one === 'room_id http.response.body.json.room_id').length, 2, kinds.join(', '));
  assert.equal(kinds.filter((one) => one.includes('http.response.header.set-cookie')).length, 2, kinds.join(', '));
  for (const value of [user, room, token]) assert.ok(!JSON.stringify(records).includes(value), value);
  assert.ok((await readFile(file)).includes(user));
});

function selfSigned(folder: string): { key: Buffer; cert: Buffer } {
  const make = spawnSync(
    'openssl',
    [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
      '-keyout', '-', '-out', '-',
    ],
    { cwd: folder },
  );
  assert.equal(make.status, 0, String(make.stderr));
  return { key: make.stdout, cert: make.stdout };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** A request through the proxy, as a browser sends it. */
async function throughProxy(port: number, url: string): Promise<void> {
  const { protocol, host } = new URL(url);
  if (protocol === 'http:') return finished(request({ host: '127.0.0.1', port, path: url, headers: { host } }).end());
  const [, socket] = await once(request({ host: '127.0.0.1', port, method: 'CONNECT', path: host }).end(), 'connect') as [IncomingMessage, Socket];
  const secured = connect({ socket, rejectUnauthorized: false });
  await once(secured, 'secureConnect');
  await finished(secureRequest(url, { createConnection: () => secured }).end());
}

async function finished(sent: ReturnType<typeof request>): Promise<void> {
  const [response] = await once(sent, 'response') as [IncomingMessage];
  response.resume();
  await once(response, 'end');
}
