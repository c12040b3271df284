import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSdp } from './sdp.ts';
import { dissectPayload } from './testing/packets.ts';

function endpointsOf(...lines: string[]): string[] {
  const endpoints: string[] = [];
  readSdp(lines.join('\r\n'), {
    address: () => {},
    endpoint: (ip, port) => endpoints.push(`${ip} ${port}`),
    origin: () => {},
    contact: () => {},
    key: () => {},
  });
  return endpoints;
}

test('media go to the connection of the session, or to their own; RTCP to the next port', () => {
  assert.deepEqual(
    endpointsOf(
      'c=IN IP4 192.0.2.1',
      'm=audio 40000 RTP/AVP 0',
      'm=video 40010/2 RTP/SAVPF 96',
      'c=IN IP6 2001:db8::7',
      'm=application 9000 UDP/BFCP *',
    ),
    ['192.0.2.1 40000', '192.0.2.1 40001', '2001:db8::7 40010', '2001:db8::7 40011', '192.0.2.1 9000'],
  );
});

test('RTCP where it is told, or with the media (RFC 3605, RFC 5761)', () => {
  assert.deepEqual(
    endpointsOf(
      'c=IN IP4 192.0.2.1',
      'm=audio 40000 RTP/AVP 0',
      'a=rtcp:53020',
      'm=audio 40002 RTP/AVP 0',
      'a=rtcp-mux',
      'a=rtcp-fb:96 nack',
      'm=audio 40004 RTP/AVP 0',
      'a=rtcp-rsize',
    ),
    ['192.0.2.1 40000', '192.0.2.1 53020', '192.0.2.1 40002', '192.0.2.1 40004', '192.0.2.1 40005'],
  );
});

test('refused media, and media without a connection, go nowhere; candidates over UDP do', () => {
  assert.deepEqual(
    endpointsOf(
      'm=audio 40000 RTP/AVP 0',
      'a=candidate:1 1 UDP 1 192.0.2.9 5000 typ relay raddr 10.0.0.1 rport 1',
      'a=candidate:2 1 tcp 1 192.0.2.8 9 typ host tcptype active',
      'c=IN IP4 192.0.2.1',
      'm=video 0 RTP/AVP 96',
    ),
    ['192.0.2.9 5000', '192.0.2.1 40000', '192.0.2.1 40001'],
  );
});

test('SIP names its session by the Call-ID, and endpoints that can be one', () => {
  const sdp = 'c=IN IP6 2001:DB8:0:0::7\r\nm=audio 40000 RTP/AVP 0\r\na=rtcp-mux\r\na=candidate:1 1 udp 1 0fd5.local 5000 typ host\r\n';
  const [message] = dissectPayload(
    Buffer.from(['INVITE sip:b@b.example SIP/2.0', 'i: a84b4c76e66710@pc33', 'c: application/sdp', `l: ${sdp.length}`, '', sdp].join('\r\n')),
  ).messages;
  assert.equal(message!.session, 'a84b4c76e66710@pc33');
  assert.deepEqual(message!.facts['telltale.session.endpoints'], ['[2001:db8::7]:40000']);
});
