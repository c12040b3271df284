import { CaptureBuilder } from '#capture';
import { tlsSession } from '../../../services/probe/demonstration-traffic.ts';
import { alice, deniedCountry, second, start, type Told } from '../case.ts';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  tlsSession(builder, { ip: alice, port: 51_001 }, { ip: '206.247.10.10', port: 443 }, 'us04web.zoom.us', start, 12_000);
  tlsSession(builder, { ip: alice, port: 51_002 }, { ip: '52.81.151.250', port: 443 }, 'us04kms1.zoom.us', start + 3 * second, 190_000);
  return builder.pcap();
}

// A session has 17 frames: DNS 2, handshake 3, ClientHello and ACK, ServerHello and ACK, request and ACK, response in two and ACK, close 3.
// The sixth of the second one is its ClientHello.
export const story: readonly Told[] = [{ rule: deniedCountry, frame: 17 + 6, from: alice, country: 'CN' }];
