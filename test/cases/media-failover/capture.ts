import { CaptureBuilder } from '#capture';
import { resolve, zoomHello, zoomMediaPacket } from '../../../services/probe/demonstration-traffic.ts';
import { alice, deniedCountry, second, start, type Told } from '../case.ts';

const primary = { ip: '144.195.10.10', port: 8801 }; // AS30103, United States
const secondary = { ip: '221.122.63.10', port: 8801 }; // mainland range in Zoom's published list

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  resolve(builder, alice, 'zoomsjccv154mmr.sjc.zoom.us', primary.ip, start);
  const media = builder.udp({ client: { ip: alice, port: 51_003 }, server: primary, at: start + second }).send(zoomHello(1)).receive(zoomHello(2));
  for (let packet = 0; packet < 4; packet++) media.send(zoomMediaPacket('toZoom', packet)).receive(zoomMediaPacket('fromZoom', packet));
  for (let packet = 4; packet < 7; packet++) media.send(zoomMediaPacket('toZoom', packet));

  resolve(builder, alice, 'zoomtj12mmr.tj.zoom.us', secondary.ip, start + 4 * second);
  const moved = builder
    .udp({ client: { ip: alice, port: 51_004 }, server: secondary, at: start + 5 * second })
    .send(zoomHello(1))
    .receive(zoomHello(2));
  for (let packet = 0; packet < 4; packet++) moved.send(zoomMediaPacket('toZoom', packet)).receive(zoomMediaPacket('fromZoom', packet));
  return builder.pcap();
}

// DNS 2, hello 2, four pairs, three that nobody answers: 15. DNS 16 and 17, then the first packet to the secondary.
export const story: readonly Told[] = [{ rule: deniedCountry, frame: 18, from: alice, country: 'CN' }];
