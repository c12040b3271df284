import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { alice, httpCredential, start, userInClear, web, type Told } from '../case.ts';

const host = 'intranet.example.org';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 54_001 }, server: web, at: start })
    .handshake()
    .send(httpRequest('GET', '/reports', { Host: host, Authorization: 'Basic amRvZTpjb3JyZWN0LWhvcnNlLTE=' }))
    .receive(httpResponse('401 Unauthorized', { 'WWW-Authenticate': 'Basic realm="Reports"' }))
    .send(
      httpRequest(
        'POST',
        '/login',
        { Host: host, 'Content-Type': 'application/x-www-form-urlencoded' },
        'username=jdoe&password=Tr0ub4dor%263&remember=1',
      ),
    )
    .receive(httpResponse('302 Found', { Location: '/' }))
    .close();
  return builder.pcap();
}

// Handshake 3; request and ACK, response and ACK.
const basic = { frame: 4, from: alice, country: 'US' };
const form = { frame: 8, from: alice, country: 'US' };
export const story: readonly Told[] = [
  {
    rule: httpCredential,
    ...basic,
    identifier: { kind: 'basic_credentials', value: 'jdoe:correct-horse-1', path: 'http.request.header.authorization', encoding: 'base64' },
  },
  { rule: userInClear, ...form, identifier: { kind: 'user_name', value: 'jdoe', path: 'http.request.body.form.username' } },
  { rule: httpCredential, ...form, identifier: { kind: 'password', value: 'Tr0ub4dor&3', path: 'http.request.body.form.password', encoding: 'url' } },
];
