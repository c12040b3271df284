import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { IngestCounters, openLog, type LogEntry } from './ingest.ts';
import { fieldsOf, logSource, readLog, survivesDamage } from './testing/read-log.ts';
import { dictionary, writeTnetstring } from './testing/write-tnetstring.ts';
import type { Tnetstring } from './tnetstring.ts';

type Parts = Readonly<Record<string, Tnetstring>>;

const headers = (...pairs: [string, string][]): Tnetstring => pairs.map(([name, value]) => [Buffer.from(name), Buffer.from(value)]);

/** A flow of format 21, as mitmproxy 11 writes it; what is invented here are its values. */
function flow(request: Parts = {}, response: Parts | null = {}, more: Parts = {}): Buffer {
  return writeTnetstring(dictionary({
    version: 21, type: 'http', id: 'f-1', error: null,
    client_conn: dictionary({ id: 'c-1', peername: ['10.0.0.5', 51_000], timestamp_start: 1_714_564_799.5, tls: true }),
    server_conn: dictionary({ id: 's-1', address: ['api.example.org', 443], peername: ['198.51.100.7', 443], transport_protocol: 'tcp' }),
    request: dictionary({
      http_version: Buffer.from('HTTP/2.0'), headers: headers(['accept', '*/*']), content: Buffer.alloc(0), trailers: null,
      timestamp_start: 1_714_564_800.25, timestamp_end: 1_714_564_800.5,
      host: 'api.example.org', port: 443, method: Buffer.from('GET'), scheme: Buffer.from('https'),
      authority: Buffer.from('api.example.org'), path: Buffer.from('/'), ...request,
    }),
    response: response && dictionary({
      status_code: 200, reason: Buffer.from('OK'), headers: headers(), content: Buffer.alloc(0), timestamp_start: 1_714_564_801.5,
      ...response,
    }),
    websocket: null, ...more,
  }));
}

test('an exchange over TLS is visible to the inspection only; bodies are unpacked', () => {
  const { entries: [first], problems } = readLog('flows', flow(
    {
      method: Buffer.from('POST'), path: Buffer.from('/v1/users?uid=1840273651'),
      headers: headers(['content-type', 'application/json'], ['cookie', 'sid=s3ss10n']), content: Buffer.from('{"room":{"id":"M5kq"}}'),
    },
    { headers: headers(['content-type', 'application/json'], ['content-encoding', 'gzip']), content: gzipSync('{"token":"t0k"}') },
  ));
  assert.deepEqual(problems, []);
  assert.deepEqual([first!.visibility, first!.flowName, first!.line, first!.micros], ['inspected', 'c-1', 1, 1_714_564_800_250_000]);
  assert.deepEqual(first!.endpoints, {
    sourceIp: '10.0.0.5', sourcePort: 51_000, destinationIp: '198.51.100.7', destinationPort: 443, transport: 'tcp',
  });
  assert.deepEqual(first!.messages.map(({ encryption }) => encryption.verdict), ['encrypted', 'encrypted']);
  assert.equal(first!.messages[0]!.facts['url.domain'], 'api.example.org');
  const fields = fieldsOf(first!);
  for (const expected of [
    'url.query.uid=1840273651', 'http.request.header.cookie.sid=s3ss10n', 'http.request.body.json.room.id=M5kq',
    'http.response.body.json.token=t0k',
  ]) {
    assert.ok(fields.includes(expected), `${expected} in ${fields.join(' ')}`);
  }
});

test('endpoints: of older formats, of two IP versions, of a server that was not reached', () => {
  const ends = (more: Parts, request: Parts = {}): unknown[] => {
    const { entries: [one] } = readLog('flows', flow({ scheme: Buffer.from('http'), ...request }, null, more));
    return [one!.endpoints.sourceIp, one!.endpoints.destinationIp, one!.endpoints.destinationPort, one!.visibility];
  };
  const client = dictionary({ id: 'c', peername: ['::ffff:10.0.0.5', 51_000, 0, 0] });
  assert.deepEqual(ends({
    version: 9, client_conn: dictionary({ id: 'c', address: ['10.0.0.5', 1] }),
    server_conn: dictionary({ ip_address: ['192.0.2.9', 8080], address: ['x.example', 8080] }),
  }), ['10.0.0.5', '192.0.2.9', 8080, 'cleartext']);
  assert.deepEqual(ends({ client_conn: client }), ['10.0.0.5', '198.51.100.7', 443, 'cleartext']);
  assert.deepEqual(
    ends({ client_conn: client, server_conn: dictionary({ peername: ['2001:db8::9', 443, 0, 0] }) }),
    ['::', '2001:db8::9', 443, 'cleartext'],
  );
  assert.deepEqual(
    ends({ client_conn: client, server_conn: dictionary({ address: null, peername: null }) }, { port: 80 }),
    ['10.0.0.5', '0.0.0.0', 80, 'cleartext'],
  );
});

