import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { StoreError, type FindingSummary, type Store, type StoredRecord } from '#store';
import { run, temporaryStore } from '../../libs/store/testing.ts';
import { overSeveral, serveReview, stories, story, type Story } from './testing.ts';

type Parameter = readonly [string, string];
type Answer = { findings: StoredRecord[]; offset: number; limit: number };

async function serve(told: readonly Story[]) {
  const temporary = await temporaryStore();
  await temporary.store.write(told.flatMap(({ records }) => records), told.map(({ finding }) => finding));
  const review = await serveReview(temporary.store);
  return {
    path: temporary.path,
    url: review.url,
    get: async <T>(path: string, parameters: readonly Parameter[] = []): Promise<T> => {
      const response = await fetch(`${review.url}/api/${path}?${new URLSearchParams([...parameters] as [string, string][])}`);
      assert.equal(response.status, 200, await response.clone().text());
      return response.json() as Promise<T>;
    },
    status: async (path: string): Promise<[number, string]> => {
      const response = await fetch(`${review.url}/${path}`);
      return [response.status, await response.text()];
    },
    async [Symbol.asyncDispose]() {
      await review[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

test('each filter gives what the same filter over the records gives', async () => {
  const told = stories(160);
  await using review = await serve(told);
  const all = told.map(({ finding }) => finding);
  const middle = '2020-04-02T10:00:00.000Z';
  const cases: [Parameter[], (finding: (typeof all)[number]) => boolean][] = [
    [[], () => true],
    [[['level', 'high'], ['level', 'critical']], (each) => ['high', 'critical'].includes(each['event.severity_name'])],
    [[['verdict', 'indeterminate']], (each) => each['telltale.verdict'] === 'indeterminate'],
    [[['kind', 'room_id']], (each) => each['telltale.observable.kind'] === 'room_id'],
    [[['kind', '']], (each) => each['telltale.observable.kind'] === ''],
    [[['country', '']], (each) => each['telltale.peer.located'] === ''],
    [[['country', 'CN'], ['service', 'meeting']], (each) => each['telltale.peer.located'] === 'CN' && each['telltale.service'] === 'meeting'],
    [[['rule', 'User id in clear']], (each) => each['rule.id'] === 'User id in clear'],
    [[['subject', '10.20.0.14']], (each) => each['telltale.subject.ip'] === '10.20.0.14'],
    [[['token', all[0]!['telltale.observable.token']]], (each) => each['telltale.observable.token'] === all[0]!['telltale.observable.token']],
    [[['flow', all[5]!['telltale.flow.id']]], (each) => each['telltale.flow.id'] === all[5]!['telltale.flow.id']],
    [[['text', 'BEIspiel netz']], (each) => each['destination.as.organization.name'] === 'Beispiel Netz GmbH'],
    [[['from', middle]], (each) => each['@timestamp'] >= Date.parse(middle) * 1000],
    [[['to', middle]], (each) => each['@timestamp'] < Date.parse(middle) * 1000],
  ];
  for (const [parameters, fits] of cases) {
    const expected = all.filter(fits);
    const ids: unknown[] = [];
    for (let page = 1; page <= 2; page++)
      ids.push(...(await review.get<Answer>('findings', [...parameters, ['page', String(page)]])).findings.map((each) => each['event.id']));
    assert.deepEqual(
      ids,
      expected.sort((a, b) => b['@timestamp'] - a['@timestamp']).map((each) => each['event.id']),
      JSON.stringify(parameters),
    );
    assert.ok(ids.length > 0);
    const summary = await review.get<FindingSummary>('summary', parameters);
    assert.equal(summary.findings, expected.length);
    assert.equal(summary.subjects, new Set(expected.map((each) => each['telltale.subject.ip'])).size);
    assert.equal(summary.histogram.buckets.flat().reduce((sum, count) => sum + count, 0), expected.length);
    assert.ok(summary.histogram.buckets.length <= 60);
  }
});

test('a facet counts under all conditions but its own', async () => {
  const told = stories(80);
  await using review = await serve(told);
  const { facets } = await review.get<FindingSummary>('summary', [['level', 'high'], ['country', 'CN']]);
  const count = (fits: (finding: Story['finding']) => boolean): number => told.filter(({ finding }) => fits(finding)).length;
  for (const { value, count: counted } of facets.level)
    assert.equal(
      counted,
      count((each) => each['telltale.peer.located'] === 'CN' && each['event.severity_name'] === value),
      value,
    );
  for (const { value, count: counted } of facets.country)
    assert.equal(
      counted,
      count((each) => each['event.severity_name'] === 'high' && each['telltale.peer.located'] === value),
      value,
    );
  assert.ok(facets.country.length > 1);
});

test('sorting goes by severity, not by its spelling', async () => {
  await using review = await serve(stories(40));
  const { findings } = await review.get<Answer>('findings', [['sort', 'level'], ['order', 'desc']]);
  const seen = [...new Set(findings.map((each) => each['event.severity_name']))];
  assert.deepEqual(seen, ['critical', 'high', 'medium', 'low', 'informational']);
});

test('a finding comes with its flow in order, with sums, and with its siblings', async () => {
  const [told] = stories(20);
  await using review = await serve(stories(20));
  const { finding, flow, siblings, tokenUse } = await review.get<{
    finding: StoredRecord;
    flow: { totals: Record<string, unknown>; records: StoredRecord[] };
    siblings: StoredRecord[];
    tokenUse: unknown;
  }>(`findings/${told!.finding['event.id']}`);
  const microseconds = (micros: number): string => new Date(micros / 1000).toISOString().replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`);
  for (const [name, value] of Object.entries(told!.finding)) {
    assert.deepEqual(finding[name], name === '@timestamp' || name === 'event.created' ? microseconds(value as number) : value, name);
  }
  assert.deepEqual(flow.records.map((each) => each['telltale.flow.sequence']), [0, 1, 2]);
  assert.deepEqual(flow.records[1]!['telltale.observables'], told!.records[1]!['telltale.observables']);
  assert.equal(flow.totals.destination_bytes, 480 + 3920 + 1_204_551);
  assert.equal(flow.totals.last, flow.records[2]!['@timestamp']);
  assert.deepEqual(siblings.map((each) => each['event.id']), [told!.finding['event.id']]);
  assert.notEqual(tokenUse, null);
});

test('a finding over several subjects has no flow, no siblings, and is no subject of its own', async () => {
  const told = story({ index: 1, level: 'high', rule: 'r', message: 'm', observable: { kind: 'room_id' } });
  const several = [told, overSeveral(told, 'two hosts'), overSeveral(story({ index: 2, level: 'high', rule: 'r', message: 'm' }), 'others')];
  several[2]!.finding['event.id'] = 'c0ffee2';
  await using review = await serve(several);
  const { flow, siblings, tokenUse } = await review.get<{ flow: unknown; siblings: unknown[]; tokenUse: unknown }>('findings/c0ffee');
  assert.equal(flow, null);
  assert.deepEqual(siblings, []);
  assert.deepEqual(tokenUse, { findings: 2, subjects: 1, peers: 1 });
  assert.equal((await review.get<FindingSummary>('summary')).subjects, 1);
});

test('hostile text in a filter is data', async () => {
  const hostile = `x' OR 1 = 1 -- \\' {level:String} \u0000 %_*\n"; DROP TABLE findings; <img src=x onerror=alert(1)>`;
  await using review = await serve([...stories(5), story({ index: 99, level: 'low', rule: 'r', message: `Says ${hostile}.` })]);
  for (const name of ['level', 'verdict', 'kind', 'country', 'service', 'rule', 'subject', 'token', 'flow']) {
    assert.equal((await review.get<FindingSummary>('summary', [[name, hostile]])).findings, 0, name);
    assert.deepEqual((await review.get<Answer>('findings', [[name, hostile]])).findings, [], name);
  }
  const { findings } = await review.get<Answer>('findings', [['text', hostile]]);
  assert.deepEqual(findings.map(({ message }) => message), [`Says ${hostile}.`]);
  assert.equal((await review.get<FindingSummary>('summary')).findings, 6);
  const [status] = await review.status(`api/findings/${encodeURIComponent(hostile)}`);
  assert.equal(status, 404);
});

test('a query that is not understood is refused by name', async () => {
  await using review = await serve([]);
  for (const [query, message] of [
    ['sort=message', /sort/],
    ['order=up', /order/],
    ['page=0', /page/],
    ['page=1e9', /page/],
    ['from=yesterday', /from/],
    ['to=9999-12-31T00:00:00Z', /to: .*2255/],
    ['from=0001-01-01T00:00:00Z', /from/],
    ['level[$ne]=x', /level\[\$ne\]/],
    ['colour=red', /colour/],
    [`text=${'x'.repeat(301)}`, /text/],
  ] as const) {
    const [status, body] = await review.status(`api/findings?${query}`);
    assert.equal(status, 400, query);
    assert.match((JSON.parse(body) as { message: string }).message, message);
  }
});

test('an empty store is an answer', async () => {
  await using review = await serve([]);
  assert.deepEqual((await review.get<Answer>('findings')).findings, []);
  const summary = await review.get<FindingSummary>('summary');
  assert.equal(summary.findings, 0);
  assert.deepEqual(summary.histogram.buckets, []);
});

test('a store that fails is a 503 that says so, without SQL', async () => {
  await using review = await serve(stories(2));
  await run(review.path, 'DROP TABLE findings');
  const [status, body] = await review.status('api/summary');
  assert.equal(status, 503);
  assert.match(body, /ClickHouse did not answer a query: UNKNOWN_TABLE/);
  assert.doesNotMatch(body, /SELECT|FROM/);
});

test('it answers only under its own names, and lets nothing in but its own files', async () => {
  await using review = await serve([]);
  const { port } = new URL(review.url);
  const statusFor = (host: string, path: string): Promise<number> => new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host } }, (response) => resolve(response.resume().statusCode!)).on('error', reject).end();
  });
  for (const path of ['/', '/page/review.js', '/api/findings', '/api/summary']) {
    assert.equal(await statusFor('rebound.example', path), 403);
    assert.equal(await statusFor('127.0.0.1.rebound.example:8080', path), 403);
    assert.equal(await statusFor(`localhost:${port}`, path), 200);
    assert.equal(await statusFor(`[::1]:${port}`, path), 200);
  }
  for (const path of ['page/nothing.js', 'page/..%2Freview.module.ts', 'page/%2e%2e/package.json'])
    assert.equal((await review.status(path))[0], 404, path);
  const page = await fetch(review.url);
  const policy = page.headers.get('content-security-policy')!;
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  // The link that the licence of the location table requires is followed by a person only, and loads nothing.
  const text = (await page.text()).replace('<a href="https://db-ip.com/" rel="noreferrer">', '');
  assert.doesNotMatch(text, /https?:\/\/|<style|style=|onclick|<script(?! type="module" src="page\/review.js")/);
});

test('who leaves before the answer is not answered: the store is told', async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const until = (signal: AbortSignal) => ({ ask: () => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new StoreError('query-failed', 'nobody waits')));
    asked.resolve(signal);
  }) });
  await using review = await serveReview({ until } as unknown as Store);
  const leaving = new AbortController();
  const answer = fetch(`${review.url}/api/summary`, { signal: leaving.signal });
  const signal = await asked.promise;
  assert.equal(signal.aborted, false);
  leaving.abort();
  await assert.rejects(answer, { name: 'AbortError' });
  if (!signal.aborted) await once(signal, 'abort');
});
