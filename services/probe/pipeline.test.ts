import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CaptureBuilder, CaptureReader, PacketView, type TcpConversation, dnsAnswer, dnsQuery, httpRequest, httpResponse, tlsClientHello,
} from '#capture';
import type { FlowRecord } from '#flow';
import { probeCapture } from '../../test/support/scan.ts';
import { createPipeline } from './create.ts';
import type { ProbePipeline } from './pipeline.ts';
import { defaultTables } from './tables.ts';

const at = 1_780_000_000_000_000;
const client = { ip: '10.1.1.1', port: 40_000 };
const server = { ip: '93.184.215.14', port: 80 };
const resolver = { ip: '9.9.9.9', port: 53 };

function probe(build: (builder: CaptureBuilder) => void): { records: FlowRecord[]; kinds: string[] } {
  const builder = new CaptureBuilder();
  build(builder);
  const { records, recognised } = probeCapture(builder.pcap());
  return { records, kinds: recognised.map(({ observable }) => observable.kind) };
}

function resolveName(builder: CaptureBuilder, name: string): void {
  builder.udp({ client: { ...client, port: 40_053 }, server: resolver, at })
    .send(dnsQuery(1, name))
    .receive(dnsAnswer(1, name, 'A', [{ name, type: 'A', ttl: 60, data: server.ip }]));
}

function assertNowhere(value: string, records: readonly FlowRecord[]): void {
  for (const record of records) {
    for (const [name, content] of Object.entries(record)) {
      assert.ok(!JSON.stringify(content).toLowerCase().includes(value.toLowerCase()), `${value} stands in ${name}: ${JSON.stringify(content)}`);
    }
  }
}

test('what was recognised once is redacted on all later records of the flow, wherever it stands', () => {
  const user = 'qwx77812kk';
  const { records, kinds } = probe((builder) => builder.tcp({ client, server, at }).handshake()
    .send(
      httpRequest('GET', `/a/${user}?uid=${user}`, { Host: `${user}.example.org`, 'User-Agent': `App (${user})` }),
    ).receive(httpResponse('200 OK'))
    .send(httpRequest('GET', `/b/${user.toUpperCase()}`, { Host: `${user}.example.org`, 'User-Agent': user })).receive(httpResponse('200 OK'))
    .close());
  assert.deepEqual(kinds, ['user_id']);
  assertNowhere(user, records);
  const [first, , second] = records.filter((record) => record['network.protocol'] === 'http');
  assert.equal(first!['url.query'], 'uid={user_id}');
  assert.equal(second!['url.path'], '/b/{user_id}');
  assert.equal(second!['destination.domain'], '{user_id}.example.org');
});

test('the name by which DNS knows the peer is redacted in a flow that shows the identifier in it', () => {
  const user = 'qwx77812kk';
  const { records } = probe((builder) => {
    resolveName(builder, `${user}.dev.example.org`);
    builder
      .udp({ client, server, at: at + 1_000_000 })
      .send(Buffer.from(`uid=${user}&cmd=join`))
      .receive(Buffer.from('welcome'))
      .send(Buffer.from('bye now'));
  });
  const flow = records.filter((record) => record['destination.ip'] === server.ip);
  assert.ok(flow.length >= 2);
  assert.equal(flow[0]!['destination.domain'], '{user_id}.dev.example.org');
  assertNowhere(user, flow);
});

test('an identifier in a name that DNS was asked for does not come back as the name of another flow', () => {
  const address = '3c-15-c2-9a-01-fe';
  const { records, kinds } = probe((builder) => {
    resolveName(builder, `${address}.dev.example.org`);
    builder.udp({ client, server, at: at + 1_000_000 }).send(Buffer.from('hello there'));
    builder
      .tcp({ client, server: { ...server, port: 443 }, at: at + 2_000_000 })
      .handshake()
      .send(tlsClientHello({ serverName: `${address}.dev.example.org` }))
      .close();
  });
  assert.ok(kinds.includes('mac'));
  assertNowhere(address, records);
  const [later] = records.filter((record) => record['network.protocol'] === 'udp');
  assert.equal(later!['destination.domain'], '{mac}.dev.example.org');
});

