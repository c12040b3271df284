import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsClientHello } from '#capture';
import { certificate, personalCertificate, proxyCertificate, serverFlight, u24 } from './testing/binary-samples.ts';
import { dissectStream, openStream } from './testing/packets.ts';

/** A ClientHello given byte by byte: TLS 1.2, one suite, SNI `a.example`, ALPN GREASE, `h2` and `http/1.1`. */
const hello = Buffer.from([
  '0100005b', '0303', '00'.repeat(32), '00', '0002c02f', '0100', '0030',
  '0000000e', '000c', '00', '0009', '612e6578616d706c65',
  '00100011', '000f', '020a0a', '026832', '08687474702f312e31',
  '00170000', '00000001ff',
].join(''), 'hex');
const sni = {
  'tls.client.server_name': 'a.example', 'destination.domain': 'a.example', 'telltale.destination.domain_source': 'tls',
  'telltale.tls.alpn': ['h2', 'http/1.1'], 'telltale.tls.ja4': 't12d01040a_f06271c2b022_1ca028f07214',
};

function record(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 1, body.length >> 8, body.length & 0xff]), body]);
}

test('server name and protocols; what follows is not looked at', () => {
  const { messages } = dissectStream([
    ['source', record(22, hello)],
    ['destination', 'GET / HTTP/1.1\r\n\r\n'],
    ['source', record(23, Buffer.alloc(40))],
  ]);
  assert.equal(messages.length, 1);
  assert.deepEqual(messages[0]!.facts, sni);
  assert.deepEqual(messages[0]!.encryption, { verdict: 'encrypted', reason: 'TLS ClientHello' });
  assert.equal(messages[0]!.payload, null);
});

test('a ClientHello over several records and packets', () => {
  const records = Buffer.concat([record(22, hello.subarray(0, 1)), record(22, hello.subarray(1, 60)), record(22, hello.subarray(60))]);
  const { messages } = dissectStream([['source', records.subarray(0, 3)], ['source', records.subarray(3, 70)], ['source', records.subarray(70)]]);
  assert.deepEqual(messages.map(({ facts, frame }) => [facts['tls.client.server_name'], frame]), [['a.example', 3]]);
});

test('the ClientHello of the capture builder', () => {
  const { messages } = dissectStream([['source', tlsClientHello({ serverName: 'zoom.us', alpn: ['h2'] })]]);
  assert.deepEqual([messages[0]!.facts['tls.client.server_name'], messages[0]!.facts['telltale.tls.alpn']], ['zoom.us', ['h2']]);
});

test('without extensions, cut, and malformed', () => {
  const bare = Buffer.concat([Buffer.from('01000029' + '0301', 'hex'), Buffer.alloc(32), Buffer.from('000002002f0100', 'hex')]);
  assert.deepEqual(
    dissectStream([['source', record(22, bare)]]).messages.map(({ facts }) => facts),
    [{ 'telltale.tls.ja4': 't10i010000_ba72b8082249_000000000000' }],
  );
  const cut = dissectStream([['source', record(22, hello).subarray(0, 50)]]);
  assert.deepEqual(cut.messages.map(({ encryption, facts }) => [encryption.reason, facts]), [['TLS ClientHello', {}]]);
  assert.equal(cut.counters.get('tls', 'cut ClientHello'), 1);
  const broken = Buffer.from(hello);
  broken[38] = 0xff;
  assert.equal(dissectStream([['source', record(22, broken)]]).counters.get('tls', 'malformed ClientHello'), 1);
});

test('caught in the middle, or from the server first', () => {
  assert.deepEqual(
    dissectStream([['source', record(23, Buffer.alloc(40, 7))]]).messages.map(({ encryption }) => encryption),
    [{ verdict: 'encrypted', reason: 'TLS records' }],
  );
  const { messages } = dissectStream([
    ['destination', record(22, Buffer.from('0200000100', 'hex'))], ['destination', Buffer.alloc(99)], ['source', record(22, hello)],
  ]);
  assert.deepEqual(messages.map(({ facts }) => facts), [{}, sni]);
});

test('after STARTTLS', () => {
  const { messages } = dissectStream([
    ['destination', '220 mail\r\n'],
    ['source', 'EHLO me\r\nSTARTTLS\r\n'],
    ['destination', '220 go ahead\r\n'],
    ['source', record(22, hello)],
  ]);
  assert.deepEqual(
    messages.map(({ protocol }) => protocol),
    ['smtp', 'smtp', 'tls'],
  );
  assert.equal(messages.at(-1)!.facts['destination.domain'], 'a.example');
});

