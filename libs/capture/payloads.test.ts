import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from './builder.ts';
import { dnsAnswer, dnsQuery, httpRequest, httpResponse, stunMessage, tlsApplicationData, tlsClientHello, tlsServerHello } from './payloads.ts';
import { fields, withFile, withoutTshark } from './testing/tshark.ts';

const at = 1_700_000_000_000_000;
const client = { ip: '10.0.0.1', port: 40_000 };
const transaction = Buffer.from('0102030405060708090a0b0c', 'hex');

const builder = new CaptureBuilder({ vlans: [7] });
builder.udp({ client, server: { ip: '192.0.2.53', port: 53 }, at })
  .send(dnsQuery(1, 'www.example.test'))
  .receive(dnsAnswer(1, 'www.example.test', 'A', [
    { name: 'www.example.test', type: 'CNAME', ttl: 60, data: 'edge.example.net' },
    { name: 'edge.example.net', type: 'A', ttl: 30, data: '192.0.2.80' },
  ]))
  .receive(dnsAnswer(2, 'six.example.test', 'AAAA', [{ name: 'six.example.test', type: 'AAAA', ttl: 30, data: '2001:db8::80' }]));
builder.tcp({ client, server: { ip: '192.0.2.80', port: 443 }, at: at + 1e6, mss: 100 }).handshake()
  .send(tlsClientHello({ serverName: 'www.example.test', alpn: ['h2'] })).receive(tlsServerHello('www.example.test'))
  .send(tlsApplicationData(Buffer.alloc(80, 0x5a))).close();
builder.tcp({ client: { ip: '2001:db8::1', port: 41_000 }, server: { ip: '2001:db8::80', port: 80 }, at: at + 2e6 }).handshake()
  .send(httpRequest('POST', '/start?room=4711', { Host: 'app.example.test' }, '{"id":1}')).receive(httpResponse('200 OK', {}, 'ok')).close();
builder.udp({ client, server: { ip: '192.0.2.99', port: 3478 }, at: at + 3e6 })
  .send(stunMessage('allocateRequest', transaction, [
    { type: 'requestedTransport', value: Buffer.from([17, 0, 0, 0]) }, { type: 'username', value: 'alice' },
    { type: 'realm', value: 'example.test' }, { type: 'software', value: 'client 1.0' },
  ]))
  .receive(stunMessage('allocateSuccess', transaction, [
    { type: 'xorRelayedAddress', value: { ip: '198.51.100.7', port: 50_000 } },
    { type: 'xorMappedAddress', value: { ip: '2001:db8::abcd', port: 40_000 } },
  ]));

const health = ['frame.number', 'frame.time_epoch', 'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status', '_ws.malformed'] as const;
const contents = [
  'dns.qry.name', 'dns.cname', 'dns.a', 'dns.aaaa',
  'tls.handshake.extensions_server_name', 'tls.handshake.extensions_alpn_str', 'tls.handshake.type', 'tls.app_data',
  'http.request.full_uri', 'http.response.code',
  'stun.att.username', 'stun.att.realm', 'stun.att.software', 'stun.att.ipv4',
  'stun.att.ipv6', 'stun.att.port',
] as const;

for (const [format, capture] of [['pcap', builder.pcap()], ['pcapng', builder.pcapng({ littleEndian: false })]] as const) {
  test(`tshark finds a built ${format} flawless, and in it what was put in`, { skip: withoutTshark() }, () => withFile(capture, (path) => {
    const frames = fields(path, 'frame', [...health, ...contents]);
    assert.equal(frames.length, builder.frames().length);
    for (const [index, frame] of frames.entries()) {
      assert.equal(Number(frame['frame.time_epoch'].replace('.', '').slice(0, 16)), builder.frames()[index]!.micros);
      for (const name of ['ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status'] as const) {
        assert.ok(['', '1'].includes(frame[name]), `frame ${frame['frame.number']}: ${name}`);
      }
      assert.equal(frame['_ws.malformed'], '');
    }
    const valuesOf = (name: (typeof contents)[number]) => frames.map((frame) => frame[name]).filter((value) => value !== '');
    assert.deepEqual(valuesOf('dns.qry.name'), ['www.example.test', 'www.example.test', 'six.example.test']);
    assert.deepEqual(valuesOf('dns.cname'), ['edge.example.net']);
    assert.deepEqual(valuesOf('dns.a'), ['192.0.2.80']);
    assert.deepEqual(valuesOf('dns.aaaa'), ['2001:db8::80']);
    assert.deepEqual(valuesOf('tls.handshake.extensions_server_name'), ['www.example.test']);
    assert.deepEqual(valuesOf('tls.handshake.extensions_alpn_str'), ['h2']);
    assert.deepEqual(valuesOf('tls.handshake.type'), ['1', '2']);
    assert.deepEqual(valuesOf('tls.app_data'), ['5a'.repeat(80)]);
    assert.deepEqual(valuesOf('http.request.full_uri'), ['http://app.example.test/start?room=4711']);
    assert.deepEqual(valuesOf('http.response.code'), ['200']);
    assert.deepEqual(valuesOf('stun.att.username'), ['alice']);
    assert.deepEqual(valuesOf('stun.att.realm'), ['example.test']);
    assert.deepEqual(valuesOf('stun.att.software'), ['client 1.0']);
    assert.deepEqual(valuesOf('stun.att.ipv4'), ['198.51.100.7']);
    assert.deepEqual(valuesOf('stun.att.ipv6'), ['2001:db8::abcd']);
    assert.deepEqual(valuesOf('stun.att.port'), ['50000,40000']);
  }));
}

test('a built capture is the same each time', () => {
  const build = () => {
    const again = new CaptureBuilder();
    again.tcp({ client, server: { ip: '192.0.2.80', port: 443 }, at }).handshake().send(tlsClientHello({ serverName: 'a.example.test' }));
    return again.pcapng();
  };
  assert.deepEqual(build(), build());
});
