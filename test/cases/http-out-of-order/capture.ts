import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { alice, linked, roomInClear, start, userInClear, web, type Told } from '../case.ts';

/** `GET /join?uid=1840273651&room_id=` has 33 bytes: the room id begins in the first segment of 40 and ends in the second. */
const request = httpRequest('GET', '/join?uid=1840273651&room_id=M5kqPz7XvQ2d', { Host: 'api.example.org', Accept: '*/*' });

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 54_001 }, server: web, at: start })
    .handshake()
    // The second segment comes first; the first is sent twice; the third is the end.
    .send(request, { mss: 40, transmit: [1, 0, 0, 2] })
    .receive(httpResponse('200 OK'))
    .close();
  return builder.pcap();
}

// Handshake 3; segment 2 is frame 4, segment 1 frames 5 and 6, segment 3 frame 7. The last byte of the room id is in frame 4.
const where = { from: alice, country: 'US' };
const user = { kind: 'user_id', value: '1840273651', path: 'url.query.uid' };
export const story: readonly Told[] = [
  { rule: userInClear, frame: 5, ...where, identifier: user },
  { rule: roomInClear, frame: 4, ...where, identifier: { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'url.query.room_id' } },
  { rule: linked, frame: 5, ...where, identifier: user },
];
