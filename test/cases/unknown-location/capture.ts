import { CaptureBuilder } from '#capture';
import { zoomHello, zoomMediaPacket } from '../../../services/probe/demonstration-traffic.ts';
import { alice, start, unknownPlace, type Told } from '../case.ts';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  const media = builder.udp({ client: { ip: alice, port: 51_003 }, server: { ip: '203.0.113.9', port: 8801 }, at: start })
    .send(zoomHello(1)).receive(zoomHello(2));
  for (let packet = 0; packet < 4; packet++) media.send(zoomMediaPacket('toZoom', packet)).receive(zoomMediaPacket('fromZoom', packet));
  return builder.pcap();
}

export const story: readonly Told[] = [{ rule: unknownPlace, frame: 1, from: alice, country: '' }];
