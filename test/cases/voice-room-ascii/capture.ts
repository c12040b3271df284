import { CaptureBuilder } from '#capture';
import { opaque, resolve } from '../../../services/probe/demonstration-traffic.ts';
import { agora, agoraName, alice, deniedCountry, linked, platformIdInClear, second, start, type Told } from '../case.ts';

const join = 'JOIN uid=1840273651&room_id=M5kqPz7XvQ2d&sdk=3.1.2';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  resolve(builder, alice, agoraName, agora.ip, start);
  builder.udp({ client: { ip: alice, port: 50_110 }, server: agora, at: start + second })
    .send(Buffer.from(join))
    .receive(Buffer.from('JOINED 0'))
    .send(opaque('voice 1', 160)).receive(opaque('voice 2', 160));
  return builder.pcap();
}

// Frames 1 and 2 are DNS, 3 is the join. "JOIN uid=" takes 9 bytes, the user id 10, "&room_id=" 9.
const join3 = { frame: 3, from: alice, country: 'CN' };
const user = { kind: 'user_id', value: '1840273651', path: 'udp.payload@9' };
export const story: readonly Told[] = [
  { rule: platformIdInClear, ...join3, identifier: user },
  { rule: platformIdInClear, ...join3, identifier: { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'udp.payload@28' } },
  { rule: linked, ...join3, identifier: user },
  { rule: deniedCountry, ...join3 },
];
