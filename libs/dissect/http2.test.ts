import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import * as net from 'node:net';
import { describe, test } from 'node:test';
import { HpackDecoder, HpackError } from './hpack.ts';
import { dissectStream, fieldsOf, openStream, type Packet } from './testing/packets.ts';
import { conversations, http2Frame } from './testing/samples.ts';

/** Blocks of one direction in hexadecimal, and the headers they contain: RFC 7541, appendix C.3 to C.6. */
const vectors: Record<string, [block: string, headers: string][]> = {
  'C.3': [
    ['828684410f7777772e6578616d706c652e636f6d', ':method GET|:scheme http|:path /|:authority www.example.com'],
    ['828684be58086e6f2d6361636865', ':method GET|:scheme http|:path /|:authority www.example.com|cache-control no-cache'],
    [
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
      ':method GET|:scheme https|:path /index.html|:authority www.example.com|custom-key custom-value',
    ],
  ],
  'C.4': [
    ['828684418cf1e3c2e5f23a6ba0ab90f4ff', ':method GET|:scheme http|:path /|:authority www.example.com'],
    ['828684be5886a8eb10649cbf', ':method GET|:scheme http|:path /|:authority www.example.com|cache-control no-cache'],
    [
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      ':method GET|:scheme https|:path /index.html|:authority www.example.com|custom-key custom-value',
    ],
  ],
  'C.6': [
    ['488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      ':status 302|cache-control private|date Mon, 21 Oct 2013 20:13:21 GMT|location https://www.example.com'],
    ['4883640effc1c0bf', ':status 307|cache-control private|date Mon, 21 Oct 2013 20:13:21 GMT|location https://www.example.com'],
  ],
};

function decodeAll(decoder: HpackDecoder, block: string): string {
  const headers: string[] = [];
  decoder.decode(Buffer.from(block, 'hex'), (name, value) => headers.push(`${name} ${value}`));
  return headers.join('|');
}

describe('HPACK', () => {
  for (const [name, blocks] of Object.entries(vectors)) {
    test(`RFC 7541, appendix ${name}`, () => {
      const decoder = new HpackDecoder();
      for (const [block, headers] of blocks) assert.equal(decodeAll(decoder, block), headers);
    });
  }

  test('the table forgets its oldest entries', () => {
    const decoder = new HpackDecoder();
    decodeAll(decoder, '3f41' + '4001610162'.repeat(4));
    assert.equal(decodeAll(decoder, 'bebf'), 'a b|a b');
    assert.throws(() => decodeAll(decoder, 'c0'), HpackError);
  });

  test('after a loss, what was lost is left out', () => {
    const decoder = new HpackDecoder();
    decoder.forget();
    assert.equal(decodeAll(decoder, '82be' + '4001610162' + 'bebf'), ':method GET|a b|a b');
  });

  test('malformed blocks', () => {
    for (const block of ['80', 'ff', '41', '4001', '0082ffff', '00843fffffff', '7fffffffffff', '3fe1ffff7f'])
      assert.throws(() => decodeAll(new HpackDecoder(), block), HpackError, block);
  });
});

describe('HTTP/2', () => {
  test('what HTTP/1 would tell', () => {
    const { messages } = dissectStream(conversations['http2']!);
    assert.deepEqual(
      messages.map(({ sender, facts }) => [sender, facts['http.request.method'], facts['url.domain'], facts['http.response.status_code']]),
      [
        ['source', 'GET', 'www.example.com', undefined], ['source', 'GET', 'www.example.com', undefined],
        ['destination', 'GET', 'www.example.com', 200], ['destination', 'GET', 'www.example.com', 404],
      ],
    );
    assert.deepEqual(fieldsOf(messages[1]), [
      'http.request.header.host=www.example.com', 'http.request.header.cache-control=no-cache', 'http.request.body.json.uid=5',
    ]);
    assert.deepEqual(fieldsOf(messages[2]), ['http.response.header.content-type=application/json', 'http.response.body.json.user_id=u1']);
  });

  test('a status that is no number of three digits is counted, and what follows is read', () => {
    for (const status of ['2x0', '-20', '1e3', '999999']) {
      const { dissector, result } = openStream();
      dissector.data('source', conversations['http2']![0]![1] as Buffer, 1, 1);
      const told = result.messages.length;
      dissector.data(
        'destination',
        Buffer.concat([http2Frame(4, 0, 0, ''), http2Frame(1, 5, 1, `480${status.length}${Buffer.from(status).toString('hex')}`)]),
        2,
        2,
      );
      assert.equal(result.messages.length, told, status);
      assert.equal(result.counters.get('http', 'malformed status'), 1, status);
      dissector.data('destination', http2Frame(1, 5, 3, '88'), 3, 3);
      assert.equal(result.messages.at(-1)!.facts['http.response.status_code'], 200);
    }
  });

  test('a gap inside a body loses the rest of that body, one elsewhere the headers that it had', () => {
    const { dissector, result } = openStream();
    const request = conversations['http2']![0]![1] as Buffer;
    dissector.data('source', request.subarray(0, request.length - 8), 1, 1);
    dissector.gap('source', 8);
    dissector.data('source', http2Frame(1, 5, 5, '828684bf'), 2, 2);
    dissector.gap('source', 50);
    dissector.data('source', http2Frame(1, 5, 7, '828684bf'), 3, 3);
    assert.deepEqual(result.messages.map(({ facts }) => facts['url.domain']), ['www.example.com', 'www.example.com', 'www.example.com', undefined]);
  });

  test('a gap in a frame that is passed over ends no message', () => {
    const { dissector, result } = openStream();
    const headers = http2Frame(1, 4, 1, '83 84 86 41 01 61'.replaceAll(' ', ''));
    const body = Buffer.from('{"uid":"u-17"}');
    const start = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), headers, http2Frame(0, 0, 1, body.subarray(0, 6).toString('hex'))]);
    const unknown = http2Frame(0x10, 0, 0, '00'.repeat(64));
    dissector.data('source', Buffer.concat([start, unknown.subarray(0, 30)]), 1, 1);
    dissector.gap('source', 20);
    dissector.data('source', Buffer.concat([unknown.subarray(50), http2Frame(0, 1, 1, body.subarray(6).toString('hex'))]), 2, 2);
    assert.ok(result.messages.flatMap((message) => fieldsOf(message)).includes('http.request.body.json.uid=u-17'));
  });

  test('what a real client and server say', async () => {
    const packets: Packet[] = [];
    const server = createServer((request, response) => {
      response.setHeader('set-cookie', ['sid=s%201; Path=/', 'b=2']);
      response.setHeader('content-type', 'application/json');
      request.resume().on('end', () => response.end(JSON.stringify({ path: request.url, user_id: 'u-17' })));
    });
    const proxy = net.createServer((near) => {
      const far = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
      near.on('data', (bytes) => { packets.push(['source', Buffer.from(bytes)]); far.write(bytes); });
      far.on('data', (bytes) => { packets.push(['destination', Buffer.from(bytes)]); near.write(bytes); });
      near.on('close', () => far.destroy());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const client = connect(`http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`);
    for (const number of [1, 2, 3]) {
      const request = client.request({
        ':method': 'POST', ':path': `/rooms/${number}?uid=${number}`, ':authority': 'api.example', 'content-type': 'application/json',
        'x-device': `d-${number}`, 'user-agent': 'test/1',
      });
      request.end(JSON.stringify({ room_id: `r${number}` }));
      request.resume();
      await once(request, 'end');
    }
    client.close();
    await once(client, 'close');
    await Promise.all([server, proxy].map((one) => new Promise((resolve) => { one.close(resolve); })));

    const { messages } = dissectStream(packets);
    const [requests, responses] = [messages.filter(({ sender }) => sender === 'source'), messages.filter(({ sender }) => sender === 'destination')];
    assert.deepEqual(requests.map(({ facts }) => facts['url.query']), ['uid=1', 'uid=2', 'uid=3']);
    assert.deepEqual(fieldsOf(requests[2]), [
      'url.path=/rooms/3', 'url.query.uid=3', 'http.request.header.host=api.example', 'http.request.header.content-type=application/json',
      'http.request.header.x-device=d-3',
      'http.request.header.user-agent=test/1', 'http.request.body.json.room_id=r3',
    ]);
    for (const expected of [
      'http.response.header.set-cookie.sid=(url)s 1', 'http.response.body.json.path=/rooms/2?uid=2', 'http.response.body.json.user_id=u-17',
    ]) {
      assert.ok(fieldsOf(responses[1]).includes(expected), expected);
    }
    assert.equal(responses.length, 3);
  });
});
