import { CaptureBuilder, dnsAnswer, dnsQuery, httpRequest, httpResponse } from '#capture';
import { alice, second, start, web, type Told } from '../case.ts';

const host = 'shop.example.org';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  const graph = 'graph.facebook.com';
  builder.udp({ client: { ip: alice, port: 40_001 }, server: { ip: '9.9.9.9', port: 53 }, at: start })
    .send(dnsQuery(7, graph)).receive(dnsAnswer(7, graph, 'A', [{ name: graph, type: 'A', ttl: 60, data: '157.240.20.35' }]));
  builder.tcp({ client: { ip: alice, port: 54_001 }, server: web, at: start + second })
    .handshake()
    .send(httpRequest('GET', '/?idfa=00000000-0000-0000-0000-000000000000&uid=0&user_id={user_id}&utm_source=news&t=165028417912345&'
        + 'lib=left-pad@1.3.0', {
      Host: host, 'X-Request-Id': '7c41d9e2-3b5f-4a86-9e17-d04c8ab3f65e', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'X-CSRF-Token': 'kJ8d2mPq0ZxW7vB3nR5tY1', Cookie: 'csrftoken=Zx8Kd0qPw3mN5bV7cX1lQ9rT2yU4iO6p; consent=yes; cart_count=1234567890123',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }))
    .receive(httpResponse('200 OK', { ETag: '"33a64df551425fcc55e4d42a148795d9f25f89d4"', 'Content-Type': 'text/html' },
      '<img src="/logo@2x.png"><label>Password: must have eight characters</label><p>Phones have an imsi and an imei; xkqimsi=abc.</p>'))
    .send(
      httpRequest(
        'POST',
        '/login',
        { Host: host, 'Content-Type': 'application/x-www-form-urlencoded' },
        'username=&password=********&bssid=02%3A00%3A00%3A00%3A00%3A00',
      ),
    )
    .receive(
      httpResponse(
        '200 OK',
        { 'Content-Type': 'application/json' },
        '{"order_id":"490154203237518","device_type":"iPhone12","uid":null,"session":true}',
      ),
    )
    .close();
  builder.udp({ client: { ip: alice, port: 50_000 }, server: { ...web, port: 9000 }, at: start + 2 * second })
    .send(Buffer.from('the words imsi and imei and uid: in a text, wqimsilk 262011234567890'));
  return builder.pcap();
}

export const story: readonly Told[] = [];
