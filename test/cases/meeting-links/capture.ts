import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { alice, roomInClear, second, start, web, type Told } from '../case.ts';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: alice, port: 50_001 }, server: { ip: web.ip, port: 9000 }, at: start })
    .send(Buffer.from('say #team see you at https://us02web.zoom.us/j/81234567890?pwd=QUJDREVGR0hJSg.1 now'));
  builder
    .tcp({ client: { ip: alice, port: 50_002 }, server: web, at: start + 5 * second })
    .handshake()
    .send(httpRequest('GET', '/playback/presentation/2.3/index.html', { Host: 'lectures.example.org' }))
    .receive(httpResponse('200 OK', { 'Content-Type': 'text/html' }, '<p>…</p>'))
    .close();
  return builder.pcap();
}

const where = { from: alice, country: 'US' };
export const story: readonly Told[] = [
  {
    rule: 'Meeting link with its secret in clear',
    ...where,
    frame: 1,
    identifier: { kind: 'join_link', value: 'us02web.zoom.us/j/81234567890?pwd=QUJDREVGR0hJSg.1', path: 'udp.payload@29' },
  },
  { rule: roomInClear, ...where, frame: 1, identifier: { kind: 'meeting_id', value: '81234567890', path: 'udp.payload@47' } },
  { rule: 'Meeting recording fetched in clear', ...where, frame: 5 },
];
