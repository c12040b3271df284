import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { tlsSession } from '../../../services/probe/demonstration-traffic.ts';
import { alice, analyticsInClear, second, start, thirdParty, type Told } from '../case.ts';

const graph = '157.240.20.35';
const form = new URLSearchParams({
  event: 'CUSTOM_APP_EVENTS',
  advertiser_id: '6D92078A-8246-4BA4-AE5B-76104861E7DC',
  anon_id: 'XZ1c4fe6a2-9c3e-4a54-8a02-5b7c1a0d9e31',
  application_tracking_enabled: '1',
  extinfo: JSON.stringify(['i2', 'org.example.meetings', '4.6.8', 'iPhone12,3', 'en_US', 'PST', 'ExampleTel', 375, 812, '3.00']),
});

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 52_001 }, server: { ip: graph, port: 443 }, serverName: 'graph.facebook.com', at: start, roundTripMicros: 9_000,
  });
  const headers = { Host: 'graph.facebook.com', 'User-Agent': 'FBiOSSDK.5.0.2', 'Content-Type': 'application/x-www-form-urlencoded' };
  builder.tcp({ client: { ip: alice, port: 52_002 }, server: { ip: graph, port: 80 }, at: start + 4 * second })
    .handshake()
    .send(httpRequest('POST', '/v2.9/131313131313131/activities', headers, form.toString()))
    .receive(httpResponse('200 OK', { 'Content-Type': 'application/json' }, '{"success":true}'))
    .close();
  return builder.pcap();
}

// The ClientHello is frame 6 (DNS 2, handshake 3). The TLS session has 17 frames, then a handshake of 3, then the request.
const request = { frame: 21, from: alice, country: 'AU' };
export const story: readonly Told[] = [
  { rule: thirdParty, frame: 6, from: alice, country: 'AU' },
  {
    rule: analyticsInClear,
    ...request,
    identifier: { kind: 'advertising_id', value: form.get('advertiser_id')!, path: 'http.request.body.form.advertiser_id' },
  },
  { rule: analyticsInClear, ...request, identifier: { kind: 'device_id', value: form.get('anon_id')!, path: 'http.request.body.form.anon_id' } },
];