test('however many identifiers a connection has shown, the next ones are redacted too', () => {
  const users = Array.from({ length: 80 }, (_, index) => `qwx${10_000 + index * 77}kk`);
  const { records } = probe((builder) => {
    const connection = builder.tcp({ client, server, at }).handshake();
    for (const user of users) connection.send(httpRequest('GET', `/status?uid=${user}`, { Host: 'api.example.org' })).receive(httpResponse('200 OK'));
    connection.send(httpRequest('GET', `/last/${users.at(-1)}`, { Host: 'api.example.org' })).close();
  });
  for (const user of users) assertNowhere(user, records);
  assert.ok(records.some((record) => record['url.path'] === '/last/{user_id}'));
});

test('one message with more identifiers than a flow remembers is redacted whole', () => {
  const users = Array.from({ length: 120 }, (_, index) => `qwx${10_000 + index * 77}kk`);
  const { records } = probe((builder) => builder.tcp({ client, server, at }).handshake()
    .send(httpRequest('GET', `/batch?${users.map((user) => `uid=${user}`).join('&')}`, { Host: 'api.example.org' })).close());
  for (const user of users) assertNowhere(user, records);
});

test('an identifier written in another way later in the flow is redacted in both', () => {
  const spellings = ['3c:15:c2:9a:01:fe', '3C15C29A01FE'];
  const { records } = probe((builder) => builder.tcp({ client, server, at }).handshake()
    .send(httpRequest('GET', `/?mac=${spellings[0]}`, { Host: 'api.example.org' })).receive(httpResponse('200 OK'))
    .send(httpRequest('GET', `/?mac=${spellings[1]}`, { Host: 'api.example.org' })).receive(httpResponse('200 OK'))
    .send(httpRequest('GET', `/${spellings.join('/')}`, { Host: 'api.example.org' })).close());
  for (const spelling of spellings) assertNowhere(spelling, records);
});

test('the hardware address of the subject is on its records as the token that a message about it gives too', () => {
  const plain = new CaptureBuilder();
  plain.udp({ client, server, at }).send(Buffer.from('x'));
  const { records } = probe((builder) => {
    const [built] = plain.frames();
    const bytes = Buffer.from(built!.bytes);
    Buffer.from('3c15c29a01fe', 'hex').copy(bytes, 6);
    builder.frame(at, bytes);
    builder
      .tcp({ client, server, at: at + 1_000_000 })
      .handshake()
      .send(httpRequest('GET', '/?mac=3c:15:c2:9a:01:fe', { Host: 'api.example.org' }))
      .close();
  });
  const token = records.flatMap((record) => record['telltale.observables']).find(({ kind }) => kind === 'mac')!.token;
  assert.equal(records.find((record) => record['network.transport'] === 'udp')!['telltale.subject.mac'], token);
  assertNowhere('3c15c29a01fe', records);
});

test('an identifier that is a key is found, and stands in no path', () => {
  const address = 'jane.doe@example.org';
  const { records, kinds } = probe(
    (builder) => builder.tcp({ client, server, at }).handshake().send(
      httpRequest(
        'POST',
        `/unsubscribe?${address}=1&team=7`,
        { Host: 'api.example.org', 'Content-Type': 'application/json', Cookie: `${address}=seen` },
        JSON.stringify({ members: { [address]: { uid: '4711999' } } }),
      ),
    ).close(),
  );
  assert.deepEqual(kinds.toSorted(), ['email', 'user_id']);
  assertNowhere(address, records);
  const observables = records.flatMap((record) => record['telltale.observables']);
  assert.equal(observables.find(({ kind }) => kind === 'user_id')!.path, 'http.request.body.json.members.*.uid');
});

