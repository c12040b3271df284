import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HopList } from './hops.ts';
import { hex } from './testing/bytes.ts';
import { dissectPayload, dissectStream } from './testing/packets.ts';

function hopsOf(payload: Buffer | string, options = {}): readonly string[] {
  return dissectPayload(Buffer.from(payload as string), options).messages[0]!.facts['telltale.flow.hops'] ?? [];
}

function httpHops(...packets: ['source' | 'destination', string][]): (readonly string[])[] {
  return dissectStream(packets).messages.map(({ facts }) => facts['telltale.flow.hops'] ?? []);
}

describe('places on the path that messages name', () => {
  test('hosts with and without port, as names and addresses of both families; nonsense is left out', () => {
    const hops = new HopList();
    for (const host of [
      '192.0.2.1', '192.0.2.2:8080', '[2001:DB8::1]:443', '"[2001:db8::2]"', 'Edge.Example.net:443', 'localhost', 'unknown', '_hidden', '',
      '0.0.0.0', 'a b.example',
    ])
      hops.add('x', host);
    assert.deepEqual(hops.texts, ['x=192.0.2.1', 'x=192.0.2.2', 'x=2001:db8::1', 'x=2001:db8::2', 'x=edge.example.net']);
  });

  test('of a person only the network is told', () => {
    const hops = new HopList();
    for (const host of ['198.51.100.77', '[2001:db8:1:2::7]', '2001:db8::', '::ffff:198.51.100.9', '::1', 'jane.example.net'])
      hops.addPerson('p', host);
    assert.deepEqual(hops.texts, ['p=198.51.100.0/24', 'p=2001:db8:1::/48', 'p=2001:db8:0::/48', 'p=0:0:0::/48']);
  });

  test('SIP: Via, Record-Route and Contact; SDP and ICE candidates', () => {
    const sdp = [
      'v=0',
      'o=- 1 1 IN IP4 198.51.100.20',
      'c=IN IP4 203.0.113.5',
      'a=candidate:1 1 udp 1 10.0.0.5 5000 typ host',
      'a=candidate:2 1 udp 1 198.51.100.20 5000 typ srflx raddr 10.0.0.5 rport 5000',
      'a=candidate:3 1 udp 1 203.0.113.9 5000 typ relay raddr 198.51.100.20 rport 1',
      'a=candidate:4 1 udp 1 0fd5.local 5000 typ host',
    ].join('\r\n');
    assert.deepEqual(
      hopsOf(
        [
          'INVITE sip:bob@b.example SIP/2.0', 'Via: SIP/2.0/UDP proxy.example:5060;branch=z',
          'Via: SIP/2.0/UDP 10.0.0.5:5060;received=198.51.100.20', 'Record-Route: <sip:192.0.2.9;lr>, <sip:edge.example;lr>',
          'Contact: <sip:jane@198.51.100.21:5060>', 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp,
        ].join('\r\n'),
      ),
      [
        'sip-via=proxy.example', 'sip-record-route=192.0.2.9', 'sip-record-route=edge.example', 'sip-contact=198.51.100.0/24',
        'sip-contact=10.0.0.0/24', 'sdp-media=203.0.113.5', 'ice-host=10.0.0.0/24', 'ice-srflx=198.51.100.0/24', 'ice-related=10.0.0.0/24',
        'ice-relay=203.0.113.9', 'ice-related=198.51.100.0/24', 'sdp-origin=198.51.100.0/24',
      ],
    );
  });

  test('SDP: who described the session is left out where the media go to the same host', () => {
    const sdp = 'o=- 1 1 IN IP4 203.0.113.5\r\nc=IN IP4 203.0.113.5\r\nm=audio 5000 RTP/AVP 0\r\n';
    assert.deepEqual(hopsOf(`INVITE sip:b@b.example SIP/2.0\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`), [
      'sdp-media=203.0.113.5',
    ]);
  });

  test('HTTP: proxies of X-Forwarded-For and Forwarded, the target of CONNECT, a redirection to another host', () => {
    assert.deepEqual(
      httpHops([
        'source',
        'GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 198.51.100.7, 192.0.2.8\r\n'
          + 'Forwarded: for=198.51.100.7;by=192.0.2.9, for="[2001:db8::9]:443"\r\n\r\n',
      ]),
      [['forwarded-client=198.51.100.0/24', 'forwarded-proxy=192.0.2.8', 'forwarded-proxy=192.0.2.9', 'forwarded-proxy=2001:db8::9']],
    );
    assert.deepEqual(
      httpHops(['source', 'CONNECT meet.example.org:443 HTTP/1.1\r\nHost: meet.example.org:443\r\n\r\n']),
      [['connect-target=meet.example.org']],
    );
    const moved = (location: string): readonly string[] => httpHops(['source', 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'],
      ['destination', `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`])[1]!;
    assert.deepEqual(
      [moved('https://b.example:8443/x?uid=1'), moved('/y'), moved('http://a.example/z'), moved('//192.0.2.3/')],
      [['http-redirect=b.example'], [], [], ['http-redirect=192.0.2.3']],
    );
  });

  test('TURN, SOCKS, CNAME', () => {
    assert.deepEqual(hopsOf(hex('0103 000c 2112a442 000000000000000000000000 0016 0008 0001 0d96 e112a643')), ['turn-relay=192.0.2.1']);
    assert.deepEqual(
      dissectStream([
        ['source', hex('05 01 00')],
        ['destination', hex('05 00')],
        ['source', hex('05 01 00 03 0c 6d6565742e6578616d706c65 01bb')],
      ]).messages[0]!.facts['telltale.flow.hops'],
      ['socks-target=meet.example'],
    );
  });

  test('GTP-C: addresses of nodes, and the network of the subscriber', () => {
    // Create session request: F-TEID with IPv4 and IPv6, PDN address allocation (TS 29.274, sections 8.22 and 8.14).
    const fteid = hex('57 0019 00 c6 00000001 c0000207 20010db8000000000000000000000007');
    const paa = hex('4f 0005 00 01 0a2d0109');
    const body = Buffer.concat([hex('00000000 00000100'), fteid, paa]);
    const header = Buffer.from([0x48, 0x20, 0, body.length]);
    assert.deepEqual(hopsOf(Buffer.concat([header, body]), { sourcePort: 2123, destinationPort: 2123 }), [
      'gtp-node=192.0.2.7',
      'gtp-node=2001:db8::7',
      'gtp-subscriber=10.45.1.0/24',
    ]);
    // IPv4 and IPv6: prefix length and IPv6 address come first.
    const both = hex('4f 0016 00 03 40 20010db8004500010000000000000009 0a2d0109');
    assert.deepEqual(hopsOf(Buffer.concat([hex('48 20 0022 00000000 00000100'), both]), { sourcePort: 2123, destinationPort: 2123 }), [
      'gtp-subscriber=2001:db8:45::/48',
      'gtp-subscriber=10.45.1.0/24',
    ]);
    // Create PDP context request: GSN address (TS 29.060, section 7.7.32).
    const gsn = hex('85 0004 c0000208');
    assert.deepEqual(hopsOf(Buffer.concat([hex('30 10 0007 00000000'), gsn]), { sourcePort: 2123, destinationPort: 2123 }), ['gtp-node=192.0.2.8']);
  });
});
