import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { buildDashboards } from './dashboards.ts';
import { publishDashboard, PublishError, publishRequest } from './publish.ts';

const overview = buildDashboards()['overview.json'] ?? '';
const token = 'glsa_planted-token';

let server: Server;
let url: string;
const received: {
  path: string | undefined;
  authorization: string | undefined;
  body: { dashboard: { uid: string; id: null }; overwrite: boolean };
}[] = [];
let answer = { status: 200, body: { url: '/d/telltale-overview/telltale-overview' } as object };

before(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        path: request.url,
        authorization: request.headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
after(() => server.close());

test('creates or replaces the dashboard by its uid', async () => {
  assert.equal(
    await publishDashboard('overview.json', overview, { url: `${url}/grafana/`, token }),
    '/d/telltale-overview/telltale-overview',
  );
  const [request] = received;
  assert.equal(request?.path, '/grafana/api/dashboards/db');
  assert.equal(request?.authorization, `Bearer ${token}`);
  assert.equal(request?.body.overwrite, true);
  assert.equal(request?.body.dashboard.uid, 'telltale-overview');
  assert.equal(request?.body.dashboard.id, null, 'an id would belong to another Grafana');
});

test('sets folder and review page', async () => {
  const body = (await publishRequest(overview, { url, token, folderUid: 'soc', reviewUrl: 'https://telltale.example/' }).json()) as {
    folderUid: string;
    dashboard: { templating: { list: { name: string; query: unknown }[] } };
  };
  assert.equal(body.folderUid, 'soc');
  assert.equal(body.dashboard.templating.list.find(({ name }) => name === 'review')?.query, 'https://telltale.example');
});

test('says what Grafana refused and what to do, without the token', async () => {
  answer = { status: 403, body: { message: 'Access denied' } };
  await assert.rejects(publishDashboard('overview.json', overview, { url, token }), (error: PublishError) => {
    assert.match(error.message, /overview\.json.*403.*Access denied.*role Editor/);
    assert.doesNotMatch(error.message, /planted/);
    return error.code === 'DASHBOARD_PUBLISH';
  });
});

test('says when Grafana does not answer', async () => {
  await assert.rejects(publishDashboard('overview.json', overview, { url: 'http://127.0.0.1:1', token }), /does not answer/);
});
