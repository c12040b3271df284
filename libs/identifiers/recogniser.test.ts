import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createMessage, type Message } from '#dissect';
import { RecogniserCounters } from './counters.ts';
import { Recogniser } from './recogniser.ts';
import { field, found, messageOf, payloadOf, recognise, testTokeniser } from './testing.ts';

const one = (message: Message) => {
  const all = recognise(message);
  assert.equal(all.length, 1, all.map(({ observable, value }) => `${observable.kind}=${value}`).join(', '));
  return all[0]!;
};

describe('recogniser', () => {
  test('says where, in what encoding, from whom and in which packet, and never the value', () => {
    const { observable, value } = one(messageOf(field('uid', '4711', 'http.request.body.json.uid', 'gzip')));
    assert.equal(value, '4711');
    const { token, ...rest } = observable;
    assert.deepEqual(rest, {
      kind: 'user_id', path: 'http.request.body.json.uid', encoding: 'gzip', visibility: 'cleartext', confidence: 88, mask: '4******',
      sender: 'source', frame: 9, watchlist: '',
    });
    assert.equal(token, testTokeniser.token('4711'));
  });

  test('reads what the labels of a host name name', () => {
    const hosts: [string, string[]][] = [
      ['imei-352099001761481.example.org', ['imei=352099001761481']],
      ['a.imei.352099001761481.example.org', ['imei=352099001761481']],
      ['device-id-c9e28776354d25af.push.example', ['device_id=c9e28776354d25af']],
      ['mac_3c15c29a01fe.example', ['mac=3c15c29a01fe']],
      ['imei-352099001761482.example.org', []],
      ['rr4---sn-4g5e6nez.video.example', []],
      ['session-1234567.example', []],
      ['device-api-2.example', []],
    ];
    for (const path of ['dns.question.name', 'tls.client.server_name', 'http.request.header.host', 'stun.realm']) {
      for (const [host, kinds] of hosts) assert.deepEqual(found(messageOf(field('', host, path))), kinds, `${path} ${host}`);
    }
    assert.deepEqual(found(messageOf(field('', 'imei-352099001761481.example.org', 'url.query.q'))), []);
  });

  test('reports a value once, as the most specific kind that its keys give it', () => {
    const android = 'c9e28776354d25af';
    assert.deepEqual(found(messageOf(field('device_id', android), field('_android_id', android), field('uid', android))), [`android_id=${android}`]);
    const device = '4f8b21c6-97ad-4e30-b6d2-15c9e07a83f0';
    assert.deepEqual(found(messageOf(field('client-uid', device), field('_udid', device))), [`udid=${device}`]);
    assert.deepEqual(found(messageOf(field('user', 'jane@example.org'))), ['email=jane@example.org']);
  });

  test('keeps apart short values that only coincide', () => {
    assert.deepEqual(found(messageOf(field('uid', '42'), field('room_id', '42'), field('from_uid', '42'))), ['user_id=42', 'room_id=42']);
  });

  test('finds keys inside any text and adds them to the path', () => {
    const { observable } = one(messageOf(field('Referer', 'http://x.example/start?user_id=471142&lang=en', 'http.request.header.referer')));
    assert.equal(observable.path, 'http.request.header.referer.user_id');
    assert.deepEqual(found(messageOf(field('data', 'v=1|{"uid":"42","room":{"room_id":"lobby"}}'))), ['user_id=42', 'room_id=lobby']);
  });

  test('unwraps encodings twice and names them outermost first', () => {
    const base64 = Buffer.from('{"imei":"352099001761481"}').toString('base64');
    const plain = one(messageOf(field('d', base64)));
    assert.deepEqual([plain.observable.kind, plain.observable.encoding, plain.written], ['imei', 'base64', [base64]]);
    const hex = Buffer.from(base64).toString('hex');
    assert.equal(one(messageOf(field('d', hex, 'url.query.d', 'url'))).observable.encoding, 'url>hex>base64');
    assert.equal(one(messageOf(field('email', Buffer.from('jane.doe@example.org').toString('base64url')))).observable.kind, 'email');
    assert.equal(one(messageOf(field('next', 'http%3A%2F%2Fx%2F%3Fuser_id%3D471142'))).observable.encoding, 'url');
    const thrice = Buffer.from(hex).toString('base64');
    assert.deepEqual(found(messageOf(field('d', thrice))), []);
  });

  test('reads credentials of an Authorization header', () => {
    const basic = one(messageOf(field('Authorization', 'Basic amFuZTpjb3JyZWN0', 'http.request.header.authorization')));
    assert.deepEqual([basic.observable.kind, basic.value], ['basic_credentials', 'jane:correct']);
    assert.deepEqual([basic.observable.encoding, basic.written], ['base64', ['amFuZTpjb3JyZWN0', 'jane', 'correct']]);
    assert.equal(basic.observable.mask, '******(8-15)');
    assert.equal(one(payloadOf(Buffer.from('Authorization: Basic amFuZTpjb3JyZWN0\r\n'), 'tcp')).value, 'jane:correct');
  });

  test('reads logins and base64 words in lines of text protocols', () => {
    const line = (text: string) => found(payloadOf(Buffer.from(text), 'tcp'));
    assert.deepEqual(line('USER jane'), ['user_name=jane']);
    assert.deepEqual(line('pass s3same'), ['password=s3same']);
    assert.deepEqual(line('A1 LOGIN jane "s3same"'), ['user_name=jane', 'password=s3same']);
    assert.deepEqual(line('USER anonymous'), []);
    assert.deepEqual(line('PASS ftp@'), []);
    assert.deepEqual(line('USER guest 0 * :Jane Doe'), []);
    const word = Buffer.from('jane.doe@example.org').toString('base64');
    const sasl = one(payloadOf(Buffer.from(`AUTH LOGIN ${word}`), 'tcp'));
    assert.deepEqual([sasl.value, sasl.written], ['jane.doe@example.org', [word]]);
    assert.deepEqual([sasl.observable.path, sasl.observable.encoding], ['tcp.payload@11', 'base64']);
  });

  test('reads the segment before it in a path', () => {
    const path = (value: string, ...more: Parameters<typeof messageOf>) => found(messageOf(field('', value, 'url.path'), ...more));
    assert.deepEqual(path('/v2/users/471142/rooms/88213'), ['user_id=471142', 'room_id=88213']);
    assert.deepEqual(path('/user/login'), []);
    assert.deepEqual(path('/user/v2/list'), []);
    assert.deepEqual(path('/account/2019/report'), []);
    const cookie = 'jupyterhub-user-christine';
    assert.deepEqual(path('/user/christine/api', field(cookie, '2|1:0', `http.request.header.cookie.${cookie}`)), ['user_name=christine']);
  });

  test('joins host, path and query of a Zoom link', () => {
    const message = messageOf(field('', '/j/81234567890', 'url.path'), field('pwd', 'QUJDREVGR0hJSg.1'));
    message.facts = { 'url.domain': 'us02web.zoom.us', 'url.path': '/j/81234567890', 'url.query': 'pwd=QUJDREVGR0hJSg.1' };
    assert.deepEqual(recognise(message).map(({ observable }) => observable.kind), ['join_link', 'meeting_id', 'password']);
  });

  test('joins latitude and longitude', () => {
    const { observable, value, written } = one(messageOf(field('lat', '52.520008'), field('lng', '13.404954'), field('platform', 'x')));
    assert.deepEqual([observable.kind, value, written], ['geo_position', '52.520008,13.404954', ['52.520008', '13.404954']]);
    assert.deepEqual(found(messageOf(field('lat', '52.5'), field('lon', '13.4'))), []);
    assert.deepEqual(found(messageOf(field('lat', '52.520008'))), []);
  });

  test('takes the digest of an identifier for one', () => {
    const digest = '0cc175b9c0f1b6a831c399e269772661';
    const { observable } = one(messageOf(field('imei_md5', digest)));
    assert.deepEqual([observable.kind, observable.encoding, observable.token], ['imei', 'md5', testTokeniser.token(digest)]);
    assert.deepEqual(found(messageOf(field('file_md5', digest), field('md5', digest), field('imei_sha1', digest))), []);
  });

  test('gives one token to the spellings of one identifier', () => {
    const tokensOf = (key: string, value: string) => recognise(messageOf(field(key, value))).map(({ observable }) => observable.token);
    const tokens = (...values: [string, string][]) => new Set(values.flatMap(([key, value]) => tokensOf(key, value)));
    assert.equal(tokens(['mac', '3C:15:C2:9A:01:FE'], ['wifi_mac', '3c15c29a01fe'], ['mac', '3c-15-c2-9a-01-fe']).size, 1);
    assert.equal(tokens(['gaid', '7C41D9E2-3B5F-4A86-9E17-D04C8AB3F65E'], ['udid', '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e']).size, 1);
    assert.equal(tokens(['phone', '+49 151 12345678'], ['phone', '004915112345678'], ['msisdn', '4915112345678']).size, 1);
    assert.equal(tokens(['email', 'Jane@Example.org'], ['mail', 'jane@example.org']).size, 1);
    assert.equal(tokens(['imei', '352099001761481'], ['imeisv', '3520990017614823']).size, 1);
    assert.equal(tokens(['meeting_id', '812 3456 7890'], ['confno', '81234567890'], ['u', 'https://zoom.us/j/81234567890']).size, 1);
    const cookie = (value: string) => recognise(messageOf(field('__utma', value, 'http.request.header.cookie.__utma')))[0]!.observable.token;
    assert.equal(cookie('151903082.601193707.1258578040.1.2.1'), cookie('151903082.601193707.1258578040.9.9.7'));
    const both = recognise(messageOf(field('mac', '3C:15:C2:9A:01:FE'), field('wifi_mac', '3c15c29a01fe')));
    assert.deepEqual(both.map(({ value, written }) => [value, written]), [['3C:15:C2:9A:01:FE', ['3c15c29a01fe']]]);
  });

  test('takes a long-term STUN user name, and no ICE one', () => {
    const timed = '1767225600:4715028369520184070';
    assert.deepEqual(found(messageOf(field('USERNAME', timed, 'stun.username'))), [`turn_username=${timed}`]);
    assert.deepEqual(found(messageOf(field('USERNAME', 'k7/P:QW58', 'stun.ice_username'))), []);
  });

  test('stops at its bound, and counts what is over it and what it reports', () => {
    const counters = new RecogniserCounters();
    const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 2 }, counters);
    const message = messageOf(field('uid', '42'), field('room_id', 'lobby'), field('imei', '352099001761481'));
    assert.equal(recogniser.recognise(message).length, 2);
    assert.deepEqual([recogniser.dropped, counters.dropped, [...counters.recognised]], [1, 1, [['user_id', 1], ['room_id', 1]]]);
    recogniser.recognise(messageOf());
    assert.equal(recogniser.dropped, 0);
  });

  test('reads the beginning of what is too long, and says so', () => {
    const counters = new RecogniserCounters();
    const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 8 }, counters);
    const body = `user_id=471142&${'x'.repeat(1 << 20)}`;
    assert.equal(recogniser.recognise(messageOf(field('body', body))).length, 1);
    assert.equal(counters.truncated, 1);
  });
});

