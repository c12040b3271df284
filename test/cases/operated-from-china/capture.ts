import { CaptureBuilder } from '#capture';
import { opaque, resolve } from '../../../services/probe/demonstration-traffic.ts';
import { agoraName, alice, deniedCountry, second, start, type Told } from '../case.ts';

/** AS45102: located in the United States, registered there, run by Alibaba. */
const edge = { ip: '47.88.10.20', port: 8000 };

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  resolve(builder, alice, agoraName, edge.ip, start);
  builder.udp({ client: { ip: alice, port: 50_110 }, server: edge, at: start + second })
    .send(opaque('hello', 90)).receive(opaque('welcome', 90)).send(opaque('voice 1', 160)).receive(opaque('voice 2', 160));
  return builder.pcap();
}

export const story: readonly Told[] = [{ rule: deniedCountry, frame: 3, from: alice, country: 'US' }];
