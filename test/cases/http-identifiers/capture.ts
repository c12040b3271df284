import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import {
  alice, deviceInClear, deviceLinked, linked, personInClear, roomInClear, sessionInClear, start, userInClear, web, type Told,
} from '../case.ts';

const host = 'api.example.org';
const session = '3A9C61E8F04B725D8E13C7A95F60D2B4';
const advertising = '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 54_001 }, server: web, at: start })
    .handshake()
    .send(
      httpRequest('GET', '/v1/profile?lang=en&uid=1840273651', {
        Host: host,
        'X-Device-Id': 'P31904ID288W5146',
        Cookie: `theme=dark; JSESSIONID=${session}`,
      }),
    )
    .receive(httpResponse('200 OK'))
    .send(
      httpRequest(
        'POST',
        '/v1/install',
        { Host: host, 'Content-Type': 'application/x-www-form-urlencoded' },
        `email=jane.doe%40example.org&gaid=${advertising}`,
      ),
    )
    .receive(httpResponse('200 OK'))
    .send(
      httpRequest(
        'POST',
        '/v1/join',
        { Host: host, 'Content-Type': 'application/json' },
        JSON.stringify({ room: { id: 'M5kqPz7XvQ2d' }, muted: true }),
      ),
    )
    .receive(httpResponse('200 OK'))
    .close();
  return builder.pcap();
}

// The handshake has 3 frames; a request, its ACK, a response and its ACK are 4.
const get = { frame: 4, from: alice, country: 'US' };
const form = { frame: 8, from: alice, country: 'US' };
const json = { frame: 12, from: alice, country: 'US' };
const room = { kind: 'room_id', value: 'M5kqPz7XvQ2d', path: 'http.request.body.json.room.id' };
export const story: readonly Told[] = [
  { rule: userInClear, ...get, identifier: { kind: 'user_id', value: '1840273651', path: 'url.query.uid' } },
  { rule: deviceInClear, ...get, identifier: { kind: 'device_id', value: 'P31904ID288W5146', path: 'http.request.header.x-device-id' } },
  { rule: deviceLinked, ...get, identifier: { kind: 'user_id', value: '1840273651', path: 'url.query.uid' } },
  { rule: sessionInClear, ...get, identifier: { kind: 'session_token', value: session, path: 'http.request.header.cookie.JSESSIONID' } },
  {
    rule: personInClear,
    ...form,
    identifier: { kind: 'email', value: 'jane.doe@example.org', path: 'http.request.body.form.email', encoding: 'url' },
  },
  { rule: deviceInClear, ...form, identifier: { kind: 'advertising_id', value: advertising, path: 'http.request.body.form.gaid' } },
  {
    rule: deviceLinked,
    ...form,
    identifier: { kind: 'email', value: 'jane.doe@example.org', path: 'http.request.body.form.email', encoding: 'url' },
  },
  { rule: roomInClear, ...json, identifier: room },
  // The user was in an earlier request of the connection.
  { rule: linked, ...json, identifier: room },
];
