import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatagramDissector, DissectCounters, defaultDissectOptions } from './dissect.ts';
import { bytes, hex, u8 } from './testing/bytes.ts';
import { dissectPayload, dissectStream, fieldsOf, openStream } from './testing/packets.ts';
import { http2Frame } from './testing/samples.ts';

/* Input that is made to be expensive: each took seconds, or the stack, with a parser that rescans all bytes for each byte, or recurses per layer. */

const many = 60_000;

/** An integer with a prefix of seven bits (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 0x7f) return u8(value);
  const rest = value - 0x7f;
  return bytes(u8(0x7f), u8((rest & 0x7f) | 0x80), u8(((rest >> 7) & 0x7f) | 0x80), u8(rest >> 14));
}

function invite(headers: string, body = ''): Buffer {
  return Buffer.from(
    `INVITE sip:jane@example.org SIP/2.0\r\n${headers}Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

function pieces(whole: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(whole.length / length) }, (_, index) => whole.subarray(index * length, (index + 1) * length));
}

/** Sends packets of a client. They took four seconds or more, and now take a tenth of one. */
function sendQuickly(...packets: Buffer[]): void {
  const { dissector } = openStream();
  const start = performance.now();
  for (const [index, packet] of packets.entries()) if (!dissector.done) dissector.data('source', packet, index + 1, index + 1);
  dissector.end();
  const millis = Math.round(performance.now() - start);
  assert.ok(millis < 2000, `${millis} ms`);
}

describe('what an attacker can send costs no more than its length', () => {
  test('empty lines', () => sendQuickly(...pieces(Buffer.alloc(2_000_000, '\n'), 1460)));

  test('lines of one letter', () => sendQuickly(...pieces(Buffer.alloc(1_000_000, 'a\n'), 1460)));

  test('a SIP message with a long head, whose body comes byte by byte', () => {
    sendQuickly(
      Buffer.from(`OPTIONS sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(8000)}Content-Length: 4000\r\n\r\n`), ...pieces(Buffer.alloc(4000, 'A'), 1),
    );
  });

  test('lines of SIP that end in white space, but not quite', () => {
    const line = `SIP/2.0 200 ${' '.repeat(1000)}\r${' '.repeat(1000)}x\n`;
    sendQuickly(Buffer.from('OPTIONS sip:a@b SIP/2.0\r\n\r\n'), ...pieces(Buffer.from(line.repeat(1500)), 1460));
  });

  test('versions of HTTP byte by byte, where a message may begin', () => {
    sendQuickly(Buffer.from('GET / HTTP/1.1\r\n\r\n\x01'), ...pieces(Buffer.alloc(30_000, ' HTTP/1.'), 1));
  });

  test('a trailer of short lines, byte by byte', () => {
    sendQuickly(
      Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'), ...pieces(Buffer.alloc(30_000, 'a\n'), 1),
    );
  });

  test('passwords of IRC without end', () => {
    const { messages } = dissectStream([['source', 'PASS secret\r\n'.repeat(5000)]]);
    assert.ok(messages.every(({ protocol }) => protocol === 'tcp'));
  });

  test('a TURN channel within a channel within a channel …', () => {
    const binding = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
    const counters = new DissectCounters();
    const flow = new DatagramDissector({ options: defaultDissectOptions, counters }, () => {});
    let datagram = binding;
    for (let depth = 0; depth < 9000; depth++) {
      flow.datagram(datagram, { sender: 'source', sourcePort: 50_000, destinationPort: 3478, frame: depth + 1, micros: depth + 1 });
      const header = Buffer.from([0x40, 0, 0, 0]);
      header.writeUInt16BE(datagram.length, 2);
      datagram = Buffer.concat([header, datagram]);
    }
    assert.equal(counters.get('stun', 'messages'), 2, 'a relay carries no relay');
  });

  test('brackets, angles, semicolons and spaces in SIP, SDP and RTSP', () => {
    const described = dissectPayload(invite('', `e=${'('.repeat(many)}jane@example.org`)).messages[0];
    assert.deepEqual(fieldsOf(described).slice(-1), [`sip.sdp.email=${'('.repeat(many)}jane@example.org`]);
    for (const value of ['<'.repeat(4000), ' x'.repeat(2000), '<sip:'.repeat(800)]) {
      const { messages } = dissectPayload(invite(`From: ${value}\r\nRoute: ${value}\r\n`.repeat(7)));
      assert.equal(messages[0]!.protocol, 'sip');
    }
    const { messages } = dissectStream([['source', `OPTIONS rtsp://cam.example/1 RTSP/1.0\r\nSession: 4711${';'.repeat(many)}\rx\r\n\r\n`]]);
    assert.deepEqual(fieldsOf(messages[0]), ['url.domain=cam.example', 'url.path=/1', 'rtsp.session=4711']);
  });

  test('percent signs in front of a line end, where a host should stand', () => {
    const headers = [':method', 'GET', ':path', '/', 'x-forwarded-for', `198.51.100.7,${'%'.repeat(many)}\nx`];
    const block = bytes(...headers.map((text, index) => bytes(index % 2 === 0 ? hex('00') : '', integer(text.length), text)));
    const { messages } = dissectStream([['source', bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', http2Frame(1, 5, 1, block.toString('hex')))]]);
    assert.deepEqual(messages[0]!.facts['telltale.flow.hops'], ['forwarded-client=198.51.100.0/24']);
  });

  test('white space where XMPP may begin', () => {
    const { messages } = dissectStream([['source', ' '.repeat(600)], ['source', 'hello, world\n']]);
    assert.ok(messages.every(({ protocol }) => protocol === 'tcp'));
  });

  test('a tag of XML that is one word', () => {
    const body = `<?xml version="1.0"?><data>${`<a ${'x'.repeat(4000)}/>`.repeat(60)}<uid>42</uid></data>`;
    const { messages } = dissectStream([
      ['source', 'GET /uid HTTP/1.1\r\nHost: www.example.org\r\n\r\n'],
      ['destination', `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    ]);
    assert.ok(fieldsOf(messages[1]).includes('http.response.body.xml.data.uid=42'));
  });
});

test('more values than a message may have are counted', () => {
  const { messages, counters } = dissectStream([['source', `NICK joe\r\nJOIN ${'#lobby,'.repeat(2200)}#local\r\n`]]);
  assert.equal(messages[1]!.fields.length, defaultDissectOptions.maxFields);
  assert.equal(counters.get('irc', 'bounded fields'), 201);
});

test('an entity named like a method of objects stands for itself', () => {
  const body = '<?xml version="1.0"?><data><uid>a&toString;b&amp;c</uid></data>';
  const { messages } = dissectStream([
    ['source', 'GET /uid HTTP/1.1\r\nHost: www.example.org\r\n\r\n'],
    ['destination', `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
  ]);
  assert.ok(fieldsOf(messages[1]).includes('http.response.body.xml.data.uid=a&toString;b&c'));
});
