import { createHash } from 'node:crypto';
import { CaptureBuilder, httpRequest, httpResponse, stunMessage, type Endpoint } from '#capture';
import { opaque, prefixed, resolve, srtp, tlsSession, zoomHello, zoomMediaPacket } from './demonstration-traffic.ts';

const second = 1_000_000;

/** The monitored network. All people and identifiers in this capture are invented. */
const alice = '10.20.0.11';
const bela = '10.20.0.12';
const chen = '10.20.0.13';
const dora = '10.20.0.14';

/** Servers, chosen for the answers of public tables about their addresses; nothing was ever sent to them. */
const agoraEdge: Endpoint = { ip: '106.14.12.130', port: 8000 }; // mainland address in Agora's published allowlist
const zoomWeb: Endpoint = { ip: '206.247.10.10', port: 443 }; // AS30103, United States
const zoomKeys: Endpoint = { ip: '52.81.151.250', port: 443 }; // Beijing: the key server that Citizen Lab observed in April 2020
const zoomMedia: Endpoint = { ip: '144.195.10.10', port: 8801 }; // AS30103, United States
const zoomSecondaryMedia: Endpoint = { ip: '221.122.63.10', port: 8801 }; // mainland range in Zoom's published list
const facebookGraph: Endpoint = { ip: '157.240.22.35', port: 443 };
const facebookGraphInClear: Endpoint = { ip: '157.240.22.35', port: 80 };
const wikipedia: Endpoint = { ip: '185.15.59.224', port: 443 };
const jitsi: Endpoint = { ip: '10.20.1.5', port: 443 };
const jitsiBridge: Endpoint = { ip: '10.20.1.5', port: 10000 };

const roomId = 'M5kqPz7XvQ2d';

/**
 * A capture of the incidents that Telltale was made for, next to clean traffic. The same start gives the same bytes.
 *
 * @param startMicros time of the first packet, µs since 1970; the whole takes three minutes
 * @returns a pcap file
 */
export function demonstrationCapture(startMicros: number): Buffer {
  const capture = new CaptureBuilder();
  voiceRoom(capture, startMicros);
  meetingThroughBeijing(capture, startMicros + 40 * second);
  appStart(capture, startMicros + 100 * second);
  cleanTraffic(capture, startMicros + 130 * second);
  return capture.pcap();
}

/**
 * A voice app joins a room: user id and room id travel in plain UDP, and a second user joins the same room, so that anyone on
 * the path knows who talks to whom (Stanford Internet Observatory, "Clubhouse in China", 2021). The report names host and
 * transport; the packet layout was not published, so two common ones are used instead.
 */
function voiceRoom(capture: CaptureBuilder, at: number): void {
  const host = 'qos-america.agoralab.co';
  resolve(capture, alice, host, agoraEdge.ip, at);
  capture.udp({ client: { ip: alice, port: 50_110 }, server: agoraEdge, at: at + second, stepMicros: 40_000 })
    .send(Buffer.from(JSON.stringify({ cmd: 'join', uid: '1840273651', room_id: roomId, sdk: '3.1.2' })))
    .receive(Buffer.from(JSON.stringify({ cmd: 'joined', code: 0 })))
    .send(opaque('alice voice 1', 160)).receive(opaque('alice voice 2', 160));

  resolve(capture, bela, host, agoraEdge.ip, at + 8 * second);
  capture.udp({ client: { ip: bela, port: 50_412 }, server: agoraEdge, at: at + 9 * second, stepMicros: 40_000 })
    .send(Buffer.concat([Buffer.from([0x00, 0x01, 0x00, 0x4a]), prefixed('uid'), prefixed('1840991207'), prefixed('room_id'), prefixed(roomId)]))
    .receive(opaque('bela voice 1', 160)).send(opaque('bela voice 2', 160));
}

/**
 * A meeting between people in North America: signalling stays in the United States, the key comes from Beijing, and when the
 * media server stops responding, the client moves to a secondary data centre in mainland China (Citizen Lab, "Move Fast and Roll Your
 * Own Crypto", and Zoom's response, April 2020). Zoom never published the names of its key servers: this one is invented.
 */
