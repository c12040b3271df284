import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CaptureBuilder, dnsAnswer, dnsQuery, httpRequest, httpResponse, stunMessage, tlsClientHello, type Endpoint } from '#capture';

/**
 * Identifiers of every kind in the catalogue, each at a different place of a capture. They must be readable in the capture, and nowhere
 * after the probe.
 */
export const planted = {
  userInQuery: '5550918273',
  userInPath: '7719283645',
  emailInQuery: 'planted.query@example.org',
  deviceInPathLater: 'c0ffee1234deadbe',
  emailInForm: 'planted.form@example.org',
  passwordInForm: 'Plant3d-Passw0rd!',
  roomInJson: 'PlantedRoom77x',
  phoneInJson: '+4915112345678',
  androidIdInJson: 'c4f17a90d25b386e',
  advertisingIdInHeader: '38400000-8cf0-11bd-b23e-10b96e40000d',
  macInHeader: 'a4:83:e7:2b:9c:d1',
  sessionInCookie: 'planted0session1cookie2value3456',
  sessionInSetCookie: 'planted9fresh8session7value65432',
  basicUser: 'planted-basic-user',
  basicPassword: 'planted-basic-secret',
  imeiInAgent: '356938035643809',
  deviceInAgent: 'b7e23ec29af22b0b',
  userInReferer: '8810293746',
  userInRedirect: '9920384756',
  emailInFilename: 'planted.file@example.org',
  userInChunks: '6630192837',
  emailInChunks: 'planted.gzip@example.org',
  emailInBase64: 'planted.base64@example.org',
  userInfoPassword: 'planted-userinfo-secret',
  userInUdpText: '4410293847',
  roomInUdpText: 'PlantedUdpRoom8',
  meetingInUdp: '98765432101',
  userInBinary: '3320192837',
  roomInBinary: 'PlantedBinary5',
  deviceInBinary: 'f00dbabe87654321',
  turnUser: 'planted-turn-user',
  emailInDns: 'planted.dns@example.org',
  macInDns: '3c-22-fb-7a-10-e6',
  macInServerName: 'f0-18-98-5d-c2-07',
  macInHost: '8c-85-90-b1-4e-f3',
  emailInResponse: 'planted.response@example.org',
  userInBrokenJson: '2210192837',
  emailAsQuery: 'planted.bare@example.org',
  emailAsKey: 'planted.key@example.org',
  emailAsEmptyKey: 'planted.empty@example.org',
  sessionInPath: '0A1B2C3D4E5F60718293A4B5C6D7E8F9',
  lastOfMany: 'planted.last@example.org',
  token: jwt({ sub: 'planted-jwt-subject', iat: 1_767_225_600 }),
} as const;

/** Values that are not recognised, because of a bound or their place. They have to be removed all the same. */
export const unread = {
  afterManyIdentifiers: 'planted.beyond@example.org',
  afterManyFields: 'planted.field@example.org',
  afterManyDecodings: 'planted.decoding@example.org',
  emailAsOuterKey: 'planted.outer@example.org',
  userAsOuterKey: '1110192837',
} as const;

/** What must not be found anywhere after the probe. */
export const plantedTexts: readonly string[] = [...Object.values(planted), ...Object.values(unread), 'planted-jwt-subject'];

const begin = Date.UTC(2026, 2, 3, 10) * 1000;
const second = 1_000_000;
const client = '10.9.0.7';
const web: Endpoint = { ip: '93.184.215.14', port: 80 };
const media: Endpoint = { ip: '47.88.10.20', port: 8000 };
const named: Endpoint = { ip: '203.0.113.80', port: 7000 };

