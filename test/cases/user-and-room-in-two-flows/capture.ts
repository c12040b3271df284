import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { alice, bela, linked, roomInClear, second, start, userInClear, web, type Told } from '../case.ts';

const voice = { ip: '93.184.215.20', port: 9000 };

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  const names = (client: string, port: number, user: string, at: number): void => void builder.tcp({ client: { ip: client, port }, server: web, at })
    .handshake().send(httpRequest('GET', `/me?uid=${user}`, { Host: 'api.example.org' })).receive(httpResponse('204 No Content', {}, '')).close();
  const joins = (client: string, port: number, room: string, at: number): void => void builder.udp({
    client: { ip: client, port }, server: voice, at,
  })
    .send(Buffer.from(JSON.stringify({ cmd: 'join', room_id: room })));
  names(alice, 50_001, '1840273651', start);
  names(bela, 50_002, '1912004466', start + 30 * second);
  joins(alice, 50_003, 'M5kqPz7XvQ2d', start + 60 * second);
  joins(bela, 50_004, 'Zt4wLm9QbN3c', start + 210 * second);
  return builder.pcap();
}

// A conversation over TCP has 10 frames; its request is the fourth.
const aliceRoom = { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'udp.payload@25' };
export const story: readonly Told[] = [
  { rule: userInClear, frame: 4, from: alice, country: 'US', identifier: { kind: 'user_id', value: '1840273651', path: 'url.query.uid' } },
  { rule: userInClear, frame: 14, from: bela, country: 'US', identifier: { kind: 'user_id', value: '1912004466', path: 'url.query.uid' } },
  { rule: roomInClear, frame: 21, from: alice, country: 'US', identifier: aliceRoom },
  { rule: linked, frame: 21, from: alice, country: 'US', identifier: aliceRoom },
  { rule: roomInClear, frame: 22, from: bela, country: 'US', identifier: { kind: 'room_id', value: 'Zt4wLm9QbN3c', path: 'udp.payload@25' } },
];