test('a gap in the ClientHello leaves the verdict, and the name in front of it', () => {
  const told = (bytes: number): unknown[] => {
    const { dissector, result } = openStream();
    dissector.data('source', record(22, hello).subarray(0, bytes), 1, 1);
    dissector.gap('source', 30);
    dissector.data('source', record(22, hello), 2, 2);
    return result.messages.map(({ encryption, facts, frame }) => [
      encryption.reason, facts['tls.client.server_name'], facts['telltale.tls.ja4'], frame,
    ]);
  };
  assert.deepEqual(told(20), [['TLS ClientHello', undefined, undefined, 1]]);
  assert.deepEqual(told(80), [['TLS ClientHello', 'a.example', undefined, 1]]);
  assert.deepEqual(told(record(22, hello).length), [['TLS ClientHello', 'a.example', sni['telltale.tls.ja4'], 1]]);
});

test('the names in a certificate that is shown in clear', () => {
  const names = (...leaf: [string, ...string[]]): unknown =>
    dissectStream([
      ['source', record(22, hello)],
      ['destination', serverFlight(certificate(...leaf), 300)],
    ]).messages[1]?.facts;
  assert.deepEqual(names('A.example', 'a.example', '*.b.example'), { 'telltale.tls.certificate_names': ['a.example', '*.b.example'] });
  assert.deepEqual(names('Meeting Server'), { 'telltale.tls.certificate_names': ['meeting server'] });
});

test('whom a certificate names that a client shows in clear', () => {
  const flight = (leaf: Buffer): Buffer =>
    record(22, Buffer.concat([Buffer.from([11]), u24(leaf.length + 6), u24(leaf.length + 3), u24(leaf.length), leaf]));
  const named = (reply: Buffer[], answer = serverFlight(certificate('a.example'), 300)): unknown[] => {
    const { messages } = dissectStream([
      ['source', record(22, hello)],
      ['destination', answer],
      ...reply.map((bytes) => ['source', bytes] as ['source', Buffer]),
    ]);
    return messages
      .slice(1)
      .filter(({ sender }) => sender === 'source')
      .map(({ fields }) => fields.map(({ path, key, value }) => [path, key, value]));
  };
  const holder = personalCertificate('Jane Doe', 'jane@example.org', 'jdoe@corp.example');
  const expected = [[
    ['tls.client.x509.subject.common_name', 'tls_client_certificate_name', 'Jane Doe'],
    ['tls.client.x509.alternative_names', 'email', 'jane@example.org'],
    ['tls.client.x509.alternative_names', 'user_principal_name', 'jdoe@corp.example'],
  ]];
  assert.deepEqual(named([flight(personalCertificate('Harbour-PC7', 'root@example.org', 'harbour-pc7$@corp.example'))])[0], [
    ['tls.client.x509.subject.common_name', 'netbios_name', 'Harbour-PC7'],
    ['tls.client.x509.alternative_names', 'email', 'root@example.org'],
    ['tls.client.x509.alternative_names', 'user_principal_name', 'harbour-pc7$@corp.example'],
  ], 'that of a computer');
  assert.deepEqual(
    named([flight(proxyCertificate('Jane Doe', '408216935'))]),
    [[['tls.client.x509.subject.common_name', 'tls_client_certificate_name', 'Jane Doe']]],
    'that of a proxy',
  );
  const whole = flight(holder);
  assert.deepEqual(named([whole]), expected);
  assert.deepEqual(named([whole.subarray(0, 40), whole.subarray(40)]), expected);
  assert.deepEqual(named([whole], serverFlight(Buffer.alloc(40, 0x30))), expected, 'the server\'s own is broken');
  const keyExchange = record(22, Buffer.from('1000000420010203', 'hex'));
  assert.deepEqual(named([keyExchange, whole]), [], 'the client had none');
  assert.deepEqual(named([flight(certificate('example', 'mail.example'))]), [], 'that of a host');
  assert.deepEqual(named([flight(Buffer.alloc(0))]), [], 'an empty list is no certificate');
});

test('no certificate is waited for under TLS 1.3, behind a broken one, or once the client goes on', () => {
  const version13 = record(22, Buffer.from(`0200002e0303${'00'.repeat(32)}0013010000 06002b00020304`.replace(' ', ''), 'hex'));
  const broken = serverFlight(Buffer.alloc(40, 0x30));
  for (const answer of [version13, broken])
    assert.equal(
      dissectStream([
        ['source', record(22, hello)], ['destination', answer], ['destination', serverFlight(certificate('late'))],
      ]).messages.length,
      1,
    );
  assert.equal(
    dissectStream([
      ['source', record(22, hello)], ['source', record(20, Buffer.from([1]))], ['destination', serverFlight(certificate('late'))],
    ]).messages.length,
    1,
  );
});
