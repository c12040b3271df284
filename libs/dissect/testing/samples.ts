import { brotliCompressSync, gzipSync } from 'node:zlib';
import { dnsAnswer, dnsQuery, tlsClientHello } from '#capture';
import { binaryConversations, binaryDatagrams } from './binary-samples.ts';
import type { Packet } from './packets.ts';

const json = Buffer.from('{"user":{"id":9007199254740993,"mail":"a@example.com"},"rooms":[{"id":"r1"},{"id":"r2"}],"t":"\\u00e9","nested":"{\\"k\\":[1,2]}"}');

function http(startLine: string, headers: string, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body as Buffer);
  const length = bytes.length > 0 ? `Content-Length: ${bytes.length}\r\n` : '';
  return Buffer.concat([Buffer.from(`${startLine}\r\nHost: api.example\r\n${headers}${length}\r\n`), bytes]);
}

function chunked(startLine: string, headers: string, body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [Buffer.from(`${startLine}\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\nX-Trailer: 1\r\n\r\n')]);
}

const multipart = '--B\r\nContent-Disposition: form-data; name="uid"\r\n\r\n42\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x.png"\r\n\r\n\x89PNG\r\n--B--\r\n';

/** Conversations over TCP, one side's bytes after the other's, that between them use every dissector. */
export const conversations: Record<string, Packet[]> = {
  ...binaryConversations,
  'requests and responses': [
    ['source', http('GET /v1/users/7?uid=1&q=%7B%22a%22%3A1%7D&x=%zz HTTP/1.1', 'Cookie: sid=1; u=%41\r\nX-Folded: a\r\n b\r\n')],
    ['destination', http('HTTP/1.1 200 OK', 'Content-Type: application/json\r\nSet-Cookie: s=2; Path=/\r\n', json)],
    ['source', Buffer.concat([
      http('POST /a HTTP/1.1', 'Content-Type: application/json\r\n', json), http('HEAD /b HTTP/1.1', ''),
      http('POST /c HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded\r\n', 'uid=5&data=%5B1%2C2%5D'),
    ])],
    ['destination', Buffer.concat([
      http('HTTP/1.1 204 No Content', ''), Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n'), chunked('HTTP/1.1 200 OK', 'Content-Type: text/html\r\n', Buffer.from('<html>hello</html>'), 5),
    ])],
    ['source', Buffer.concat([
      chunked('POST /d HTTP/1.1', 'Content-Encoding: gzip\r\n', gzipSync(json), 30), http('PUT /e HTTP/1.1', 'Content-Encoding: br\r\n', brotliCompressSync(json)),
      http('POST /f HTTP/1.1', 'Content-Type: multipart/form-data; boundary=B\r\n', Buffer.from(multipart, 'latin1')), http('POST /g HTTP/1.1', 'Content-Type: application/octet-stream\r\n', Buffer.from('00ff1041', 'hex')),
    ])],
    ['destination', Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n  {"until":"close","id":12}')],
  ],
  'upgrade': [
    ['source', http('GET /ws HTTP/1.1', 'Upgrade: websocket\r\nConnection: Upgrade\r\n')],
    ['destination', Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello', 'latin1')],
  ],
  'tunnel': [
    ['source', Buffer.from('CONNECT zoom.us:443 HTTP/1.1\r\n\r\n')],
    ['destination', Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
    ['source', tlsClientHello({ serverName: 'zoom.us', alpn: ['h2'] })],
  ],
  'tls': [['source', tlsClientHello({ serverName: 'meet.example' })], ['destination', Buffer.from(`16030300060200000201001703030014${'00'.repeat(20)}`, 'hex')]],
  'mail': [
    ['destination', Buffer.from('220 mail.example ESMTP\r\n')],
    ['source', Buffer.from('EHLO me\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\n')],
    ['destination', Buffer.from('250 ok\r\n235 go\r\n220 ready\r\n')],
    ['source', tlsClientHello({ serverName: 'mail.example' })],
  ],
  'dns': [
    ['source', Buffer.concat([lengthPrefixed(dnsQuery(1, 'a.example', 'A')), lengthPrefixed(dnsQuery(2, 'b.example', 'AAAA'))])],
    ['destination', lengthPrefixed(dnsAnswer(1, 'a.example', 'A', [{ name: 'a.example', type: 'A', data: '192.0.2.1', ttl: 60 }]))],
  ],
  'stun': [
    ['source', Buffer.from(`000300102112a442${'01'.repeat(12)}0006000b757365723a312d3233343500`, 'hex')],
    ['destination', Buffer.from(`010100002112a442${'01'.repeat(12)}40000003616263000101000c2112a442${'01'.repeat(12)}002000080001a147e112a643`, 'hex')],
  ],
};

/** Datagrams of every kind that is known. */
export const datagrams: Buffer[] = [
  ...binaryDatagrams,
  dnsQuery(1, 'a.example', 'A'),
  dnsAnswer(2, 'www.example', 'A', [{ name: 'www.example', type: 'CNAME', data: 'cdn.example', ttl: 60 }, { name: 'cdn.example', type: 'A', data: '192.0.2.1', ttl: 60 }]),
  Buffer.from(`000300102112a442${'01'.repeat(12)}0006000b757365723a312d3233343500`, 'hex'),
  Buffer.concat([Buffer.from('005a384c000021000000000004534e49000900', 'hex'), Buffer.from('a.example')]),
  Buffer.from(`c300000001088394c8f03e5157080000449e00000002${'00'.repeat(40)}`, 'hex'),
  Buffer.from('16feff0000000000000000001001000004000000000000000400000000', 'hex'),
  Buffer.from('80e0000100000001deadbeef90817263fe01bb9c00', 'hex'),
  Buffer.from('{"uid":123456,"room":"lobby"}'),
];

function lengthPrefixed(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