export function plantedCapture(): Buffer {
  const builder = new CaptureBuilder();
  let flow = 0;
  const next = () => ({ client: { ip: client, port: 41_000 + ++flow }, at: begin + flow * second });
  const http = (...requests: readonly Buffer[]): void => {
    const connection = builder.tcp({ ...next(), server: web }).handshake();
    for (const request of requests) connection.send(request).receive(httpResponse('200 OK'));
    connection.close();
  };
  const get = (target: string, headers: Record<string, string> = {}): Buffer => httpRequest('GET', target, { Host: 'app.example.com', ...headers });
  const post = (type: string, body: Buffer | string, headers: Record<string, string> = {}): Buffer =>
    httpRequest('POST', '/v1/report', { Host: 'app.example.com', 'Content-Type': type, ...headers }, body);

  http(get(`/start?uid=${planted.userInQuery}&mail=${encodeURIComponent(planted.emailInQuery)}&v=2`), get(`/users/${planted.userInPath}/profile`));
  // Once known in a flow, a value is recognised wherever it occurs.
  http(
    get(`/q?android_id=${planted.deviceInPathLater}`),
    get(`/files/${planted.deviceInPathLater.toUpperCase()}/x`, { 'User-Agent': `x/${planted.deviceInPathLater}` }),
  );
  http(post('application/x-www-form-urlencoded', new URLSearchParams({ email: planted.emailInForm, password: planted.passwordInForm }).toString()));
  http(
    post(
      'application/json',
      JSON.stringify({ room: { id: planted.roomInJson }, phone: planted.phoneInJson, device: { android_id: planted.androidIdInJson } }),
    ),
  );
  http(get('/h', { 'X-Advertising-Id': planted.advertisingIdInHeader, 'X-Device-Mac': planted.macInHeader }));
  builder.tcp({ ...next(), server: web }).handshake().send(get('/c', { Cookie: `lang=de; sessionid=${planted.sessionInCookie}` }))
    .receive(
      httpResponse('302 Found', {
        'Set-Cookie': `sessionid=${planted.sessionInSetCookie}; Path=/`, Location: `/home?user_id=${planted.userInRedirect}`,
      }),
    ).close();
  http(
    get('/b', { Authorization: `Basic ${Buffer.from(`${planted.basicUser}:${planted.basicPassword}`).toString('base64')}` }),
    get('/t', { Authorization: `Bearer ${planted.token}` }),
  );
  http(get('/a', { 'User-Agent': `ExampleApp/4.1 (Android 14; imei=${planted.imeiInAgent}; deviceId=${planted.deviceInAgent})` }));
  http(get('/r', { Referer: `http://app.example.com/inbox?uid=${planted.userInReferer}` }));
  http(
    post(
      'multipart/form-data; boundary=XyZ',
      `--XyZ\r\nContent-Disposition: form-data; name="scan"; filename="${planted.emailInFilename}"\r\n\r\n1234\r\n--XyZ--\r\n`,
    ),
  );
  http(chunked(gzipSync(JSON.stringify({ user_id: planted.userInChunks, contact: { email: planted.emailInChunks } }))));
  http(get(`/e?ctx=${base64(JSON.stringify({ email: planted.emailInBase64 }))}`));
  http(get(`http://reader:${planted.userInfoPassword}@app.example.com/p`));
  http(get('/n', { Host: `${planted.macInHost}.devices.example.net` }));
  http(post('application/json', `{"user_id":"${planted.userInBrokenJson}","room`));
  builder
    .tcp({ ...next(), server: web })
    .handshake()
    .send(get('/me'))
    .receive(httpResponse('200 OK', { 'Content-Type': 'application/json' }, JSON.stringify({ email: planted.emailInResponse })))
    .close();
  // A long connection with identifier after identifier, the last one only in the request target.
  http(...Array.from({ length: 80 }, (_, at) => get(`/s?email=someone.${at}@example.org`)), get(`/s?email=${planted.lastOfMany}`));
  http(
    get(`/unsubscribe?${planted.emailAsQuery}`),
    get(`/unsubscribe?${encodeURIComponent(planted.emailAsKey)}=1`),
    get(`/unsubscribe?${encodeURIComponent(planted.emailAsEmptyKey)}=`),
    get(`/app;jsessionid=${planted.sessionInPath}`),
  );

  http(
    post('application/json', JSON.stringify({ [unread.emailAsOuterKey]: { room_id: 'r7x9k2m4' }, [unread.userAsOuterKey]: { room_id: 'q1w2e3r4' } })),
  );
  const many = (count: number, parameter: (at: number) => string): string => Array.from({ length: count }, (_, at) => parameter(at)).join('&');
  http(get(`/many?${many(300, (at) => `email${at}=a${at}@example.org`)}&email=${unread.afterManyIdentifiers}`));
  http(get(`/many?${many(2100, (at) => `p=${at}`)}&email=${unread.afterManyFields}`));
  http(
    get(
      `/many?${many(100, (at) => `p${at}=${base64(`nothing to see in number ${at}`)}`)}&`
        + `ctx=${base64(JSON.stringify({ email: unread.afterManyDecodings }))}`,
    ),
  );

  builder.udp({ ...next(), server: media })
    .send(Buffer.from(JSON.stringify({ cmd: 'join', uid: planted.userInUdpText, room_id: planted.roomInUdpText, meeting_id: planted.meetingInUdp })));
  builder.udp({ ...next(), server: media }).send(Buffer.concat([
    Buffer.from([0, 1, 0, 0x4a]), prefixed('uid'), prefixed(planted.userInBinary), prefixed('room_id'), prefixed(planted.roomInBinary),
    prefixed('device_id'), prefixed(planted.deviceInBinary),
  ]));
  builder.udp({ ...next(), server: { ip: '198.51.100.20', port: 3478 } })
    .send(stunMessage('allocateRequest', Buffer.alloc(12, 7), [
      { type: 'username', value: `1767225600:${planted.turnUser}` }, { type: 'realm', value: 'turn.example.org' },
    ]));
  for (const name of [`${planted.emailInDns}.metrics.example.net`, `${planted.macInDns}.devices.example.net`]) {
    builder
      .udp({ ...next(), server: { ip: '10.0.0.53', port: 53 } })
      .send(dnsQuery(flow, name))
      .receive(dnsAnswer(flow, name, 'A', [{ name, type: 'A', ttl: 300, data: named.ip }]));
    // The peer of this flow was reached by that name, although the flow itself does not contain it.
    builder.udp({ ...next(), server: named }).send(Buffer.alloc(40, 0x91));
  }
  builder
    .tcp({ ...next(), server: { ...web, port: 443 } })
    .handshake()
    .send(tlsClientHello({ serverName: `${planted.macInServerName}.devices.example.net` }))
    .close();
  return builder.pcapng();
}

function chunked(body: Buffer): Buffer {
  const head =
    'POST /v1/batch HTTP/1.1\r\nHost: app.example.com\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n'
      + 'Transfer-Encoding: chunked\r\n\r\n';
  const middle = body.length >> 1;
  const chunks = [body.subarray(0, middle), body.subarray(middle)].flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')]);
}

/** In the form used in a query. */
function base64(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString('base64'));
}

function prefixed(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

/** A JWT (RFC 7519) with HS256. */
function jwt(claims: object): string {
  const content = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${content}.${createHmac('sha256', 'key of the test').update(content).digest('base64url')}`;
}
