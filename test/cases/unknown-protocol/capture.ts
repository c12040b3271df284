import { CaptureBuilder } from '#capture';
import { opaque } from '../../../services/probe/demonstration-traffic.ts';
import { inferred, linked, second, start, type Told } from '../case.ts';

const server = { ip: '93.184.215.14', port: 24_100 };

/** Who joins which room, in order: a round of four every four minutes, half a minute between members. */
const users = [1_840_273_651, 1_912_004_466, 1_866_120_930, 1_903_558_714];
const rounds = [
  [3_004_118_275, 3_004_118_275, 3_517_940_622, 3_517_940_622],
  [3_004_118_275, 3_517_940_622, 3_004_118_275, 3_517_940_622],
  [3_004_118_275, 3_004_118_275, 3_517_940_622, 3_517_940_622],
];
const sessions = rounds.flatMap((rooms, round) => rooms.map((room, member) => ({ round, member, room, user: users[member]! })));
const packets = 4;

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  for (const { round, member, room, user } of sessions) {
    const at = start + (round * 240 + member * 30) * second;
    const flow = builder.udp({ client: { ip: `10.20.0.${11 + member}`, port: 50_000 + round }, server, at, stepMicros: 20_000 });
    for (let packet = 0; packet < packets; packet++) {
      const header = Buffer.alloc(24);
      header.writeUInt32BE(0xc35a0102, 0);
      header.writeUInt32BE(packet, 4);
      header.writeBigUInt64BE(BigInt(Math.floor(at / 1000) + packet * 20), 8);
      header.writeUInt32BE(user, 16);
      header.writeUInt32BE(room, 20);
      flow.send(Buffer.concat([header, opaque(`${round} ${member} ${packet}`, 60)]));
    }
  }
  return builder.pcap();
}

// Each session's flow shows both ids in its first packet; sessions follow each other. Who is in which room is reported once.
export const story: readonly Told[] = sessions.flatMap(({ member, user, room }, session): Told[] => {
  const where = { rule: inferred, frame: session * packets + 1, from: `10.20.0.${11 + member}`, country: 'US' };
  const userId = { kind: 'inferred_user_id', value: String(user), path: 'udp.payload@16', encoding: 'u32be' };
  const isNew = sessions.findIndex((one) => one.user === user && one.room === room) === session;
  return [
    { ...where, identifier: userId },
    ...(isNew ? [{ ...where, rule: linked, identifier: userId }] : []),
    { ...where, identifier: { kind: 'inferred_room_id', value: String(room), path: 'udp.payload@20', encoding: 'u32be' } },
  ];
});