test('WebSocket frames, and bytes of a TCP connection', () => {
  const { entries: [socket, stream] } = readLog('flows', Buffer.concat([
    flow({}, { status_code: 101 }, {
      websocket: dictionary({
        messages: [
          [1, true, Buffer.from('{"uid":"7"}'), 1_714_564_802.5, false, false],
          [2, false, Buffer.from([0, 1, 2]), 1_714_564_803.5, false, false],
        ],
      }),
    }),
    flow({}, null, {
      type: 'tcp', request: null,
      messages: [[true, Buffer.from('USER bob\r\nPASS hunter22\r\n'), 1_714_564_802.5], [false, Buffer.from('+OK\r\n'), 1_714_564_803.5]],
    }),
  ]));
  assert.deepEqual(socket!.messages.slice(1).map(({ sender, payload, micros }) => [sender, payload!.toString('latin1'), micros]), [
    ['source', '{"uid":"7"}', 1_714_564_802_500_000], ['destination', '\x00\x01\x02', 1_714_564_803_500_000],
  ]);
  assert.deepEqual([stream!.visibility, stream!.micros, stream!.messages.length > 0], ['inspected', 1_714_564_799_500_000, true]);
});

test('DNS, datagrams, and WebSockets that are flows of their own', () => {
  const question = dictionary({ name: 'bob-phone.example.org', type: 1, class_: 1 });
  const dns = (more: Parts): Tnetstring => dictionary({
    timestamp: 1_714_564_802.5, id: 7, query: true, questions: [question], answers: [], ...more,
  });
  const resolver = dictionary({ address: ['192.0.2.53', 53], peername: ['192.0.2.53', 53], transport_protocol: 'udp' });
  const phone = dictionary({ id: 'c-2', peername: ['10.0.0.5', 51_000], timestamp_start: 1_714_564_799.5, tls: false, transport_protocol: 'udp' });
  const { entries: [asked, told, old], problems, counters } = readLog('flows', Buffer.concat([
    flow({}, null, {
      type: 'dns', client_conn: phone, server_conn: resolver, request: dns({}),
      response: dns({
        query: false,
        answers: [dictionary({ name: 'bob-phone.example.org', type: 1, class_: 1, ttl: 60, data: Buffer.from([198, 51, 100, 7]) })],
      }),
    }),
    flow({}, null, {
      type: 'udp', client_conn: phone, server_conn: resolver, request: null,
      messages: [[true, Buffer.from('{"uid":"1840273651"}'), 1_714_564_802.5]],
    }),
    flow({}, null, { version: 6, type: 'websocket', request: null, messages: [[1, true, Buffer.from('{"uid":"7"}'), 1_714_564_802.5, false]] }),
  ]));
  assert.deepEqual([problems, [...counters.reasons()]], [[], []]);
  assert.deepEqual(asked!.endpoints, {
    sourceIp: '10.0.0.5', sourcePort: 51_000, destinationIp: '192.0.2.53', destinationPort: 53, transport: 'udp',
  });
  assert.deepEqual([asked!.visibility, asked!.micros], ['cleartext', 1_714_564_802_500_000]);
  assert.deepEqual(asked!.messages.map(({ facts }) => [facts['dns.question.name'], facts['dns.question.type'], facts['dns.resolved_ip']]), [
    ['bob-phone.example.org', 'A', undefined], ['bob-phone.example.org', 'A', ['198.51.100.7']],
  ]);
  assert.deepEqual(asked!.messages[1]!.resolution, { name: 'bob-phone.example.org', addresses: ['198.51.100.7'], aliases: [], ttl: 60 });
  assert.deepEqual([told!.endpoints.transport, told!.messages[0]!.payload!.toString()], ['udp', '{"uid":"1840273651"}']);
  assert.deepEqual([old!.visibility, old!.messages[0]!.protocol, old!.messages[0]!.payload!.toString()], ['inspected', 'websocket', '{"uid":"7"}']);
});

