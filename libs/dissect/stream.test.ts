import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dissectStream, openStream } from './testing/packets.ts';

test('text that nothing claims is handed over line by line', () => {
  const { messages } = dissectStream([['destination', 'Hello, who?\r\n'], ['source', 'me@example.com\r\nwith '], ['source', 'secret\r\n\r\nQUIT']]);
  assert.deepEqual(
    messages.map(({ protocol, sender, frame, payload, encryption }) => [protocol, sender, frame, payload!.toString(), encryption.verdict]),
    [
      ['tcp', 'destination', 1, 'Hello, who?', 'cleartext'], ['tcp', 'source', 2, 'me@example.com', 'cleartext'],
      ['tcp', 'source', 3, 'with secret', 'cleartext'], ['tcp', 'source', 3, 'QUIT', 'cleartext'],
    ],
  );
});

test('a binary message that begins with the byte of a line break is handed over whole', () => {
  const message = Buffer.from('\n\x08harbour7\x12\x04jane\n', 'latin1');
  assert.deepEqual(
    dissectStream([['source', message]]).messages.map(({ payload, encryption }) => [payload, encryption.verdict]),
    [[message, 'opaque']],
  );
  assert.deepEqual(
    dissectStream([['source', '\r\n\nQUIT\r\n']]).messages.map(({ payload }) => payload!.toString()),
    ['QUIT'],
  );
});

test('a line is there as soon as it ends', () => {
  const { dissector, result } = openStream();
  dissector.data('source', Buffer.from('QUIT\r\n'), 1, 1);
  assert.equal(result.messages.length, 1);
});

test('binary is handed over packet by packet', () => {
  const { messages } = dissectStream([
    ['source', Buffer.from('d2fe00050000', 'hex')],
    ['source', Buffer.alloc(5000)],
    ['destination', Buffer.alloc(80, 1)],
    ['source', Buffer.alloc(8, 0x91)],
  ]);
  assert.deepEqual(
    messages.map(({ protocol, sender, encryption, payload, sample }) => [protocol, sender, encryption.verdict, payload!.length, sample!.length]),
    [
      ['tcp', 'source', 'opaque', 6, 6],
      ['tcp', 'source', 'opaque', 5000, 256],
      ['tcp', 'destination', 'opaque', 80, 80],
      ['tcp', 'source', 'opaque', 8, 8],
    ],
  );
  const packets = Array.from({ length: 20 }, (): ['source', Buffer] => ['source', Buffer.alloc(8, 0x91)]);
  assert.equal(dissectStream(packets).messages.filter(({ sample }) => sample !== undefined).length, 4);
});

test('SSH is encrypted: the names of its algorithms are not read', () => {
  const { messages } = dissectStream([['destination', 'SSH-2.0-OpenSSH_9.6\r\n'], ['source', 'SSH-2.0-client\r\n\0\0\0\x17umac-64@openssh.com']]);
  assert.deepEqual(messages.map(({ protocol, encryption, payload }) => [protocol, encryption.verdict, payload]), [['ssh', 'encrypted', null]]);
});

test('binary is bounded per direction', () => {
  const { messages, counters } = dissectStream([['source', Buffer.alloc(12, 0x91)], ['source', Buffer.alloc(12, 0x91)]], { maxUnclaimedBytes: 20 });
  assert.deepEqual([messages.length, counters.get('tcp', 'bounded payload')], [1, 1]);
});

test('text is bounded per direction', () => {
  const { messages, counters } = dissectStream([['source', 'one line\n'.repeat(50)], ['destination', 'other\n']], { maxUnclaimedBytes: 20 });
  assert.deepEqual(messages.map(({ payload }) => payload!.toString()), ['one line', 'one line', 'other']);
  assert.equal(counters.get('tcp', 'bounded text'), 1);
});

test('either direction claims the flow, and the other is read with it', () => {
  const { messages } = dissectStream([
    ['source', 'POS'],
    ['destination', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['source', 'T / HTTP/1.1\r\nContent-Length: 5\r\n\r\nuid=1'],
  ]);
  assert.deepEqual(
    messages.map(({ protocol, facts }) => [protocol, facts['http.request.method']]),
    [['http', 'POST']],
  );
});

test('a flow caught in the middle is read from the next request on', () => {
  const { messages } = dissectStream([['source', Buffer.alloc(100, 0x85)], ['source', 'GET /a HTTP/1.1\r\n\r\n']]);
  assert.deepEqual(messages.map(({ protocol, facts }) => [protocol, facts['url.path']]), [['tcp', undefined], ['http', '/a']]);
});

test('a request that ends without a line break is neither lost nor waited for', () => {
  const { messages } = dissectStream([['source', 'GET /never-ending']]);
  assert.deepEqual(messages.map(({ protocol, payload }) => [protocol, payload!.toString()]), [['tcp', 'GET /never-ending']]);
});

test('behind a SOCKS negotiation the inner protocol is found, whatever is left of the replies', () => {
  const { messages } = dissectStream([
    ['source', Buffer.from('050100', 'hex')], ['destination', Buffer.from('0500', 'hex')], ['source', Buffer.from('05010001c00002010050', 'hex')],
    ['destination', Buffer.from('05000001', 'hex')], ['source', 'GET /in HTTP/1.1\r\n\r\n'],
  ]);
  assert.equal(messages.at(-1)!.facts['url.path'], '/in');
});
