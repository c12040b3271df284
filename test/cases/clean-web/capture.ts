import { CaptureBuilder, httpRequest, httpResponse } from '#capture';
import { resolve, tlsSession } from '../../../services/probe/demonstration-traffic.ts';
import { alice, second, start, web, type Told } from '../case.ts';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  tlsSession(builder, {
    client: { ip: alice, port: 53_003 }, server: { ip: '185.15.59.224', port: 443 }, serverName: 'www.wikipedia.org', at: start,
    roundTripMicros: 15_000,
  });
  resolve(builder, alice, 'static.example.org', web.ip, start + 2 * second);
  builder.tcp({ client: { ip: alice, port: 53_004 }, server: web, at: start + 3 * second })
    .handshake()
    .send(httpRequest('GET', '/css/site.css?v=20260403&lang=en', {
      Host: 'static.example.org', 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0',
      'Accept-Language': 'en-GB,en;q=0.5', 'If-None-Match': '"5f3a-61d2c0b7e4a80"', DNT: '1',
    }))
    .receive(
      httpResponse(
        '200 OK', { 'Content-Type': 'text/css', ETag: '"5f3a-61d2c0b7e4a81"', 'Cache-Control': 'max-age=86400' }, 'body { margin: 0 }\n',
      ),
    )
    .close();
  return builder.pcap();
}

export const story: readonly Told[] = [];
