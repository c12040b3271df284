import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldsOf, readLog, survivesDamage } from './testing/read-log.ts';

const entry = (url: string, request: object = {}, response: object = {}, more: object = {}): object => ({
  startedDateTime: '2024-05-01T12:00:00.123Z', time: 5, serverIPAddress: '198.51.100.7',
  request: { method: 'GET', url, httpVersion: 'HTTP/2', headers: [], queryString: [], cookies: [], ...request },
  response: { status: 200, httpVersion: 'HTTP/2', headers: [], cookies: [], content: { size: 0, mimeType: '' }, ...response }, ...more,
});
const archive = (...entries: object[]): string => JSON.stringify({ log: { version: '1.2', creator: { name: 'x', version: '1' }, entries } }, null, 2);

test('an exchange over TLS is visible to the inspection only', () => {
  const { entries: [first], problems } = readLog('a.har', archive(entry('https://API.example.org/v1/users?uid=1840273651', {
    method: 'POST',
    headers: [
      { name: ':method', value: 'POST' }, { name: 'cookie', value: 'sid=s3ss10n' }, { name: 'content-type', value: 'application/json' },
      { name: 'content-length', value: '99' },
    ],
    postData: { mimeType: 'application/json', text: '{"room":{"id":"M5kq"}}' },
  }, { content: { mimeType: 'application/json', text: Buffer.from('{"token":"t0k"}').toString('base64'), encoding: 'base64' } })));
  assert.deepEqual(problems, []);
  assert.equal(first!.visibility, 'inspected');
  assert.deepEqual(first!.endpoints, { sourceIp: '0.0.0.0', sourcePort: 0, destinationIp: '198.51.100.7', destinationPort: 443, transport: 'tcp' });
  assert.deepEqual(first!.messages.map(({ encryption }) => encryption.verdict), ['encrypted', 'encrypted']);
  assert.equal(first!.messages[0]!.facts['url.domain'], 'api.example.org');
  const fields = fieldsOf(first!);
  for (const expected of [
    'url.query.uid=1840273651',
    'http.request.header.cookie.sid=s3ss10n',
    'http.request.body.json.room.id=M5kq',
    'http.response.body.json.token=t0k',
  ]) {
    assert.ok(fields.includes(expected), `${expected} in ${fields.join(' ')}`);
  }
});

test('an exchange in clear is cleartext; the server may be named by its address, or by none', () => {
  const { entries } = readLog('a.har', archive(
    entry('http://192.0.2.9:8080/', {}, {}, { serverIPAddress: '' }),
    entry('https://[2001:db8::5]/', {}, { httpVersion: 'h3' }, { serverIPAddress: '[2001:db8::5]' }),
    entry('https://example.org/', {}, {}, { serverIPAddress: undefined }),
  ));
  assert.deepEqual(
    entries.map(({ endpoints, visibility }) => [endpoints.destinationIp, endpoints.destinationPort, endpoints.transport, visibility]),
    [['192.0.2.9', 8080, 'tcp', 'cleartext'], ['2001:db8::5', 443, 'udp', 'inspected'], ['0.0.0.0', 443, 'tcp', 'inspected']],
  );
});

test('cookies and forms that stand in lists of their own, and WebSocket messages', () => {
  const { entries: [first] } = readLog(
    'a.har',
    archive(
      entry(
        'https://example.org/f',
        {
          method: 'POST', cookies: [{ name: 'uid', value: '42' }],
          postData: { mimeType: 'application/x-www-form-urlencoded', params: [{ name: 'e mail', value: 'a&b' }] },
        },
        { cookies: [{ name: 'sid', value: 'x' }] },
        {
          _webSocketMessages: [
            { type: 'send', time: 1714564803.5, opcode: 1, data: '{"uid":"7"}' }, { type: 'receive', opcode: 2, data: 'AAEC' },
            { type: 'error', data: 'x' },
          ],
        },
      ),
    ),
  );
  const fields = fieldsOf(first!);
  for (const expected of ['http.request.header.cookie.uid=42', 'http.request.body.form.e mail=a&b', 'http.response.header.set-cookie.sid=x'])
    assert.ok(fields.includes(expected), `${expected} in ${fields.join(' ')}`);
  assert.deepEqual(
    first!.messages.slice(2).map(({ sender, payload, micros }) => [sender, payload!.toString('hex'), micros]),
    [
      ['source', Buffer.from('{"uid":"7"}').toString('hex'), 1_714_564_803_500_000],
      ['destination', '000102', first!.micros],
    ],
  );
});

test('unusable entries are counted with their number, and the others are read', () => {
  const good = entry('https://example.org/');
  const { entries, problems } = readLog(
    'a.har', archive(entry('example.org'), entry('https://example.org/', {}, {}, { startedDateTime: 'now' }), {}, good),
  );
  assert.deepEqual(entries.map(({ line }) => line), [4]);
  assert.deepEqual(problems.map(({ line, reason }) => [line, reason]), [
    [1, 'request.url missing or malformed'], [2, 'startedDateTime missing or malformed'], [3, 'request.url missing or malformed'],
  ]);
  assert.deepEqual(readLog('a.har', '{"log": {"entries": null}}').problems.map(({ reason }) => reason), ['no entries']);
});

test('of an archive that is cut, or damaged in one entry, the other entries are read', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((path) => entry(`https://example.org/${path}`));
  const written = archive(first!, second!, third!);
  const read = (content: string): unknown => {
    const { entries, problems } = readLog('a.har', content, 7);
    return [entries.map(({ line }) => line), problems.map(({ line, reason }) => [line, reason])];
  };
  assert.deepEqual(read(written.slice(0, written.indexOf('/c'))), [[1, 2], [[3, 'cut document']]]);
  assert.deepEqual(read(written.replace('/b"', '/b')), [[1, 3], [[2, 'malformed entry']]]);
});

test('what a browser answered itself, or did not let out, nobody saw', () => {
  const { entries, counters, problems } = readLog('a.har', archive(
    entry('https://example.org/cached', {}, {}, { _fromCache: 'disk' }),
    entry('https://ads.example.org/', {}, { status: 0, _error: 'net::ERR_BLOCKED_BY_CLIENT' }),
    entry('data:image/png;base64,AA=='), entry('chrome-extension://abc/x.js'),
    entry('https://example.org/aborted', {}, { status: 0, _error: 'net::ERR_ABORTED' }),
  ));
  assert.deepEqual([entries.map(({ line }) => line), problems], [[5], []]);
  assert.equal(counters.get('har', 'requests that did not leave the browser'), 4);
});

test('property: no header value or path breaks out of its place', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.webUrl({ withQueryParameters: true }), (value, url) => {
    const { entries: [first] } = readLog('a.har', archive(entry(url, {
      headers: [{ name: 'x-a', value: `${value}\r\nX-Injected: 1\r\n\r\nGET / HTTP/1.1` }],
    })));
    assert.equal(first!.messages.filter(({ sender }) => sender === 'source').length, 1);
    assert.ok(!fieldsOf(first!).some((field) => field.startsWith('http.request.header.x-injected')));
    assert.equal(first!.messages[0]!.facts['url.domain'], new URL(url).hostname);
  }));
});

test('damaged archives are survived', () => {
  survivesDamage([archive(entry('https://example.org/a?b=c', { postData: { text: 'x' } }))], 5000);
});
