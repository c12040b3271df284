/**
 * Identifiers where they are easily overlooked, and in spellings other than the one in which they are recognised: none may be in a record or
 * finding, as it is, percent-encoded, in hexadecimal or in base64.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureBuilder, dnsAnswer, dnsQuery, httpRequest, httpResponse, tlsClientHello, type Endpoint } from '#capture';
import { detect, probeCapture } from '../support/scan.ts';
import { Search } from '../support/search.ts';

const email = 'planted.places@example.org';
const imei = '356938035643809';
const user = 'planted-places-user';
const label = `imei-${imei}.devices.example.net`;
const begin = Date.UTC(2026, 2, 3, 10) * 1000;
const client = '10.9.0.7';
const web: Endpoint = { ip: '93.184.215.14', port: 80 };

function tcp(request: Buffer | string, response?: Buffer | string, port = 80): Buffer {
  const builder = new CaptureBuilder();
  const connection = builder.tcp({ client: { ip: client, port: 41_000 }, server: { ...web, port }, at: begin }).handshake().send(request);
  if (response !== undefined) connection.receive(response);
  connection.close();
  return builder.pcap();
}

function udp(datagram: Buffer | string, port: number): Buffer {
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: client, port: 41_000 }, server: { ...web, port }, at: begin }).send(Buffer.from(datagram));
  return builder.pcap();
}

const get = (target: string, headers: Record<string, string> = {}): Buffer => tcp(httpRequest('GET', target, { Host: 'app.example.com', ...headers }));
/** The number is known from a header, and repeated. */
const known = (target: string, agent = 'app/1'): Buffer => get(target, { 'X-Imei': imei, 'User-Agent': agent });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function cname(): Buffer {
  const builder = new CaptureBuilder();
  const name = 'app.example.com';
  const answers = [{ name, type: 'CNAME', ttl: 300, data: label }, { name: label, type: 'A', ttl: 300, data: web.ip }] as const;
  builder.udp({ client: { ip: client, port: 41_000 }, server: { ip: '10.0.0.53', port: 53 }, at: begin })
    .send(dnsQuery(1, name)).receive(dnsAnswer(1, name, 'A', answers));
  builder.udp({ client: { ip: client, port: 41_001 }, server: { ...web, port: 7000 }, at: begin + 1_000_000 }).send(Buffer.alloc(40, 0x91));
  return builder.pcap();
}

const places: Record<string, [value: string, capture: () => Buffer]> = {
  'the target of an alias in DNS': [imei, cname],
  'the host of an absolute target': [imei, () => get(`http://${label}/x`)],
  'the host of CONNECT': [imei, () => tcp(httpRequest('CONNECT', `${label}:443`, {}))],
  'the host of a redirect': [imei, () => tcp(httpRequest('GET', '/', {}), httpResponse('302 Found', { Location: `http://${label}/x` }))],
  'a proxy on the way': [imei, () => get('/', { 'X-Forwarded-For': `198.51.100.7, ${label}` })],
  'the target of SOCKS': [imei, () => tcp(Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 3, label.length]), Buffer.from(label), Buffer.from([1, 187])]))],
  'a protocol offered in TLS': [email, () => tcp(tlsClientHello({ serverName: 'app.example.com', alpn: [email] }), undefined, 443)],
  'the user agent of SIP': [
    imei, () => udp(`OPTIONS sip:pbx.example.org SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nUser-Agent: phone/1 (imei=${imei})\r\n\r\n`, 5060),
  ],
  'the path of RTSP': [email, () => tcp(`DESCRIBE rtsp://cam.example/of/${email} RTSP/1.0\r\nCSeq: 1\r\n\r\n`, undefined, 554)],
  'the query of RTSP': [user, () => tcp(`DESCRIBE rtsp://cam.example/1?user_name=${user} RTSP/1.0\r\nCSeq: 1\r\n\r\n`, undefined, 554)],
  'a parameter of a path segment': [imei, () => get(`/p;imei=${imei}/x`)],
  'the user of Basic, in the path': [user, () => get(`/home/${user}/x`, { Authorization: `Basic ${base64(`${user}:s3same`)}` })],
  'the password of Basic, in the query': ['s3same-places', () => get('/x?p=s3same-places', { Authorization: `Basic ${base64(`jane:s3same-places`)}` })],
  'base64 of what is known': [imei, () => known(`/x?q=${base64(imei)}`, `app/${base64(`v1 ${imei} v2`)}`)],
  'hexadecimal of what is known': [imei, () => known(`/x/01${Buffer.from(imei).toString('hex')}ff`)],
  'percent-encoding in three layers': [email, () => get('/x', { 'X-Contact': email, 'User-Agent': `app/${email.replace('@', '%252540')}` })],
  'escapes of JSON in a query': [email, () => get(`/x?email=${email.replace('@', '\\u0040')}`)],
  'escapes of JSON in a user agent': [email, () => get('/x', { 'User-Agent': `app/1 ${email.replace('@', '\\u0040')}` })],
  'a name of a form field in base64': [
    email, () => tcp(httpRequest('POST', '/x', { 'Content-Type': 'application/x-www-form-urlencoded' }, `${base64(email)}[email]=${email}`)),
  ],
};

describe('no raw value in a record or finding', () => {
  for (const [name, [value, capture]] of Object.entries(places)) {
    test(name, async () => {
      const { records, recognised } = probeCapture(capture());
      assert.ok(recognised.some((one) => [one.value, ...one.written].some((text) => text.includes(value))), 'it is recognised');
      const search = new Search([value]);
      for (const record of records) search.in('record', unescaped(JSON.stringify(record)));
      for (const finding of await detect(records)) search.in('finding', unescaped(JSON.stringify(finding)));
      assert.deepEqual(search.found, []);
    });
  }
});

/** Anyone who reads a record can undo escapes. */
function unescaped(text: string): string {
  const plain = text.replaceAll(/\\+u([0-9a-f]{4})/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)))
    .replaceAll(/%25/g, '%').replaceAll(/%25/g, '%');
  return plain.replaceAll(/%([2-7][0-9a-f])/gi, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
}
