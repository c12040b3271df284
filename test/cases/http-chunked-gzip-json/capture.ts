import { gzipSync } from 'node:zlib';
import { CaptureBuilder, httpResponse } from '#capture';
import { alice, linked, roomInClear, start, userInClear, web, type Told } from '../case.ts';

const body = gzipSync(JSON.stringify({ meeting_id: '812 3456 7890', account: { account_id: '88213' }, note: 'weekly' }));

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

export function capture(): Buffer {
  const head =
    'POST /v2/start HTTP/1.1\r\nHost: meet.example.org\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n'
      + 'Transfer-Encoding: chunked\r\n\r\n';
  const half = body.length >> 1;
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 54_001 }, server: web, at: start })
    .handshake()
    .send(Buffer.from(head))
    .send(chunk(body.subarray(0, half)))
    .send(Buffer.concat([chunk(body.subarray(half)), Buffer.from('0\r\n\r\n')]))
    .receive(httpResponse('200 OK'))
    .close();
  return builder.pcap();
}

// Handshake 3, then three segments with an ACK each: head 4, first half 6, second half 8. Only then can anything be unpacked.
const last = { frame: 8, from: alice, country: 'US' };
const meeting = { kind: 'meeting_id', value: '812 3456 7890', path: 'http.request.body.json.meeting_id', encoding: 'gzip' };
export const story: readonly Told[] = [
  { rule: roomInClear, ...last, identifier: meeting },
  {
    rule: userInClear,
    ...last,
    identifier: { kind: 'account_id', value: '88213', path: 'http.request.body.json.account.account_id', encoding: 'gzip' },
  },
  { rule: linked, ...last, identifier: meeting },
];
