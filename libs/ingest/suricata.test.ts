import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldsOf, readLog, survivesDamage } from './testing/read-log.ts';

const toServer = { src_ip: '192.168.86.85', src_port: 56119, dest_ip: '192.0.2.28', dest_port: 80, proto: 'TCP' };
const toClient = { src_ip: '192.0.2.28', src_port: 80, dest_ip: '192.168.86.85', dest_port: 56119, proto: 'TCP' };
const event = (type: string, more: object): string =>
  JSON.stringify({ timestamp: '2018-07-05T15:43:47.690014-0400', flow_id: 2115002772430095, event_type: type, ...toServer, ...more });

test('a flow has its counters, and the times of its first and last packet', () => {
  const { entries: [entry] } = readLog('eve.json', event('flow', {
    app_proto: 'http',
    flow: {
      pkts_toserver: 4, pkts_toclient: 3, bytes_toserver: 793, bytes_toclient: 343, start: '2018-07-05T15:43:40.000001-0400',
      end: '2018-07-05T15:43:46.5-0400',
    },
  }));
  assert.deepEqual(entry!.totals, { sourceBytes: 793, sourcePackets: 4, destinationBytes: 343, destinationPackets: 3 });
  assert.deepEqual(
    [entry!.startMicros, entry!.micros, entry!.protocol, entry!.flowName],
    [1_530_819_820_000_001, 1_530_819_826_500_000, 'http', '2115002772430095'],
  );
});

test('a request with all its headers and its body', () => {
  const { entries: [entry] } = readLog('eve.json', event('http', { http: {
    hostname: 'api.example.org', url: '/join?uid=1840273651', http_user_agent: 'app/1', http_method: 'POST', status: 200,
    request_headers: [
      { name: 'User-Agent', value: 'app/1' }, { name: 'Content-Type', value: 'application/json' },
      { name: 'Cookie', value: 'sid=abc; b=c' },
    ],
    http_request_body: Buffer.from('{"room":{"id":"M5kq"}}').toString('base64'),
    response_headers: [{ name: 'Set-Cookie', value: 'sid=def; Path=/' }],
  } }));
  const fields = fieldsOf(entry!);
  for (const expected of [
    'url.query.uid=1840273651',
    'http.request.header.cookie.sid=abc',
    'http.request.body.json.room.id=M5kq',
    'http.response.header.set-cookie.sid=def',
  ]) {
    assert.ok(fields.includes(expected), `${expected} in ${fields.join(' ')}`);
  }
  assert.equal(
    fields.filter((field) => field.startsWith('http.request.header.User-Agent') || field.startsWith('http.request.header.user-agent')).length,
    1,
  );
  assert.deepEqual(
    entry!.messages.map(({ sender }) => sender),
    ['source', 'destination'],
  );
});

test('HTTP/2 has method, target and host among its headers', () => {
  const { entries: [entry] } = readLog('eve.json', event('http', { http: {
    version: '2',
    request_headers: [
      { name: ':method', value: 'GET' }, { name: ':authority', value: 'h2.example.org' }, { name: ':path', value: '/a?uid=7' },
    ],
    response_headers: [{ name: ':status', value: '204' }],
  } }));
  assert.deepEqual(
    [entry!.messages[0]!.facts['url.domain'], entry!.messages[0]!.facts['url.query'], entry!.messages[0]!.encryption.reason],
    ['h2.example.org', 'uid=7', 'HTTP/2'],
  );
  assert.equal(entry!.messages[1]!.facts['http.response.status_code'], 204);
});

describe('DNS', () => {
  const dnsPacket = { src_ip: '192.168.86.1', src_port: 53, dest_ip: '192.168.86.85', dest_port: 39464, proto: 'UDP' };
  const answers = {
    'version 1': { type: 'answer', id: 1, rcode: 'NOERROR', rrname: 'clients.example.org', rrtype: 'A', ttl: 299, rdata: '203.0.113.110' },
    'version 2': {
      version: 2, type: 'answer', rrname: 'clients.example.org', rrtype: 'A',
      answers: [
        { rrname: 'clients.example.org', rrtype: 'CNAME', ttl: 5, rdata: 'c.example.org' },
        { rrname: 'c.example.org', rrtype: 'A', ttl: 299, rdata: '203.0.113.110' },
      ],
    },
    'version 3': {
      version: 3, type: 'response', queries: [{ rrname: 'clients.example.org', rrtype: 'A' }],
      answers: [{ rrname: 'clients.example.org', rrtype: 'A', ttl: 299, rdata: '203.0.113.110' }],
    },
  };
  for (const [version, dns] of Object.entries(answers)) {
    test(`${version}: an answer belongs to the flow that the client opened`, () => {
      const { entries: [entry] } = readLog('eve.json', event('dns', { ...dnsPacket, dns }));
      assert.deepEqual([entry!.endpoints.sourceIp, entry!.endpoints.destinationPort], ['192.168.86.85', 53]);
      assert.deepEqual(entry!.messages[0]!.facts, {
        'dns.question.name': 'clients.example.org',
        'dns.question.type': 'A',
        'dns.resolved_ip': ['203.0.113.110'],
      });
      assert.deepEqual(entry!.messages[0]!.resolution, { name: 'clients.example.org', addresses: ['203.0.113.110'], ttl: 299 });
    });
  }
});

