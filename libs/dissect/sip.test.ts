import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dissectPayload, dissectStream, fieldsOf, openStream } from './testing/packets.ts';
import { conversations } from './testing/samples.ts';

function sip(startLine: string, ...lines: string[]): Buffer {
  return Buffer.from([startLine, ...lines, '', ''].join('\r\n'));
}

function read(startLine: string, ...lines: string[]): string[] {
  const { messages } = dissectPayload(sip(startLine, ...lines));
  assert.deepEqual(messages.map(({ protocol }) => protocol), ['sip']);
  return fieldsOf(messages[0]);
}

describe('SIP', () => {
  test('people, by URI or by number; ids of calls are none', () => {
    assert.deepEqual(read(
      'INVITE sip:0097239280000@sip.example SIP/2.0', 'From: "Jane Doe" <sip:jane@A.example;user=ip>;tag=abc',
      'To: sip:+4930123456@sip.example', 'Call-ID: jane@call.example',
      'P-Asserted-Identity: "35104720" <sip:35104720@sip.example>, <tel:+45-35-10-47-20>', 'Contact: <sip:j%40d@192.0.2.7:5061>;expires=60',
      'Diversion: <sip:anonymous@anonymous.invalid>',
    ), [
      'sip.request.phone=0097239280000', 'sip.from.uri=sip:jane@A.example', 'sip.from.display_name=Jane Doe', 'sip.to.phone=+4930123456',
      'sip.p-asserted-identity.phone=35104720', 'sip.p-asserted-identity.phone=+4535104720', 'sip.contact.uri=sip:j@d@192.0.2.7',
    ]);
  });

  test('logins and devices', () => {
    assert.deepEqual(
      read(
        'REGISTER sip:sip.example SIP/2.0',
        'f: <sip:jane@sip.example>',
        'Authorization: Digest realm="x", username="jane.d", nonce="username=no"',
        'm: <sip:jane@192.0.2.7>;+sip.instance="<urn:gsma:imei:35209900-176148-0>"',
      ),
      [
        'sip.from.uri=sip:jane@sip.example', 'sip.login.user_name=jane.d',
        'sip.header.authorization=Digest realm="x", username="jane.d", nonce="username=no"', 'sip.contact.uri=sip:jane@192.0.2.7',
        'sip.contact.instance=352099001761480',
      ],
    );
  });

  test('addresses by which the call goes on', () => {
    const { messages } = dissectPayload(conversations['sip']![0]![1] instanceof Buffer ? conversations['sip']![0]![1].subarray(4) : Buffer.alloc(0));
    assert.deepEqual(messages[0]!.facts['telltale.session.ip'], ['192.0.2.7', '198.51.100.9', '203.0.113.5', '2001:db8::1']);
    assert.ok(fieldsOf(messages[0]).includes('sip.sdp.origin.user_name=jane'));
  });

  test('whom a session is described for, and the key of its media', () => {
    const described = sip('INVITE sip:a@sip.example SIP/2.0', 'Content-Type: application/sdp');
    const sdp =
      'v=0\r\ne=jane@example.org (Jane Doe)\r\np=Jane <+1 617 555-0142>\r\nm=audio 4000 RTP/SAVP 0\r\n'
        + 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:q7RtVb2LmXe1pK0zN4YwJHcsUd9A83GTkBvyfoQx|2^20|1:4\r\n';
    assert.deepEqual(fieldsOf(dissectPayload(Buffer.concat([described, Buffer.from(sdp)])).messages[0]).slice(1), [
      'sip.sdp.email=jane@example.org', 'sip.sdp.phone=+1 617 555-0142', 'sip.sdp.crypto=q7RtVb2LmXe1pK0zN4YwJHcsUd9A83GTkBvyfoQx',
    ]);
  });

  test('over TCP, with a body, and found again behind what is none', () => {
    const { messages } = dissectStream(conversations['sip']!);
    assert.deepEqual(messages.map(({ protocol, fields }) => [protocol, fields.length]), [['sip', 9], ['sip', 9], ['sip', 1]]);
  });

  test('a message whose body is lost, or never arrives, yields what its head says; the rest of the body is none', () => {
    const head = sip('INVITE sip:a@sip.example SIP/2.0', 'From: <sip:jane@sip.example>', 'Content-Type: application/sdp', 'Content-Length: 60');
    const next = sip('BYE sip:b@sip.example SIP/2.0', 'Content-Length: 0');
    const { dissector, result } = openStream();
    dissector.data('source', Buffer.concat([head, Buffer.from('v=0\r\n')]), 1, 1);
    dissector.gap('source', 20);
    dissector.data('source', Buffer.concat([Buffer.from('BYE sip:x@sip.example SIP/2.0\r\n\r\n-+'), next, head]), 2, 2);
    dissector.end();
    assert.deepEqual(result.messages.map(({ facts, fields }) => [facts['telltale.sip.method'], fields.length]), [['INVITE', 2], ['BYE', 1], ['INVITE', 2]]);
    assert.equal(result.counters.get('sip', 'cut message'), 2);
  });

  test('a cut datagram yields what is there; other text is none', () => {
    const { messages, counters } = dissectPayload(Buffer.from('SIP/2.0 200 OK\r\nFrom: <sip:jane@a.example>\r\nTo: <sip:j'));
    assert.deepEqual(fieldsOf(messages[0]), ['sip.from.uri=sip:jane@a.example']);
    assert.equal(counters.get('sip', 'cut message'), 1);
    assert.equal(dissectPayload(sip('NOTIFY * HTTP/1.1', 'HOST: 239.255.255.250:1900')).messages[0]!.protocol, 'udp');
  });
});

test('RTSP: the credentials and the session, between interleaved media', () => {
  const { messages } = dissectStream(conversations['rtsp']!);
  assert.deepEqual(messages.map((message) => [message.facts['url.path'] ?? '', ...fieldsOf(message)].join(' ')), [
    '/1 rtsp.login.user_name=jane rtsp.login.password=sesame url.domain=cam.example url.path=/1',
    '/1 url.domain=cam.example url.path=/1 rtsp.session=4be7d20591ca63f8', '', ' rtsp.session=4be7d20591ca63f8',
  ]);
});

describe('Kerberos', () => {
  const expected = [
    ['kerberos.login.user_name=jane', 'kerberos.realm=A.EXAMPLE'],
    ['kerberos.login.user_name=jane/admin', 'kerberos.realm=A.EXAMPLE'],
  ];

  test('the client of a request and of a reply, over TCP and UDP', () => {
    assert.deepEqual(dissectStream(conversations['kerberos']!).messages.map(fieldsOf), expected);
    const datagrams = conversations['kerberos']!.map(([, bytes]) => dissectPayload((bytes as Buffer).subarray(4)).messages[0]);
    assert.deepEqual(datagrams.map((message) => fieldsOf(message)), expected);
  });
});