describe('what must give nothing', () => {
  const silent: Record<string, Message> = {
    'the nil UUID': messageOf(
      ...['idfa', 'udid', 'session_id', 'device_id'].map((key) => field(key, '00000000-0000-0000-0000-000000000000')),
    ),
    'UUIDs of requests': messageOf(
      ...['X-Request-ID', 'trace_id', 'correlationId', 'x-b3-traceid'].map((key) => field(key, '7f2c9b1e-55aa-4d31-8e21-90b1c2d3e4f5')),
      field('requestToken', '7f2c9b1e55aa4d318e2190b1c2d3e4f5'), field('lisaFrameID', '7c05d2e0-4b61-11e8-9d37-3c970e5a1f42')),
    'timestamps of 16 digits': messageOf(field('t', '2711504938160257'), field('_', '1654385117'), field('ts', '352099001761481')),
    'anti-forgery tokens': messageOf(
      field('_xsrf', '2|8b336cae|a17c3e90b84d52f6e0917bc34d8fa265|1712345678'), field('csrfmiddlewaretoken', 'kP3xZq81mWn5'),
      field('X-CSRF-Token', 'a17c3e90b84d52f6e0917bc3'), field('authenticity_token', 'a17c3e90b84d52f6e0917bc3'),
    ),
    'experiments': messageOf(field('ab_test_session', '9f3c2d1e8b7a'), field('exp', 'B'), field('variant_uid', '42')),
    'empty and hidden values': messageOf(field('access_token', ''), field('uid', '-'), field('password', '••••••'), field('imei', '')),
    'headers of a request': messageOf(
      field(
        'User-Agent',
        'Mozilla/5.0 (Linux; Android 11; sdk_gphone_x86 Build/TQX2.301127.004; wv) AppleWebKit/537.36',
        'http.request.header.user-agent',
      ),
      field('Accept', 'text/html;q=0.9,*/*;q=0.8'),
      field('Sec-WebSocket-Key', 'LTRCOUOtB0ttkJrHuHZDtg=='), field('If-None-Match', '"5f3c2d1e8b7a9012"'),
      field('Keep-Alive', 'timeout=5, max=100'), field('X-Forwarded-For', '10.2.2.2'),
      field('P3P', 'CP="NOI DSP COR CUR ADM DEV"'), field('Date', 'Sat, 14 Nov 2009 18:17:30 GMT'), field('SOAPAction', '""')),
    'an application key, a signature and a content id': messageOf(
      field('s', '0d94b7e6a3f1582cc86e20974b1fd35a'), field('appId', '71A0C-95D3E'), field('vid', 'x0047bkqrwu'), field('id', '27159'),
      field('_channel', '1kxun'), field('_carrier', '310260'),
    ),
    'packages and images': messageOf(
      field('p', '/npm/left-pad@1.3.0/index.js'), field('img', 'logo@2x.png'), field('q', 'react@18.2.0-rc.1'),
    ),
    'the letters imsi': payloadOf(Buffer.from('XTMwkimsiQpYhbvd kImSi AbIMSIcd imsi and IMEI, wordimsi=\n')),
    'a page that names its form': messageOf(
      field(
        'body',
        '<b>User name:</b> logoff <input type="password" name="password" value=""> Password: must have digits',
        'http.response.body.text',
      ),
    ),
    'assets of a page': messageOf(
      field('src', 'http://img.t.example.cn/t4/appstyle/uid/css/module/base/frame.css?version=5a2b0e5c'),
      field('src', '/t5/register/js/page/4e2fc1ab/guide.js'), field('', '/t4/appstyle/album/images/uid/1.png', 'url.path'),
    ),
    'a minified script': messageOf(
      field('body', 'function(e){var uid=e.uid,userId=t.userId;return{token:n.token,sid:i,room:r.room,user:a}}', 'http.response.body.text'),
    ),
    'a SIP dialog without users': payloadOf(Buffer.from(
      'OPTIONS sip:sip.example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKnp205813764-9d07e1c2192.168.1.2;rport\r\n'
      + 'Call-ID: 314159265-7b20e8c4@314159268-7b20e8c1\r\nCSeq: 69 OPTIONS\r\n\r\n',
    )),
    'fields of mixed sizes': messageOf(field('uid', 'a'.repeat(129)), field('user_id', 'two words here'), field('user_id', '12.5')),
  };
  for (const [name, message] of Object.entries(silent)) test(name, () => assert.deepEqual(found(message), []));

  test('analytics cookies are tracking ids and no more', () => {
    const kinds = recognise(messageOf(
      field('__utma', '318250476.1560095611.1381843968.1381843968.1381843968.1', 'http.request.header.cookie.__utma'),
      field('__utmb', '318250476.2.10.1381843969', 'http.request.header.cookie.__utmb'),
      field('__utmc', '318250476', 'http.request.header.cookie.__utmc'),
      field('__utmz', '318250476.1381843969.1.1.utmcsr=google|utmccn=(organic)', 'http.request.header.cookie.__utmz'),
    )).map(({ observable }) => observable.kind);
    assert.deepEqual(kinds, ['tracking_id']);
  });
});