test('a label of a host name that says what it is does not stand in any record', () => {
  const imei = '352099001761481';
  const name = `imei-${imei}.push.example.org`;
  const { records, kinds } = probe((builder) => {
    resolveName(builder, name);
    builder.tcp({ client, server: { ...server, port: 443 }, at: at + 1_000_000 }).handshake().send(tlsClientHello({ serverName: name })).close();
    builder.tcp({ client, server, at: at + 2_000_000 }).handshake().send(httpRequest('GET', '/', { Host: name })).close();
  });
  assert.ok(kinds.every((kind) => kind === 'imei') && kinds.length >= 3, kinds.join());
  assertNowhere(imei, records);
  assert.ok(records.some((record) => record['tls.client.server_name'] === 'imei-{imei}.push.example.org'));
});

test('a name labels neither what began before it was learned, nor the flows of another capture', () => {
  const named = new CaptureBuilder();
  const early = named.tcp({ client, server: { ...server, port: 81 }, at: at - 1_000_000, stepMicros: 400_000 }).handshake();
  resolveName(named, 'api.example.org');
  early.send(Buffer.from('hello')).close();
  named
    .tcp({ client: { ...client, port: 40_001 }, server: { ...server, port: 82 }, at: at + 1_000_000 })
    .handshake()
    .send(Buffer.from('hello'))
    .close();
  const other = new CaptureBuilder();
  other
    .tcp({ client: { ...client, port: 40_002 }, server: { ...server, port: 83 }, at: at + 2_000_000 })
    .handshake()
    .send(Buffer.from('hello'))
    .close();
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 7), observer: 'local' });
  for (const [file, builder] of [['a.pcap', named], ['b.pcap', other]] as const) {
    pipeline.begin(file);
    const reader = new CaptureReader(pipeline.capture);
    const view = new PacketView();
    reader.push(builder.pcap());
    reader.finish();
    while (reader.next(view)) pipeline.packet(view);
    pipeline.finish();
  }
  const domains = new Map(pipeline.take().map((record) => [record['destination.port'], record['destination.domain']]));
  assert.deepEqual([81, 82, 83].map((port) => domains.get(port)), ['', 'api.example.org', '']);
});

test('a flow that gives up its half of a message tells what it had, and what comes later is read; a flow that is over leaves its room', () => {
  const pipeline = createPipeline({ tokenKey: Buffer.alloc(32, 7), tables: { ...defaultTables, messages: 40_000 } });
  const builder = new CaptureBuilder();
  const upload = (host: number): TcpConversation => builder.tcp({
    client: { ip: `10.1.2.${host}`, port: 40_000 }, server, at: at + host * 1e6,
  }).handshake();
  const form = (begin: string, length: number): string => {
    const head = httpRequest('POST', '/form', {
      Host: 'a.example', 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': `${length}`,
    });
    return `${head}${begin}&filler=${'x'.repeat(9000)}`;
  };
  for (let host = 1; host <= 20; host++) upload(host).send(form('uid=1', 9013)).close();
  const oldest = upload(101).send(form('user_id=qwx77812kk', 100_000));
  for (let host = 102; host <= 110; host++) upload(host).send(form('uid=1', 100_000));
  oldest.pause(60e6).send('&more=1').send(httpRequest('GET', '/next?room_id=kfe55301vb', { Host: 'a.example' }));

  const view = new PacketView();
  const reader = new CaptureReader(pipeline.capture);
  reader.push(builder.pcap());
  let givenUp = 0;
  while (reader.next(view)) {
    if (view.micros > at + 100e6 && givenUp === 0) assert.equal(boundedMessages(pipeline), 0, 'flows that are over');
    pipeline.packet(view);
    givenUp = boundedMessages(pipeline);
  }
  pipeline.finish();
  assert.ok(givenUp >= 4 && givenUp <= 9, `${givenUp}`);
  const kinds = pipeline.take()
    .filter((record) => record['source.ip'] === '10.1.2.101')
    .flatMap((record) => record['telltale.observables'].map(({ kind }) => kind));
  assert.deepEqual(kinds, ['user_id', 'room_id']);
});

function boundedMessages({ dissect }: ProbePipeline): number {
  return [...dissect.entries()].find(({ protocol, reason }) => protocol === 'tcp' && reason === 'bounded messages')?.count ?? 0;
}
