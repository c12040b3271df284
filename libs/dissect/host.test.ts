import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostOf } from './host.ts';
import { dissectStream } from './testing/packets.ts';

const bytes = (text: string): string => Buffer.from(text).toString('latin1');

test('hosts as they are in use', () => {
  const hosts: [written: string, host: string][] = [
    ['', ''], ['Api.Example:8080', 'api.example'], ['example.com.', 'example.com'], ['localhost:', 'localhost'], ['198.51.100.7:80', '198.51.100.7'],
    ['my_host.example', 'my_host.example'], ['r3---sn-4g5e.example', 'r3---sn-4g5e.example'], ['_dmarc.example', '_dmarc.example'],
    ['[2001:DB8:0:0::1]:443', '2001:db8::1'], ['[fe80::1%25en0]', 'fe80::1'], ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    [bytes('Bücher.example:80'), 'bücher.example'], [bytes('例え.テスト'), '例え.テスト'], [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ];
  for (const [written, host] of hosts) for (const again of [1, 2]) assert.equal(hostOf(written), host, `${written} (${again})`);
});

test('what is none', () => {
  for (const none of [
    '<script>alert(1)</script>', 'a.example/b', 'user@a.example', 'a b', 'a, b', 'a..b', '.a', 'a.example:port', 'a:1:2', '2001:db8::1',
    '[2001:db8::1', '[::g]',
    '[v1.a:b]', '[]', '[198.51.100.7]', 'a%20b', '"a"', "a'--", 'a\u0000b', 'a\x1b[31m', '\xff\xfe', bytes('a\u202eb'),
    bytes('a\u200b.example'), `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`, 'a'.repeat(8192), '${jndi:ldap://a}', '*', '()',
  ]) assert.equal(hostOf(none), null, none);
});

test(
  'property: a host that a URL parser takes as it is, and of any text no other than letters, digits, hyphens, underscores, dots and colons',
  () => {
    fc.assert(fc.property(fc.domain(), (name) => assert.equal(hostOf(name), name.toLowerCase())));
    fc.assert(fc.property(fc.ipV6(), (address) => assert.equal(`[${hostOf(`[${address}]`)}]`, new URL(`http://[${address}]`).hostname)));
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string()),
        (text) => assert.match(hostOf(bytes(text)) ?? '', /^[\p{L}\p{M}\p{N}_.:-]*$/u),
      ),
      { numRuns: 5000 },
    );
  },
);

test('a request whose host is none is told with all else, and counted', () => {
  const { messages, counters } = dissectStream([
    ['source', 'GET /a?uid=7 HTTP/1.1\r\nHost: <img src=x>\r\nUser-Agent: App/1\r\n\r\nGET /b HTTP/1.1\r\nHost: a.example\r\n\r\n'],
    ['destination', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ]);
  assert.deepEqual(messages.map(({ facts }) => facts), [
    { 'http.request.method': 'GET', 'url.path': '/a', 'url.query': 'uid=7', 'user_agent.original': 'App/1' },
    {
      'http.request.method': 'GET', 'url.domain': 'a.example', 'destination.domain': 'a.example',
      'telltale.destination.domain_source': 'http', 'url.path': '/b',
    },
    { 'http.response.status_code': 200, 'http.request.method': 'GET' },
  ]);
  assert.ok(
    messages[0]!.fields.some(({ path, value }) => path === 'http.request.header.host' && value === '<img src=x>'),
    'it is still searched for identifiers',
  );
  assert.equal(counters.get('http', 'malformed host'), 1);
});
