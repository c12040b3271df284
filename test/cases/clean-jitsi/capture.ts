import { CaptureBuilder, stunMessage } from '#capture';
import { opaque, srtp, tlsSession } from '../../../services/probe/demonstration-traffic.ts';
import { alice, second, start, type Told } from '../case.ts';

const server = '10.20.1.5';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 53_001 }, server: { ip: server, port: 443 }, serverName: 'meet.example.org', at: start, roundTripMicros: 800,
  });
  const transaction = opaque('transaction', 12);
  const bridge = builder.udp({ client: { ip: alice, port: 53_002 }, server: { ip: server, port: 10_000 }, at: start + 2 * second })
    .send(stunMessage('bindingRequest', transaction, [{ type: 'username', value: '8fk2d:Zx0b' }]))
    .receive(stunMessage('bindingSuccess', transaction, [{ type: 'xorMappedAddress', value: { ip: alice, port: 53_002 } }]));
  for (let packet = 0; packet < 10; packet++) bridge.send(srtp(packet)).receive(srtp(packet + 1000));
  return builder.pcap();
}

export const story: readonly Told[] = [];
