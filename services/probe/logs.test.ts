import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FlowRecord } from '#flow';
import { listCaptures } from './captures.ts';
import { createPipeline } from './create.ts';
import type { ProbePipeline } from './pipeline.ts';
import { replayCapture } from './replay.ts';

const user = '1840273651';
const mail = 'jane.roe@corp.example';
const flow = { uid: 'CHhAvVGS1DHFjwGM9', 'id.orig_h': '10.0.0.5', 'id.orig_p': 51000, 'id.resp_h': '198.51.100.7', 'id.resp_p': 80 };
const dns = JSON.stringify({
  _path: 'dns', ts: 1_700_000_000.1, uid: 'C2', 'id.orig_h': '10.0.0.5', 'id.orig_p': 5353, 'id.resp_h': '10.0.0.1', 'id.resp_p': 53,
  proto: 'udp', query: 'api.example.org', qtype_name: 'A', answers: ['198.51.100.7'], TTLs: [60],
});
const http = [
  {
    _path: 'http',
    ts: 1_700_000_001.5,
    ...flow,
    method: 'GET',
    host: 'api.example.org',
    uri: `/users/${user}/rooms?uid=${user}`,
    user_agent: `app ${user}`,
    status_code: 200,
  },
  { _path: 'http', ts: 1_700_000_002.5, ...flow, method: 'GET', host: 'api.example.org', uri: `/mail?to=${mail}` },
].map((row) => JSON.stringify(row)).join('\n');
const conn = JSON.stringify({
  _path: 'conn', ts: 1_700_000_001.25, ...flow, proto: 'tcp', service: 'http', duration: 2.5, orig_ip_bytes: 900, orig_pkts: 7,
  resp_ip_bytes: 5000, resp_pkts: 6,
});

/** Reads files with these contents, in this order. */
async function read(files: Record<string, string | Buffer>): Promise<{ records: FlowRecord[]; pipeline: ProbePipeline }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'telltale-logs-'));
  try {
    const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 1), observer: 'test' });
    const records: FlowRecord[] = [];
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
    const { inputs } = await listCaptures(Object.keys(files).map((name) => path.join(folder, name)));
    for (const input of inputs) await replayCapture(input, { pipeline, send: async (batch) => void records.push(...batch) });
    return { records, pipeline };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('logs become records like those of captures, with file and line', async () => {
  const { records } = await read({ 'dns.log': dns, 'http.pcap': `${http}\n`, 'conn.log.gz': gzipSync(conn) });
  assert.deepEqual(
    records.map((record) => [
      record['telltale.evidence.file'], record['telltale.evidence.line'], record['telltale.evidence.frame'], record['telltale.flow.state'],
      record['telltale.flow.sequence'],
    ]),
    [['dns.log', 1, 0, 'first', 0], ['http.pcap', 1, 0, 'first', 0], ['http.pcap', 2, 0, 'update', 1], ['conn.log.gz', 1, 0, 'end', 2]],
  );
  const [, request, , end] = records;
  assert.deepEqual(
    request!['telltale.observables'].map(({ kind, path: place, visibility, frame }) => [kind, place, visibility, frame]),
    [['user_id', 'url.path', 'cleartext', 0]],
  );
  assert.deepEqual([request!['url.path'], request!['url.query'], request!['user_agent.original']], [
    '/users/{user_id}/rooms', 'uid={user_id}', 'app {user_id}',
  ]);
  assert.deepEqual([request!['telltale.subject.ip'], request!['telltale.peer.ip'], request!['destination.domain']], [
    '10.0.0.5', '198.51.100.7', 'api.example.org',
  ]);
  assert.deepEqual(
    [
      end!['source.bytes'], end!['source.packets'], end!['destination.bytes'], end!['destination.packets'], end!['network.protocol'],
      end!['destination.domain'],
    ],
    [900, 7, 5000, 6, 'http', 'api.example.org'],
  );
  assert.equal(new Set([request, records[2], end].map((record) => record!['telltale.flow.id'])).size, 1);
  assert.match(request!['network.community_id'], /^1:/);
});

test('no raw identifier is on a record', async () => {
  const { records } = await read({ 'http.log': http, 'conn.log': conn });
  for (const value of [user, mail]) assert.ok(!JSON.stringify(records).includes(value), value);
});

test('reading again, in another order and cut elsewhere, gives the same ids and sorting keys', async () => {
  const [one, two] = http.split('\n');
  const keys = (records: FlowRecord[]): string[] =>
    records.map((record) => `${record['event.id']} ${record['telltale.flow.id']} ${record['event.start']}`).toSorted();
  const whole = keys((await read({ 'dns.log': dns, 'http.log': http, 'conn.log': conn })).records);
  const parts = keys((await read({ 'conn.log': conn, 'http.2.log': two!, 'http.1.log': one!, 'dns.log': dns })).records);
  assert.deepEqual(parts, whole);
  assert.equal(new Set(whole).size, 4);
});

test('what only the inspection can read is marked so', async () => {
  const { records } = await read({ 'proxy.har': JSON.stringify({ log: { version: '1.2', entries: [{
    startedDateTime: '2024-05-01T12:00:00Z', serverIPAddress: '198.51.100.7',
    request: { method: 'GET', url: `https://api.example.org/join?uid=${user}`, headers: [] },
    response: { status: 200, headers: [], content: {} },
  }] } }) });
  assert.deepEqual(
    records.map((record) => [
      record['telltale.encryption.verdict'], record['telltale.encryption.reason'],
      record['telltale.observables'].map(({ visibility }) => visibility),
    ]),
    [['encrypted', 'TLS, inspected', ['inspected']]],
  );
});

test('a line that cannot be used is told by file and line, without its content', async () => {
  const { records, pipeline } = await read({ 'http.log': `${http}\n{"uid": "${user}\n` });
  assert.equal(records.length, 2);
  assert.deepEqual(pipeline.entries.counters.takeLocated(), [{ file: 'http.log', line: 3, source: 'json', reason: 'not a JSON object' }]);
});