describe('recogniser on any input', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }), fc.base64String({ maxLength: 80 }), fc.emailAddress(), fc.uuid(), fc.json(),
  );
  const anyField = fc.record({ key: fc.string({ maxLength: 20 }), value: anyText });

  test('never throws, and names no value in an observable', () => {
    fc.assert(fc.property(fc.array(anyField, { maxLength: 8 }), fc.uint8Array({ maxLength: 400 }), (fields, bytes) => {
      const message = { ...messageOf(...fields.map(({ key, value }) => field(key, value))), payload: Buffer.from(bytes) };
      for (const { observable, value } of recognise(message)) {
        if (value.length >= 8) assert.ok(!`${observable.mask} ${observable.token}`.includes(value));
      }
    }), { numRuns: 500 });
  });

  test('takes time in proportion to the text', { timeout: 20_000 }, () => {
    // Each is a worst case for one of the patterns; a quadratic one would not end within the test's time limit.
    for (const part of [
      '@', 'a@', 'a@b.cc ', 'a.', '+1 ', 'zoom.us/j/', 'eyJ', 'sip:', 'aa:', 'aa:bb:', '12-', 'a.zoom.', '%41', 'uid=', 'uid=42&',
      '"uid":"', '1', 'A', 'http://', 'AKIA', '\\"', ':',
      '<uid>', 'user/abcd/', '\0\x03uid',
    ]) {
      const message = messageOf(field('body', part.repeat(64 * 1024 / part.length)));
      recognise({ ...message, payload: Buffer.from(message.fields[0]!.value) });
    }
  });

  test('is as it was made: an empty message gives nothing', () => {
    assert.deepEqual(recognise(createMessage('tls', { verdict: 'encrypted', reason: 'TLS' }, { sender: 'source', frame: 1, micros: 1 })), []);
  });
});

describe('spellings of one identifier', () => {
  test('are all kept for redaction, when a more specific kind takes over too', () => {
    const [one, ...others] = recognise(messageOf(field('username', 'JÓSE-77x'), field('password', 'jóse-77X')));
    assert.deepEqual(others, []);
    assert.equal(one!.observable.kind, 'password');
    assert.deepEqual([one!.value, ...one!.written], ['jóse-77X', 'JÓSE-77x']);
  });

  test('over the bound are counted, and the message is not read in full', () => {
    const counters = new RecogniserCounters();
    const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, counters);
    const encoded = (i: number): string => Buffer.from(`page=${i}&email=jane.doe@example.org`).toString('base64');
    recogniser.recognise(messageOf(...Array.from({ length: 16 }, (_, i) => field(`d${i}`, encoded(i)))));
    assert.deepEqual([recogniser.readInFull, counters.spellingsDropped], [true, 0]);
    recogniser.recognise(messageOf(...Array.from({ length: 19 }, (_, i) => field(`d${i}`, encoded(i)))));
    assert.deepEqual([recogniser.readInFull, counters.spellingsDropped], [false, 3]);
  });
});