test('TLS that the proxy let pass is encrypted, not cleartext', () => {
  const hello = Buffer.from(`160301002f0100002b0303${'ab'.repeat(32)}000002130101000000`, 'hex');
  const { entries: [passed] } = readLog('flows', flow({}, null, {
    type: 'tcp', client_conn: dictionary({ id: 'c', peername: ['10.0.0.5', 51_000], timestamp_start: 1_714_564_799.5, tls: false }),
    request: null, messages: [[true, hello, 1_714_564_802.5]],
  }));
  assert.deepEqual(passed!.messages.map(({ protocol, encryption }) => [protocol, encryption.verdict]), [['tls', 'encrypted']]);
});

test('a flow that cannot be used is counted with its number and costs only itself', () => {
  const damaged = flow();
  damaged[damaged.indexOf('request') - 3] = 0x78;
  const { entries, problems, counters } = readLog('flows', Buffer.concat([
    damaged, flow({}, {}, { version: [2, 0] }), flow({ timestamp_start: null }), flow({}, {}, { type: 'future' }),
    flow({}, {}, { version: 99 }), flow().subarray(0, -9),
  ]));
  assert.deepEqual(entries.map(({ line }) => line), [5]);
  assert.deepEqual(problems.map(({ line, reason }) => [line, reason]), [
    [1, 'malformed flow'], [2, 'flow format older than 4'], [3, 'timestamp_start missing or malformed'], [6, 'cut flow'],
  ]);
  assert.deepEqual([counters.get('mitmproxy', 'flows of a type that is not read'), counters.get('mitmproxy', 'flow format newer than 21')], [1, 1]);
  assert.deepEqual(
    readLog('flows', Buffer.concat([flow(), Buffer.from('x'), flow()])).problems.map(({ line, reason }) => [line, reason]),
    [[2, 'not a flow file from here on']],
  );
});

test('a flow over the bound is passed over without being held', () => {
  const entries: LogEntry[] = [];
  const counters = new IngestCounters();
  const reader = openLog(flow(), logSource('flows', (entry) => entries.push(entry), counters))!;
  reader.push(flow());
  const part = Buffer.alloc(1 << 20);
  reader.push(Buffer.from(`${80 * part.length}:`));
  const before = process.memoryUsage().arrayBuffers;
  for (let parts = 0; parts < 80; parts++) reader.push(part);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * part.length);
  assert.deepEqual(reader.mark!(), { unread: 80 * part.length + `${80 * part.length}:`.length, line: 1, head: '' });
  reader.push(Buffer.from('}'));
  reader.push(flow());
  reader.finish();
  assert.deepEqual(entries.map(({ line }) => line), [1, 3]);
  assert.deepEqual(counters.takeLocated().map(({ line, reason }) => [line, reason]), [[2, 'flow too long']]);
});

test('any chunks give the same entries, and reading goes on behind a mark', () => {
  const file = Buffer.concat([flow({ path: Buffer.from('/a') }), flow({ path: Buffer.from('/b') }), flow({ path: Buffer.from('/c') })]);
  const paths = ({ entries }: { entries: readonly LogEntry[] }): unknown[] => entries.map(
    ({ line, messages }) => [line, messages[0]!.facts['url.path']],
  );
  for (const chunk of [1, 7, 100, 4096]) assert.deepEqual(paths(readLog('flows', file, chunk)), [[1, '/a'], [2, '/b'], [3, '/c']]);

  const entries: LogEntry[] = [];
  const source = logSource('flows', (entry) => entries.push(entry));
  const first = openLog(file, source)!;
  first.push(file.subarray(0, file.length - 20));
  const { unread, ...mark } = first.mark!();
  const second = openLog(file, source, mark)!;
  second.push(file.subarray(file.length - 20 - unread));
  assert.deepEqual(paths({ entries }), [[1, '/a'], [2, '/b'], [3, '/c']]);
});

test('damaged flows are survived', () => {
  const dns = dictionary({ questions: [dictionary({ name: 'a.example', type: 1, class_: 1 })], answers: [] });
  survivesDamage(
    [
      flow({ content: Buffer.from('a=b') }), Buffer.concat([flow(), flow({}, null)]),
      flow({ timestamp: 1 }, null, { type: 'dns', response: dns }),
    ],
    5000,
  );
});
