import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { linked, roomInClear, second, start, userInClear, type Told } from '../case.ts';

const client = 'fd00:20::11';
const server = '2600:1f18:2148:bc00::1';

export function capture(): Buffer {
  const builder = new CaptureBuilder({ vlans: [100, 42] });
  builder.tcp({ client: { ip: client, port: 54_001 }, server: { ip: server, port: 80 }, at: start })
    .handshake()
    .send(httpRequest('GET', '/v1/rooms?room_id=M5kqPz7XvQ2d', { Host: 'api.example.org' }))
    .receive(httpResponse('200 OK'))
    .close();
  builder
    .udp({ client: { ip: client, port: 54_002 }, server: { ip: server, port: 9000 }, at: start + second })
    .send(Buffer.from('cmd=hello uid=1840273651 room_id=M5kqPz7XvQ2d'));
  return builder.pcap();
}

// Handshake 3, request 4, its ACK, response, its ACK, close 3: the datagram is frame 11.
const http = { frame: 4, from: client, country: 'US' };
const udp = { frame: 11, from: client, country: 'US' };
const user = { kind: 'user_id', value: '1840273651', path: 'udp.payload@14' };
export const story: readonly Told[] = [
  { rule: roomInClear, ...http, identifier: { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'url.query.room_id' } },
  { rule: userInClear, ...udp, identifier: user },
  { rule: roomInClear, ...udp, identifier: { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'udp.payload@33' } },
  { rule: linked, ...udp, identifier: user },
];
