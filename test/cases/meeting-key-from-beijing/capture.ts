import { CaptureBuilder } from '#capture';
import { tlsSession } from '../../../services/probe/demonstration-traffic.ts';
import { alice, deniedCountry, second, start, type Told } from '../case.ts';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 51_001 }, server: { ip: '206.247.10.10', port: 443 }, serverName: 'us04web.zoom.us', at: start,
    roundTripMicros: 12_000,
  });
  tlsSession(builder, {
    client: { ip: alice, port: 51_002 }, server: { ip: '52.81.151.250', port: 443 }, serverName: 'us04kms1.zoom.us', at: start + 3 * second,
    roundTripMicros: 190_000,
  });
  return builder.pcap();
}

// A session has 17 frames: DNS 2, handshake 3, ClientHello and ACK, ServerHello and ACK, request and ACK, response in two and ACK, close 3.
// The sixth of the second one is its ClientHello.
export const story: readonly Told[] = [{ rule: deniedCountry, frame: 17 + 6, from: alice, country: 'CN' }];
