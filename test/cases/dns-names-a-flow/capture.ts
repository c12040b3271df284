import { CaptureBuilder, dnsAnswer, dnsQuery } from '#capture';
import { opaque } from '../../../services/probe/demonstration-traffic.ts';
import { alice, bela, deniedCountry, second, start, type Told } from '../case.ts';

const name = 'us04kms9.zoom.us';
const server = { ip: '52.81.151.250', port: 8443 };

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: alice, port: 40_001 }, server: { ip: '9.9.9.9', port: 53 }, at: start })
    .send(dnsQuery(7, name))
    .receive(dnsAnswer(7, name, 'A', [
      { name, type: 'CNAME', ttl: 60, data: 'kms-cn.example.net' },
      { name: 'kms-cn.example.net', type: 'A', ttl: 60, data: server.ip },
    ]));
  for (const [index, client] of [alice, bela].entries()) {
    builder.tcp({ client: { ip: client, port: 51_000 }, server, at: start + (index + 1) * second })
      .handshake().send(opaque(`question ${client}`, 200)).receive(opaque(`answer ${client}`, 300)).close();
  }
  return builder.pcap();
}

// DNS 2, handshake 3, first payload 6. Bela never looked up the name, so that nothing says which service she reached.
export const story: readonly Told[] = [{ rule: deniedCountry, frame: 6, from: alice, country: 'CN' }];