test('an alert tells its flow\'s direction and carries the message', () => {
  const alerts = [
    event('alert', { ...toClient, direction: 'to_client', tls: { sni: 'l2.io.' } }),
    event('alert', { ...toClient, flow: { ...toServer }, tls: { sni: 'l2.io' } }),
    event('alert', { ...toClient, tls: { sni: 'l2.io' } }),
  ];
  for (const { endpoints, messages } of readLog('eve.json', alerts.join('\n')).entries) {
    assert.equal(endpoints.sourceIp, toServer.src_ip);
    assert.deepEqual(messages.map(({ facts, protocol }) => [protocol, facts['tls.client.server_name']]), [['tls', 'l2.io']]);
  }
});

test("TLS has the names in the server's certificate", () => {
  const tls = (more: object) =>
    readLog('eve.json', event('tls', { tls: { sni: 'chat.example', ...more } })).entries[0]!.messages.map(
      ({ facts }) => facts['telltale.tls.certificate_names'],
    );
  assert.deepEqual(tls({ subject: 'C=DE, O=a\\, b, CN=Chat.Example', subjectaltname: ['chat.example', '*.chat.example'] }), [
    undefined,
    ['chat.example', '*.chat.example'],
  ]);
  assert.deepEqual(tls({ subject: 'O=a, CN=mail.example/emailAddress=root@mail.example' }), [undefined, ['mail.example']], 'one set of names');
  assert.deepEqual(tls({ subject: 'O=nobody' }), [undefined]);
});

test('logins of MQTT, FTP, POP3, SNMP and Kerberos', () => {
  const fields = (type: string, values: object): string[] => fieldsOf(readLog('eve.json', event(type, { [type]: values })).entries[0]!);
  assert.deepEqual(fields('mqtt', { connect: { client_id: 'c1', username: 'bob', password: 's3cret' } }), [
    'mqtt.connect.client_id=c1',
    'mqtt.connect.username=bob',
    'mqtt.connect.password=s3cret',
  ]);
  assert.deepEqual(fields('ftp', { command: 'USER', command_data: 'anonymous' }), []);
  assert.deepEqual(fields('ftp', { command: 'PASS', command_data: 'a@b' }), []);
  assert.deepEqual(fields('ftp', { command: 'PASS', command_data: 's3cret' }), ['ftp.login.password=s3cret']);
  assert.deepEqual(fields('pop3', { request: { command: 'USER', args: ['bob'] } }), ['pop3.login.user_name=bob']);
  assert.deepEqual(fields('snmp', { version: 1, community: 'internal' }), ['snmp.community=internal']);
  assert.deepEqual(fields('krb5', { cname: 'bob' }), ['kerberos.login.user_name=bob']);
  assert.deepEqual(fields('krb5', { cname: 'host$' }), ['kerberos.login.user_name=host$']);
  assert.deepEqual(fields('krb5', { cname: '<empty>' }), []);
  assert.deepEqual(
    fields('rdp', { client: { client_name: 'HARBOUR-PC7', id: '55302-640-2718287-23104' } }),
    ['rdp.client_name=HARBOUR-PC7', 'rdp.client_product_id=55302-640-2718287-23104'],
  );
  assert.deepEqual(fields('smtp', { helo: 'jane-pc', mail_from: '<jane@desk.intern>', rcpt_to: ['<joe@desk.intern>'] }), [
    'smtp.helo=jane-pc', 'smtp.mail_from=jane@desk.intern', 'smtp.rcpt_to=joe@desk.intern',
  ]);
  assert.deepEqual(fields('smb', { ntlmssp: { user: 'jane', host: 'PC7' } }), ['ntlm.login.user_name=jane', 'ntlm.login.workstation=PC7']);
});

test('unusable events are counted with their place; events without a flow are counted', () => {
  const log = [event('flow', { timestamp: 'noon' }), event('http', { src_ip: 'here' }), '{"event_type":"stats"}', event('tls', { tls: {} })].join(
    '\n',
  );
  const { entries, problems, counters } = readLog('eve.json', log);
  assert.deepEqual(
    entries.map(({ line }) => line),
    [4],
  );
  assert.deepEqual(
    problems.map(({ line, reason }) => [line, reason]),
    [
      [1, 'timestamp missing or malformed'],
      [2, 'addresses or ports missing or malformed'],
    ],
  );
  assert.equal(counters.get('suricata', 'events that are not used'), 1);
});

test('damaged logs are survived', () => {
  survivesDamage(
    [
      [
        event('http', { http: { hostname: 'h', url: '/a?b=c', http_method: 'GET', status: 200 } }),
        event('dns', { dns: { type: 'answer', answers: [{ rrname: 'a', rrtype: 'A', ttl: 1, rdata: '192.0.2.1' }] } }),
      ].join('\n'),
    ],
    20_000,
  );
});
