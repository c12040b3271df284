import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { dissectStream, fieldsOf, openStream, type Packet } from './testing/packets.ts';

const requestLine = 'POST /x HTTP/1.1\r\nHost: a.example\r\n';

function post(headers: string, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body as Buffer);
  return Buffer.concat([Buffer.from(`${requestLine}${headers}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
}

/** Fields of the body only. */
function bodyFields(bytes: Buffer | string): string[] {
  return fieldsOf(dissectStream([['source', bytes]]).messages[0]).filter((field) => field.startsWith('http.request.body'));
}

describe('request', () => {
  test('facts, query, headers and cookies', () => {
    const { messages } = dissectStream([
      [
        'source',
        'GET /v1/users/42?uid=7&name=J%C3%BCrgen+K&e=&flag HTTP/1.1\r\nHost: Api.Example:8080\r\nUser-Agent: App/1\r\n' +
          'Cookie: sid=abc; user=%7B%22id%22%3A5%7D; q="z"\r\nAuthorization: Basic dTpw\r\nX-Device-ID:  d1 \r\n\r\n',
      ],
    ]);
    assert.equal(messages.length, 1);
    assert.deepEqual(messages[0]!.facts, {
      'http.request.method': 'GET', 'url.domain': 'api.example', 'destination.domain': 'api.example', 'telltale.destination.domain_source': 'http',
      'url.path': '/v1/users/42', 'url.query': 'uid=7&name=J%C3%BCrgen+K&e=&flag', 'user_agent.original': 'App/1',
    });
    assert.deepEqual(fieldsOf(messages[0]), [
      'url.path=/v1/users/42', 'url.query.uid=7', 'url.query.name=(url)Jürgen K', 'url.query=e', 'url.query=flag',
      'http.request.header.host=Api.Example:8080', 'http.request.header.user-agent=App/1',
      'http.request.header.cookie.sid=abc', 'http.request.header.cookie.user.id=(url>json)5', 'http.request.header.cookie.q=z',
      'http.request.header.authorization=Basic dTpw', 'http.request.header.x-device-id=d1',
    ]);
    assert.deepEqual(messages[0]!.fields.map(({ key }) => key).slice(-2), ['Authorization', 'X-Device-ID']);
    assert.deepEqual(messages[0]!.encryption, { verdict: 'cleartext', reason: 'HTTP/1' });
  });

  test('a path without a version', () => {
    const { messages } = dissectStream([['source', 'GET /status?uid=471142\r\nHost: api.example\r\n\r\n']]);
    assert.deepEqual(fieldsOf(messages[0]), ['url.path=/status', 'url.query.uid=471142', 'http.request.header.host=api.example']);
    assert.deepEqual(dissectStream([['source', 'GET the book\r\n']]).messages.map(({ protocol }) => protocol), ['tcp']);
  });

  test('DNS in a body is DNS', () => {
    const question = Buffer.from('000001000001000000000000036170690765 78616d706c650000010001'.replace(' ', ''), 'hex');
    const { messages } = dissectStream([['source', post('Content-Type: application/dns-message\r\n', question)]]);
    assert.deepEqual(
      messages.map(({ protocol, facts }) => [protocol, facts['dns.question.name'] ?? facts['url.path']]),
      [
        ['dns', 'api.example'],
        ['http', '/x'],
      ],
    );
  });

  test('a key that is data is a value, and stands in no path', () => {
    const { messages } = dissectStream([
      ['source', 'GET /?jane%40example.org=1&user[id]=7 HTTP/1.1\r\nHost: h\r\nCookie: 490154203237518=x\r\n\r\n'],
    ]);
    assert.deepEqual(fieldsOf(messages[0]), [
      'url.query=(url)jane@example.org', 'url.query.*=1', 'url.query.user[id]=7', 'http.request.header.host=h',
      'http.request.header.cookie=490154203237518', 'http.request.header.cookie.*=x',
    ]);
  });

  test('absolute form with credentials', () => {
    const { messages } = dissectStream([['source', 'GET http://us%40er:pw@[2001:db8::1]:80/p?a=1#f HTTP/1.0\nHost: ignored\n\n']]);
    assert.equal(messages[0]!.facts['url.domain'], '2001:db8::1');
    assert.equal(messages[0]!.facts['destination.domain'], undefined);
    assert.deepEqual(fieldsOf(messages[0]).slice(0, 5), ['url.domain=[2001:db8::1]', 'url.username=(url)us@er', 'url.password=pw', 'url.path=/p', 'url.query.a=1']);
  });

  test('a folded header, a header that is none, a referer with a query', () => {
    const { messages, counters } = dissectStream([
      ['source', 'GET / HTTP/1.1\r\nX-A: one\r\n\t two\r\nnonsense\r\nReferer: http://b/?uid=9\r\n\r\n'],
    ]);
    assert.deepEqual(fieldsOf(messages[0]), [
      'http.request.header.x-a=one two', 'http.request.header.referer=http://b/?uid=9', 'http.request.header.referer.query.uid=9',
    ]);
    assert.equal(counters.get('http', 'malformed header'), 1);
  });

  test('frames are those of the packets that complete a value', () => {
    const { messages } = dissectStream([
      ['source', 'POST /p?uid=1'],
      ['source', '23&r=4 HTTP/1.1\r\nCookie: a=1; b='],
      ['source', '2\r\nContent-Le'],
      ['source', 'ngth: 13\r\n\r\n{"a":1,'],
      ['source', '"b":2}x'],
    ]);
    const frames = Object.fromEntries(messages[0]!.fields.map(({ path, frame }) => [path, frame]));
    assert.deepEqual(frames, {
      'url.path': 1, 'url.query.uid': 2, 'url.query.r': 2, 'http.request.header.cookie.a': 2, 'http.request.header.cookie.b': 3,
      'http.request.header.content-length': 4, 'http.request.body.json.a': 4, 'http.request.body.json.b': 5,
    });
    assert.equal(messages[0]!.frame, 5);
    assert.equal(messages[0]!.micros, 5);
  });

  test('pipelined requests are told apart, and matched to their responses', () => {
    const { messages } = dissectStream([
      ['source', 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: b\r\n\r\n\r\nGET /3 HTTP/1.1\r\nHost: c\r\n\r\n'],
      [
        'destination',
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 304 Not Modified\r\n'
          + 'Content-Length: 5\r\n\r\n',
      ],
    ]);
    assert.deepEqual(
      messages.map(({ facts }) => [
        facts['url.domain'], facts['url.path'], facts['http.request.method'], facts['http.response.status_code'],
      ]),
      [
        ['a', '/1', 'GET', undefined], ['b', '/2', 'HEAD', undefined], ['c', '/3', 'GET', undefined], ['a', undefined, 'GET', 200],
        ['b', undefined, 'HEAD', 200], ['c', undefined, 'GET', 304],
      ],
    );
  });

  test('a head cut by the end of the flow yields its whole lines', () => {
    const { messages, counters } = dissectStream([['source', 'GET /?uid=1 HTTP/1.1\r\nX-A: 1\r\nX-B: cu']]);
    assert.deepEqual(fieldsOf(messages[0]), ['url.query.uid=1', 'http.request.header.x-a=1']);
    assert.equal(counters.get('http', 'cut head'), 1);
  });

  test('bytes that are not UTF-8 become replacement characters', () => {
    const { messages } = dissectStream([['source', Buffer.from('GET /?a=%ff&b=\xfe HTTP/1.1\r\nX: \xc3\r\n\r\n', 'latin1')]]);
    assert.deepEqual(fieldsOf(messages[0]), ['url.query.a=(url)\ufffd', 'url.query.b=\ufffd', 'http.request.header.x=\ufffd']);
  });
});

describe('request body', () => {
  test('form, with JSON in a value', () => {
    assert.deepEqual(
      bodyFields(
        post(
          'Content-Type: application/x-www-form-urlencoded\r\n',
          'uid=1&data=%7B%22room%22%3A%7B%22id%22%3A12345678901234567890%7D%7D&x=[not json',
        ),
      ),
      ['http.request.body.form.uid=1', 'http.request.body.form.data.room.id=(url>json)12345678901234567890', 'http.request.body.form.x=[not json'],
    );
  });

  test('JSON is known by its content, whatever its type', () => {
    for (const type of ['', 'Content-Type: text/plain\r\n', 'Content-Type: application/vnd.api+json; charset=utf-8\r\n']) {
      assert.deepEqual(bodyFields(post(type, ' {"rooms":[{"id":18446744073709551615}]}')), [
        'http.request.body.json.rooms[0].id=18446744073709551615',
      ]);
    }
  });

  test('JSON in a string of JSON', () => {
    assert.deepEqual(bodyFields(post('', JSON.stringify({ e: JSON.stringify({ uid: 'u1' }) }))), ['http.request.body.json.e.uid=(json)u1']);
  });

  test('multipart: values and names of files, not their content', () => {
    const body =
      '--B\r\nContent-Disposition: form-data; name="uid"\r\n\r\n42\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="a\\"b.png"\r\n' +
      'Content-Type: image/png\r\n\r\nPNG\r\n--B\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{"imei":"35"}\r\n--B--\r\n';
    assert.deepEqual(bodyFields(post('Content-Type: multipart/form-data; boundary="B"\r\n', body)), [
      'http.request.body.multipart.uid=42', 'http.request.body.multipart.f.filename=a"b.png', 'http.request.body.multipart.meta.imei=(json)35',
    ]);
  });

  test('chunked, with extension and trailer (RFC 9112, section 7.1)', () => {
    const { messages } = dissectStream([
      ['source', `${requestLine}Transfer-Encoding: chunked\r\n\r\n4;name=value\r\n{"ui\r\n`],
      ['source', '6\r\nd":"7"\r\n2\r\n }\r\n0\r\nX-Sum: 1\r\n'],
      ['source', '\r\nGET /next HTTP/1.1\r\n\r\n'],
    ]);
    assert.equal(messages.length, 2);
    assert.deepEqual(fieldsOf(messages[0]).slice(2), [
      'http.request.header.transfer-encoding=chunked',
      'http.request.trailer.x-sum=1',
      'http.request.body.json.uid=7',
    ]);
    assert.equal(messages[0]!.fields.at(-1)!.frame, 2);
    assert.equal(messages[0]!.frame, 3);
    assert.equal(messages[1]!.facts['url.path'], '/next');
  });

  test('chunk sizes with leading zeros; one that is none ends the message', () => {
    const head = `${requestLine}Transfer-Encoding: chunked\r\n\r\n`;
    const zeros = dissectStream([['source', `${head}${'0'.repeat(40)}5\r\nuid=1\r\n000\r\n\r\nGET /2 HTTP/1.1\r\n\r\n`]]);
    assert.deepEqual(zeros.messages.map(({ facts }) => facts['url.path']), ['/x', '/2']);
    const none = dissectStream([['source', `${head}5\r\nuid=1\r\nzz\r\n`], ['source', 'GET /2 HTTP/1.1\r\n\r\n']]);
    assert.deepEqual(none.messages.map((message) => fieldsOf(message).at(-1)), ['http.request.body.form.uid=1', 'url.path=/2']);
    assert.equal(none.counters.get('http', 'malformed chunk'), 1);
  });

  const json = Buffer.from('{"uid":"u1"}');
  for (const [name, coding, bytes] of [
    ['gzip', 'gzip', gzipSync(json)],
    ['zlib', 'deflate', deflateSync(json)],
    ['bare deflate', 'deflate', deflateRawSync(json)],
    ['brotli', 'br', brotliCompressSync(json)],
  ] as const) {
    test(`${name}`, () => {
      assert.deepEqual(bodyFields(post(`Content-Encoding: ${coding}\r\n`, bytes)), [`http.request.body.json.uid=(${coding})u1`]);
    });
  }

  test('a compressed body that is cut yields what it held', () => {
    const whole = gzipSync(Buffer.from(`{"uid":"u1","rest":"${'abcdefgh'.repeat(4000)}${Array.from({ length: 999 }, (_, i) => i * 7919).join()}"}`));
    const { messages } = dissectStream([
      ['source', `${requestLine}Content-Encoding: gzip\r\nContent-Length: ${whole.length}\r\n\r\n`],
      ['source', whole.subarray(0, whole.length - 100)],
    ]);
    assert.deepEqual(fieldsOf(messages[0]).slice(-1), ['http.request.body.json.uid=(gzip)u1']);
    assert.equal(messages[0]!.fields.at(-1)!.frame, 2);
  });

  test('a bomb is bounded: it yields a beginning no longer than the bound', () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from('{"uid":"u1","x":"'), Buffer.alloc(50_000_000, 0x61)]));
    const { messages, counters } = dissectStream([['source', post('Content-Encoding: gzip\r\n', bomb)]], { maxBodyBytes: 100_000 });
    assert.equal(counters.get('http', 'bounded content'), 1);
    assert.equal(messages.length, 1);
    assert.ok((messages[0]!.payload?.length ?? 0) <= 100_000);
  });

  test('content under more codings than anybody needs is counted, not passed on packed', () => {
    let packed: Buffer = json;
    for (let i = 0; i < 4; i++) packed = gzipSync(packed);
    const { messages, counters } = dissectStream([['source', post('Content-Encoding: gzip, gzip, gzip, gzip\r\n', packed)]]);
    assert.equal(counters.get('http', 'bounded content'), 1);
    assert.equal(messages[0]!.payload, null);
  });

  test('content that is no gzip is counted, and the rest goes on', () => {
    const { messages, counters } = dissectStream([['source', post('Content-Encoding: gzip\r\n', 'plain')], ['source', 'GET /2 HTTP/1.1\r\n\r\n']]);
    assert.equal(counters.get('http', 'malformed content'), 1);
    assert.deepEqual(messages.map(({ facts }) => facts['url.path']), ['/x', '/2']);
  });

  test('a long body is emitted at its bound and skipped behind it', () => {
    const { dissector, result } = openStream({ maxBodyBytes: 1000 });
    dissector.data('source', post('', `uid=1&x=${'a'.repeat(5000)}`).subarray(0, 2000), 1, 1);
    assert.equal(result.messages.length, 1);
    assert.equal(result.messages[0]!.fields.find(({ path }) => path.endsWith('uid'))!.value, '1');
    dissector.data('source', Buffer.from(`${'a'.repeat(3087)}GET /2 HTTP/1.1\r\n\r\n`), 2, 2);
    assert.deepEqual(result.messages.map(({ facts }) => facts['url.path']), ['/x', '/2']);
    assert.equal(result.counters.get('http', 'bounded body'), 1);
  });

  test('a body cut by the end of the flow yields what was there', () => {
    const { messages, counters } = dissectStream([['source', `${requestLine}Content-Length: 100\r\n\r\n{"uid":"u1","b":"c`]]);
    assert.deepEqual(fieldsOf(messages[0]).slice(-1), ['http.request.body.json.uid=u1']);
    assert.equal(counters.get('http', 'cut body'), 1);
  });

  test('a body of no known form is left to the recogniser, a picture is not', () => {
    assert.equal(dissectStream([['source', post('Content-Type: application/octet-stream\r\n', 'a\x00b')]]).messages[0]!.payload!.toString(), 'a\0b');
    assert.equal(dissectStream([['source', post('Content-Type: image/png\r\n', 'a\x00b')]]).messages[0]!.payload, null);
  });

  test('fields are bounded', () => {
    const { messages, counters } = dissectStream([['source', post('', `{"a":[${'1,'.repeat(99)}1]}`)]], { maxFields: 50 });
    assert.equal(messages[0]!.fields.length, 50);
    assert.equal(counters.get('http', 'bounded fields'), 53);
  });

  test('Expect: 100-continue, granted and refused', () => {
    const ask = `${requestLine}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
    const granted = dissectStream([
      ['source', ask],
      ['destination', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['source', 'uid=1'],
      ['destination', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ]);
    assert.deepEqual(fieldsOf(granted.messages[0]).slice(-1), ['http.request.body.form.uid=1']);
    assert.equal(granted.messages[1]!.facts['http.response.status_code'], 204);
    const refused = dissectStream([
      ['source', ask],
      ['destination', 'HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n'],
      ['source', 'GET /2 HTTP/1.1\r\n\r\n'],
    ]);
    assert.deepEqual(
      refused.messages.map(({ facts }) => facts['url.path']),
      [undefined, '/x', '/2'],
    );
  });
});

describe('response', () => {
  const get: Packet = ['source', 'GET /a?uid=1 HTTP/1.1\r\nHost: h.example\r\n\r\n'];

  test('Set-Cookie and JSON are fields; path and query of the request are not repeated', () => {
    const { messages } = dissectStream([
      get,
      ['destination', 'HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc; Path=/\r\nContent-Type: application/json\r\n\r\n{"user":{"id":5}}'],
    ]);
    assert.deepEqual(messages[1]!.facts, {
      'http.response.status_code': 200, 'http.request.method': 'GET', 'url.domain': 'h.example',
      'destination.domain': 'h.example', 'telltale.destination.domain_source': 'http',
    });
    assert.deepEqual(fieldsOf(messages[1]), [
      'http.response.header.set-cookie.sid=abc',
      'http.response.header.content-type=application/json',
      'http.response.body.json.user.id=5',
    ]);
    assert.equal(messages[1]!.sender, 'destination');
  });

  describe('data in bodies of types that need not be data', () => {
    const read = (type: string, body: string | Buffer, coding = ''): string[] => {
      const head = Buffer.from(
        `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${coding === '' ? '' : `Content-Encoding: ${coding}\r\n`}Content-Length: ${body.length}\r\n\r\n`,
      );
      const { messages } = dissectStream([get, ['destination', Buffer.concat([head, Buffer.from(body)])]]);
      return fieldsOf(messages[1]).filter((field) => field.startsWith('http.response.body'));
    };

    test('JSON behind what keeps it from being a script, in a call, an assignment or a frame', () => {
      for (const [type, front, back] of [
        ['application/json', ")]}',\n", ''],
        ['text/javascript', '/**/ jsonp_17(', ');'],
        ['text/javascript', 'typeof cb === "function" && cb(', ')'],
        ['application/x-javascript', 'window.user = ', ';\n'],
        ['text/html', '<html><head></head><body><pre>', '</pre></body></html>'],
        ['text/plain', 'for(;;);', ''],
        ['text/plain', '', ''],
      ] as const)
        assert.deepEqual(read(type, `${front}{"user":{"id":5}}${back}`), ['http.response.body.json.user.id=5'], `${type} ${front}`);
    });

    test('XML: elements, attributes, and names beside their values', () => {
      assert.deepEqual(
        read(
          'text/xml',
          '<?xml version="1.0"?><!-- x --><s:Envelope xmlns:s="urn:x"><s:Body><user id="5"><mail> a&amp;b '
            + '</mail><n/></user></s:Body></s:Envelope>',
        ).slice(1),
        ['http.response.body.xml.Envelope.Body.user.id=5', 'http.response.body.xml.Envelope.Body.user.mail=a&b'],
      );
      assert.deepEqual(
        read(
          'application/x-plist',
          '<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-" "x"><plist><dict><key>uid</key><string>42</string></dict></plist>',
        ),
        ['http.response.body.xml.plist.dict.string=42'],
      );
      assert.deepEqual(
        read(
          'text/xml', '<methodResponse><member><name>uid</name><value><string><![CDATA[42]]></string></value></member></methodResponse>',
        ),
        ['http.response.body.xml.methodResponse.member.value.string=42'],
      );
    });

    test('packed, and a form', () => {
      assert.deepEqual(read('text/html', gzipSync('cb({"uid":"42"})'), 'gzip'), ['http.response.body.json.uid=(gzip)42']);
      assert.deepEqual(read('text/plain', 'uid=42&x=y'), ['http.response.body.form.uid=42', 'http.response.body.form.x=y']);
    });

    test('pages, scripts, feeds and pictures are content', () => {
      for (const [type, body] of [
        ['text/html', '<!DOCTYPE html><html><body uid="42">{"uid":"42"}</body></html>'], ['text/html', '<div uid="42">'],
        ['text/javascript', '(function(){var uid="42"})()'], ['text/javascript', 'uid="42";'],
        ['application/rss+xml', '<?xml version="1.0"?><rss><uid>42</uid></rss>'], ['image/svg+xml', '<svg><uid>42</uid></svg>'],
        ['text/html', '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html><uid>42</uid></html>'],
        ['text/plain', 'a text with uid=42'], ['text/css', 'a{uid:42}'],
      ] as const) assert.deepEqual(read(type, body), [], body);
    });
  });

  test('a page is passed over', () => {
    const { messages } = dissectStream([
      get,
      [
        'destination',
        'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
      ],
    ]);
    assert.deepEqual(messages.slice(1).map(({ facts, payload }) => [facts['http.response.status_code'], payload]), [[200, null], [404, null]]);
  });

  test('after an upgrade nothing is parsed', () => {
    const { messages } = dissectStream([
      ['source', 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
      ['destination', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
      ['source', 'GET /no HTTP/1.1\r\n\r\n'],
      ['destination', 'HTTP/1.1 200 OK\r\n\r\n'],
    ]);
    assert.deepEqual(messages.map(({ facts }) => [facts['url.path'], facts['http.response.status_code']]), [['/ws', undefined], [undefined, 101]]);
  });

  test('what runs in a tunnel is recognised anew', () => {
    const { messages } = dissectStream([
      ['source', 'CONNECT Inner.example:80 HTTP/1.1\r\nHost: x\r\n\r\n'], ['destination', 'HTTP/1.1 200 Connection established\r\n\r\n'],
      ['source', 'GET /in HTTP/1.1\r\nHost: inner.example\r\n\r\n'], ['destination', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ]);
    assert.deepEqual(
      messages.map(({ facts }) => [
        facts['http.request.method'], facts['url.domain'], facts['url.path'], facts['http.response.status_code'],
      ]),
      [
        ['CONNECT', 'inner.example', undefined, undefined], ['CONNECT', 'inner.example', undefined, 200],
        ['GET', 'inner.example', '/in', undefined], ['GET', 'inner.example', undefined, 200],
      ],
    );
  });
});

describe('gap', () => {
  test('inside a body of known length the next message is found by its length', () => {
    const { dissector, result } = openStream();
    dissector.data('source', Buffer.from(`${requestLine}Content-Length: 100\r\n\r\nuid=1&`), 1, 1);
    dissector.gap('source', 90);
    dissector.data('source', Buffer.from('zzzzGET /2 HTTP/1.1\r\n\r\n'), 2, 2);
    assert.deepEqual(result.messages.map(({ facts }) => facts['url.path']), ['/x', '/2']);
    assert.ok(fieldsOf(result.messages[0]).includes('http.request.body.form.uid=1'));
  });

  test('elsewhere the next request line is looked for', () => {
    const { dissector, result } = openStream();
    dissector.data('source', Buffer.from('GET /1 HTTP/1.1\r\nX-A: '), 1, 1);
    dissector.gap('source', 90);
    dissector.data('source', Buffer.from('rest of a header\r\n\r\nno request HTTP/1.1\x01'), 2, 2);
    dissector.data('source', Buffer.from('GET /2?HTTP/1. HTTP/1.1\r\n\r\n'), 3, 3);
    assert.deepEqual(result.messages.map(({ facts }) => facts['url.path']), ['/1', '/2']);
  });

  test('and the next status line', () => {
    const { dissector, result } = openStream();
    dissector.data('destination', Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'), 1, 1);
    dissector.gap('destination', 15);
    dissector.data('destination', Buffer.from('....HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'), 2, 2);
    assert.deepEqual(result.messages.map(({ facts }) => facts['http.response.status_code']), [200, 404]);
  });
});
