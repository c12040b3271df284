import { CaptureBuilder } from '#capture';
import { opaque, resolve } from '../../../services/probe/demonstration-traffic.ts';
import { agora, agoraName, alice, bela, deniedCountry, linked, platformIdInClear, second, start, type Told } from '../case.ts';

const room = 'M5kqPz7XvQ2d';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  [alice, bela].forEach((client, index) => {
    const at = start + index * 5 * second;
    const uid = index === 0 ? '1840273651' : '1840991207';
    resolve(builder, client, agoraName, agora.ip, at);
    builder.udp({ client: { ip: client, port: 50_000 }, server: agora, at: at + second })
      .send(Buffer.from(JSON.stringify({ uid, room_id: room })))
      .receive(opaque(`voice ${client}`, 160));
  });
  return builder.pcap();
}

// DNS 1 and 2, join 3, voice 4; DNS 5 and 6, join 7. {"uid":" takes 8 bytes, the user id 10, ","room_id":" 13.
function joined(from: string, frame: number, uid: string): Told[] {
  const place = { frame, from, country: 'CN' };
  const user = { kind: 'user_id', value: uid, path: 'udp.payload@8' };
  return [
    { rule: platformIdInClear, ...place, identifier: user },
    { rule: platformIdInClear, ...place, identifier: { kind: 'room_id', value: room, path: 'udp.payload@31' } },
    { rule: linked, ...place, identifier: user },
    { rule: deniedCountry, ...place },
  ];
}

export const story: readonly Told[] = [...joined(alice, 3, '1840273651'), ...joined(bela, 7, '1840991207')];