function meetingThroughBeijing(capture: CaptureBuilder, at: number): void {
  tlsSession(capture, { client: { ip: chen, port: 51_001 }, server: zoomWeb, serverName: 'us04web.zoom.us', at, roundTripMicros: 12_000 });
  tlsSession(capture, {
    client: { ip: chen, port: 51_002 }, server: zoomKeys, serverName: 'us04kms1.zoom.us', at: at + 3 * second, roundTripMicros: 190_000,
  });

  resolve(capture, chen, 'zoomsjccv154mmr.sjc.zoom.us', zoomMedia.ip, at + 4 * second);
  const media = capture.udp({ client: { ip: chen, port: 51_003 }, server: zoomMedia, at: at + 5 * second, stepMicros: 20_000 });
  media.send(zoomHello(1)).receive(zoomHello(2));
  for (let packet = 0; packet < 20; packet++) media.send(zoomMediaPacket('toZoom', packet)).receive(zoomMediaPacket('fromZoom', packet));
  // Congestion: the primary server no longer responds.
  for (let packet = 20; packet < 28; packet++) media.send(zoomMediaPacket('toZoom', packet));

  resolve(capture, chen, 'zoomtj12mmr.tj.zoom.us', zoomSecondaryMedia.ip, at + 8 * second);
  const secondary = capture.udp({ client: { ip: chen, port: 51_004 }, server: zoomSecondaryMedia, at: at + 9 * second, stepMicros: 20_000 });
  secondary.send(zoomHello(1)).receive(zoomHello(2));
  for (let packet = 0; packet < 30; packet++) secondary.send(zoomMediaPacket('toZoom', packet)).receive(zoomMediaPacket('fromZoom', packet));
}

/**
 * An app reports its start to a third party (Motherboard on Zoom for iOS, March 2020). Today's SDK does so over TLS, where only
 * the contact is visible; an old one does so in clear, with the advertising id.
 */
function appStart(capture: CaptureBuilder, at: number): void {
  tlsSession(capture, { client: { ip: dora, port: 52_001 }, server: facebookGraph, serverName: 'graph.facebook.com', at, roundTripMicros: 9_000 });

  const form = new URLSearchParams({
    event: 'CUSTOM_APP_EVENTS',
    advertiser_id: '6D92078A-8246-4BA4-AE5B-76104861E7DC',
    anon_id: 'XZ1c4fe6a2-9c3e-4a54-8a02-5b7c1a0d9e31',
    application_tracking_enabled: '1',
    extinfo: JSON.stringify([
      'i2', 'org.example.meetings', '4.6.8', '4.6.8', '13.3', 'iPhone12,3', 'en_US', 'PST', 'ExampleTel', 375, 812, '3.00', 6, 256, 201,
      'America/Los_Angeles',
    ]),
  });
  const headers = { Host: 'graph.facebook.com', 'User-Agent': 'FBiOSSDK.5.0.2', 'Content-Type': 'application/x-www-form-urlencoded' };
  capture.tcp({ client: { ip: dora, port: 52_002 }, server: facebookGraphInClear, at: at + 4 * second, roundTripMicros: 9_000 })
    .handshake()
    .send(httpRequest('POST', '/v2.9/131313131313131/activities', headers, form.toString()))
    .receive(httpResponse('200 OK', { 'Content-Type': 'application/json' }, '{"success":true}'))
    .close();
}

/** Traffic that must not give a finding: a meeting on the company's own Jitsi, the web over TLS, DNS. */
function cleanTraffic(capture: CaptureBuilder, at: number): void {
  tlsSession(capture, { client: { ip: alice, port: 53_001 }, server: jitsi, serverName: 'meet.example.org', at, roundTripMicros: 800 });
  const bridge = capture.udp({ client: { ip: alice, port: 53_002 }, server: jitsiBridge, at: at + 2 * second, stepMicros: 20_000 });
  const transaction = createHash('sha256').update('jitsi').digest().subarray(0, 12);
  // ICE user names are generated for each session (RFC 8445, section 5.3), so they identify nobody.
  bridge.send(stunMessage('bindingRequest', transaction, [{ type: 'username', value: '8fk2d:Zx0b' }]))
    .receive(stunMessage('bindingSuccess', transaction, [{ type: 'xorMappedAddress', value: { ip: alice, port: 53_002 } }]));
  for (let packet = 0; packet < 20; packet++) bridge.send(srtp(packet)).receive(srtp(packet + 1000));

  tlsSession(capture, {
    client: { ip: dora, port: 53_003 }, server: wikipedia, serverName: 'www.wikipedia.org', at: at + 6 * second, roundTripMicros: 15_000,
  });
  resolve(capture, dora, 'www.example.org', '93.184.215.14', at + 10 * second);
}
