import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { alice, start, userInClear, web, type Told } from '../case.ts';

const request = (uid: string): Buffer => httpRequest('GET', `/v1/avatar?uid=${uid}`, { Host: 'api.example.org' });

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 54_001 }, server: web, at: start })
    .handshake()
    .send(Buffer.concat([request('1840273651'), request('1840991207'), request('1840991999')]))
    .receive(Buffer.concat([httpResponse('200 OK'), httpResponse('404 Not Found'), httpResponse('200 OK')]))
    .close();
  return builder.pcap();
}

export const story: readonly Told[] = ['1840273651', '1840991207', '1840991999'].map((value) => (
  { rule: userInClear, frame: 4, from: alice, country: 'US', identifier: { kind: 'user_id', value, path: 'url.query.uid' } }
));
