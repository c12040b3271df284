import { brotliCompressSync, constants, deflateRawSync, gzipSync } from 'node:zlib';
import { dnsAnswer, dnsQuery, tlsClientHello } from '#capture';
import { binaryConversations, binaryDatagrams } from './binary-samples.ts';
import { loginConversations, loginDatagrams } from './login-samples.ts';
import type { Packet } from './packets.ts';

const json = Buffer.from(
  '{"user":{"id":9007199254740993,"mail":"a@example.com"},"rooms":[{"id":"r1"},{"id":"r2"}],"t":"\\u00e9","nested":"{\\"k\\":[1,2]}"}',
);

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

const multipart =
  '--B\r\nContent-Disposition: form-data; name="uid"\r\n\r\n42\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x.png"\r\n\r\n'
    + '\x89PNG\r\n--B--\r\n';

const invite = [
  'INVITE sip:00442079460000@b.example SIP/2.0', 'Via: SIP/2.0/TCP 192.0.2.7:5060;branch=z9hG4bK1;received=198.51.100.9',
  'From: "Jane" <sip:jane@a.example>;tag=1',
  't: <tel:+44-20-7946-0000>', 'm: <sip:jane@192.0.2.7>;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"', 'Call-ID: 1@192.0.2.7',
  'Authorization: Digest username="jd", realm="a.example", nonce="n"', 'Content-Type: application/sdp', 'l: 127', '',
  'v=0', 'o=jane 1 1 IN IP4 192.0.2.7', 's=-', 'c=IN IP4 203.0.113.5', 'm=audio 1 RTP/AVP 0', 'a=candidate:1 1 UDP 2 2001:db8::1 9 typ host ', '',
].join('\r\n');

const kerberosReply = ber(
  0x6b,
  ber(
    0x30,
    ber(0xa0, ber(2, '\x05')),
    ber(0xa1, ber(2, '\x0b')),
    ber(0xa3, ber(0x1b, 'A.EXAMPLE')),
    ber(0xa4, ber(0x30, ber(0xa0, ber(2, '\x01')), ber(0xa1, ber(0x30, ber(0x1b, 'jane'), ber(0x1b, 'admin'))))),
  ),
);
const kerberosRequest = ber(
  0x6a,
  ber(
    0x30,
    ber(0xa1, ber(2, '\x05')),
    ber(0xa2, ber(2, '\x0a')),
    ber(
      0xa4,
      ber(
        0x30,
        ber(0xa0, ber(3, '\0\0')),
        ber(0xa1, ber(0x30, ber(0xa0, ber(2, '\x01')), ber(0xa1, ber(0x30, ber(0x1b, 'jane'))))),
        ber(0xa2, ber(0x1b, 'A.EXAMPLE')),
      ),
    ),
  ),
);

/** TCP conversations, in the order of their packets, that together use every dissector. */
export const conversations: Record<string, Packet[]> = {
  ...loginConversations,
  ...binaryConversations,
  'requests and responses': [
    ['source', http('GET /v1/users/7?uid=1&q=%7B%22a%22%3A1%7D&x=%zz HTTP/1.1', 'Cookie: sid=1; u=%41\r\nX-Folded: a\r\n b\r\n')],
    ['destination', http('HTTP/1.1 200 OK', 'Content-Type: application/json\r\nSet-Cookie: s=2; Path=/\r\n', json)],
    ['source', Buffer.concat([
      http('POST /a HTTP/1.1', 'Content-Type: application/json\r\n', json), http('HEAD /b HTTP/1.1', ''),
      http('POST /c HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded\r\n', 'uid=5&data=%5B1%2C2%5D'),
    ])],
    ['destination', Buffer.concat([
      http('HTTP/1.1 204 No Content', ''), Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n'),
      chunked('HTTP/1.1 200 OK', 'Content-Type: text/html\r\n', Buffer.from('<html>hello</html>'), 5),
    ])],
    ['source', Buffer.concat([
      chunked('POST /d HTTP/1.1', 'Content-Encoding: gzip\r\n', gzipSync(json), 30),
      http('PUT /e HTTP/1.1', 'Content-Encoding: br\r\n', brotliCompressSync(json)),
      http('POST /f HTTP/1.1', 'Content-Type: multipart/form-data; boundary=B\r\n', Buffer.from(multipart, 'latin1')),
      http('POST /g HTTP/1.1', 'Content-Type: application/octet-stream\r\n', Buffer.from('00ff1041', 'hex')),
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
  tls: [
    ['source', tlsClientHello({ serverName: 'meet.example' })],
    ['destination', Buffer.from(`16030300060200000201001703030014${'00'.repeat(20)}`, 'hex')],
  ],
  mail: [
    ['destination', Buffer.from('220 mail.example ESMTP\r\n')],
    ['source', Buffer.from('EHLO me\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\n')],
    ['destination', Buffer.from('250 ok\r\n235 go\r\n220 ready\r\n')],
    ['source', tlsClientHello({ serverName: 'mail.example' })],
  ],
  'smtp': [
    ['destination', Buffer.from('220-mail.example ESMTP\r\n220 ready\r\n')],
    ['source', Buffer.from('EHLO me\r\nAUTH LOGIN\r\namFuZQ==\r\n')],
    ['destination', Buffer.from('250 ok\r\n334 x\r\n334 y\r\n')],
    ['source', Buffer.from('c2VzYW1l\r\nMAIL FROM:<a@mail.example>\r\nRCPT TO:<b@mail.example>\r\nDATA\r\n')],
    ['destination', Buffer.from('235 in\r\n250 ok\r\n250 ok\r\n354 go\r\n')],
    ['source', Buffer.from('Subject: x\r\n\r\nMAIL FROM:<c@mail.example>\r\n.\r\nBDAT 12 LAST\r\nMAIL FROM:\r\nMAIL FROM:<d@mail.example>\r\n')],
  ],
  'pop3': [
    ['destination', Buffer.from('+OK ready\r\n')],
    ['source', Buffer.from('USER jane\r\nPASS sesame\r\nAUTH PLAIN AGEAYg==\r\nSTLS\r\n')],
    ['destination', Buffer.from('+OK\r\n+OK\r\n+OK\r\n+OK go\r\n')],
  ],
  'imap': [
    ['destination', Buffer.from('* OK ready\r\n')],
    ['source', Buffer.from('a1 LOGIN {4}\r\njane {6+}\r\nsesame\r\na2 APPEND x {9}\r\na LOGIN b\r\na3 AUTHENTICATE PLAIN\r\n')],
    ['destination', Buffer.from('+ go\r\na1 OK\r\na2 OK\r\n+ \r\n')],
    ['source', Buffer.from('AGEAYg==\r\na4 STARTTLS\r\n')],
    ['destination', Buffer.from('a3 OK\r\na4 OK go\r\n')],
  ],
  'ftp': [
    ['destination', Buffer.from('220 FTP ready\r\n')],
    ['source', Buffer.from('USER ftp\r\nPASS me@\r\nUSER jane\r\nPASS sesame\r\nAUTH TLS\r\n')],
    ['destination', Buffer.from('331 ok\r\n230 in\r\n331 ok\r\n230 in\r\n234 go\r\n')],
  ],
  'telnet': [
    ['destination', Buffer.from('fffd18fffa2701fff0', 'hex')],
    ['source', Buffer.from('fffb18fffa270000555345520161646dfff0', 'hex')],
    ['destination', Buffer.from('\r\nBox\r\nlogin: ')],
    ['source', Buffer.from('janx\x7fe\r\0')],
    ['destination', Buffer.from('jane\r\nPassword: ')],
    ['source', Buffer.from('sesame\r\nls\r\n')],
  ],
  irc: [
    [
      'source',
      Buffer.from(
        'PASS sesame\r\nNICK jane\r\nUSER jd 0 * :Jane Doe\r\nJOIN #lobby,&x\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE AGEAYg==\r\n'
          + 'PRIVMSG NickServ :IDENTIFY jane sesame\r\n',
      ),
    ],
    ['destination', Buffer.from(':irc.example 001 jane :hi\r\n:irc.example 670 jane :go\r\n')],
  ],
  xmpp: [
    [
      'source',
      Buffer.from(
        '<?xml version="1.0"?><stream:stream to="a.example" from=\'jane@a.example\'><auth mechanism="PLAIN">AGEAYg==</auth><message '
          + 'to="joe@a.example"><body>a &gt; b</body></message><starttls/>',
      ),
    ],
    ['destination', Buffer.from('<?xml version="1.0"?><stream:stream from="a.example"><iq><bind><jid>jane@a.example/x</jid></bind></iq><proceed/>')],
  ],
  redis: [
    [
      'source',
      Buffer.from(
        '*3\r\n$4\r\nAUTH\r\n$4\r\njane\r\n$6\r\nsesame\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9\r\n*1\r\n$4\r\nx\r\n*4\r\n$5\r\nHELLO\r\n$1\r\n'
          + '3\r\n$4\r\nAUTH\r\n$1\r\nx\r\n',
      ),
    ],
    ['destination', Buffer.from('+OK\r\n+OK\r\n')],
  ],
  'ldap': [
    ['source', ber(0x30, ber(2, '\x01'), ber(0x60, ber(2, '\x03'), ber(4, 'cn=jane,dc=example'), ber(0x80, 'sesame')))],
    ['destination', ber(0x30, ber(2, '\x01'), ber(0x61, ber(10, '\0'), ber(4, ''), ber(4, '')))],
    ['source', ber(0x30, ber(2, '\x02'), ber(0x63, ber(4, 'dc=example'), ber(4, 'x'.repeat(300))))],
    ['source', ber(0x30, ber(2, '\x03'), ber(0x77, ber(0x80, '1.3.6.1.4.1.1466.20037')))],
    ['destination', ber(0x30, ber(2, '\x03'), ber(0x78, ber(10, '\0'), ber(4, ''), ber(4, '')))],
    ['source', tlsClientHello({ serverName: 'ldap.example' })],
  ],
  'sip': [
    ['source', Buffer.from(`\r\n\r\n${invite}junk\r\n${invite}`)], ['destination', Buffer.from('SIP/2.0 200 OK\r\nFrom: sip:joe@b.example\r\n\r\n')],
  ],
  rtsp: [
    [
      'source',
      Buffer.from(
        'DESCRIBE rtsp://jane:sesame@cam.example/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n$\0\0\x04abcdPLAY rtsp://cam.example/1 RTSP/1.0\r\n'
          + 'Session: 4be7d20591ca63f8;timeout=60\r\n\r\n',
      ),
    ],
    ['destination', Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nv=0RTSP/1.0 200 OK\r\nSession: 4be7d20591ca63f8\r\n\r\n')],
  ],
  kerberos: [
    ['source', Buffer.concat([Buffer.from([0, 0, 0, kerberosRequest.length]), kerberosRequest])],
    ['destination', Buffer.concat([Buffer.from([0, 0, 0, kerberosReply.length]), kerberosReply])],
  ],
  'websocket': [
    ['source', http('GET /ws HTTP/1.1', 'Upgrade: websocket\r\nConnection: Upgrade\r\n')],
    [
      'destination',
      Buffer.concat([
        http('HTTP/1.1 101 Switching Protocols', 'Upgrade: WebSocket\r\n'),
        webSocketFrame(0xc1, deflateRawSync('{"user_id":"u1"}', { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)),
      ]),
    ],
    [
      'source',
      Buffer.concat([
        webSocketFrame(0x01, Buffer.from('42["join",{"room_id":'), 'mask'), webSocketFrame(0x89, Buffer.from('ping'), 'mask'),
        webSocketFrame(0x80, Buffer.from('"r1"}]'), 'mask'), webSocketFrame(0x82, Buffer.alloc(300, 'b'), 'mask'),
      ]),
    ],
    ['destination', webSocketFrame(0x81, Buffer.from('hello'))],
    ['source', webSocketFrame(0x88, Buffer.from([3, 0xe8]), 'mask')],
    ['destination', webSocketFrame(0x88, Buffer.from([3, 0xe8]))],
  ],
  'http2': [
    ['source', Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), http2Frame(4, 0, 0, '000300000064'), http2Frame(1, 5, 1, '828684418cf1e3c2e5f23a6ba0ab90f4ff'),
      http2Frame(1, 0x20, 3, '0000000010828684be58'), http2Frame(9, 4, 3, '86a8eb10649cbf'),
      http2Frame(0, 9, 3, `02${Buffer.from('{"uid":5}').toString('hex')}0000`),
    ])],
    ['destination', Buffer.concat([
      http2Frame(4, 0, 0, ''), http2Frame(1, 4, 1, '885f106170706c69636174696f6e2f6a736f6e'),
      http2Frame(0, 0, 1, Buffer.from('{"user_').toString('hex')), http2Frame(0, 1, 1, Buffer.from('id":"u1"}').toString('hex')),
      http2Frame(1, 5, 3, '8d'),
    ])],
  ],
  'socks': [
    ['source', Buffer.from('05020002', 'hex')], ['destination', Buffer.from('0502', 'hex')],
    ['source', Buffer.from('01036a616e03706173', 'hex')], ['destination', Buffer.from('0100', 'hex')],
    ['source', Buffer.from('0501000309612e6578616d706c650050', 'hex')], ['destination', Buffer.from('05000001c00002010050', 'hex')],
    ['source', http('GET /in HTTP/1.1', '')],
  ],
  'socks 4a': [
    ['source', Buffer.from('0401005000000001626f6200612e6578616d706c6500', 'hex')], ['destination', Buffer.from('005a000000000000', 'hex')],
    ['source', http('GET /in HTTP/1.1', '')],
  ],
  'dns': [
    ['source', Buffer.concat([lengthPrefixed(dnsQuery(1, 'a.example', 'A')), lengthPrefixed(dnsQuery(2, 'b.example', 'AAAA'))])],
    ['destination', lengthPrefixed(dnsAnswer(1, 'a.example', 'A', [{ name: 'a.example', type: 'A', data: '192.0.2.1', ttl: 60 }]))],
  ],
  'stun': [
    ['source', Buffer.from(`000300102112a442${'01'.repeat(12)}0006000b757365723a312d3233343500`, 'hex')],
    [
      'destination',
      Buffer.from(`010100002112a442${'01'.repeat(12)}40000003616263000101000c2112a442${'01'.repeat(12)}002000080001a147e112a643`, 'hex'),
    ],
  ],
};

/** Datagrams of every supported kind. */
export const datagrams: Buffer[] = [
  ...binaryDatagrams,
  ...loginDatagrams,
  dnsQuery(1, 'a.example', 'A'),
  dnsAnswer(2, 'www.example', 'A', [
    { name: 'www.example', type: 'CNAME', data: 'cdn.example', ttl: 60 },
    { name: 'cdn.example', type: 'A', data: '192.0.2.1', ttl: 60 },
  ]),
  Buffer.from(`000300102112a442${'01'.repeat(12)}0006000b757365723a312d3233343500`, 'hex'),
  Buffer.concat([Buffer.from('005a384c000021000000000004534e49000900', 'hex'), Buffer.from('a.example')]),
  Buffer.from(`c300000001088394c8f03e5157080000449e00000002${'00'.repeat(40)}`, 'hex'),
  Buffer.from('16feff0000000000000000001001000004000000000000000400000000', 'hex'),
  Buffer.from('80e0000100000001deadbeef90817263fe01bb9c00', 'hex'),
  Buffer.from('{"uid":123456,"room":"lobby"}'),
  Buffer.from(invite),
  kerberosRequest,
  kerberosReply,
];

/** An HTTP/2 frame, its payload in hexadecimal. */
export function http2Frame(type: number, flags: number, id: number, payload: string): Buffer {
  const bytes = Buffer.from(payload, 'hex');
  return Buffer.concat([Buffer.from([0, bytes.length >> 8, bytes.length & 0xff, type, flags, 0, 0, 0, id]), bytes]);
}

/** A WebSocket frame with that first byte. */
export function webSocketFrame(first: number, payload: Buffer, mask = ''): Buffer {
  const long = payload.length > 125;
  const header = Buffer.from([
    first,
    (mask === '' ? 0 : 0x80) | (long ? 126 : payload.length),
    ...(long ? [payload.length >> 8, payload.length & 0xff] : []),
  ]);
  return Buffer.concat([header, Buffer.from(mask), mask === '' ? payload : payload.map((byte, index) => byte ^ mask.charCodeAt(index & 3))]);
}

/** A BER element with that tag. */
export function ber(tag: number, ...content: (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  const length = bytes.length < 0x80 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
}

function lengthPrefixed(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
