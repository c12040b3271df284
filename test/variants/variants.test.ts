import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { probeCapture } from '../support/scan.ts';
import {
  answer, captureOf, get, mqttLogin, mqttPublish, msgpackText, multipart, post, protobufText, sipMessage, tcp, udp, webSocket, type Conversation,
} from './conversations.ts';

/* The kinds of the catalogue in the spellings, nestings, encodings and protocols of many applications: what must be found, and what must not. */

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const uuid = '5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8';
const hex32 = '9f1c27d3b84e5a60c7d2e1f0938b4a56';
const secret = 'kQ7Zm2XvT8hDrThB3W6RvBhYkybhCkuo';

type Row = readonly [what: string, conversation: Conversation, ...found: string[]];

const rows: Record<string, readonly Row[]> = {
  'people and accounts': [
    ['a user id in camelCase JSON', post(json, '{"event":"open","userInfo":{"userId":88213004}}'), 'user_id=88213004'],
    ['a user id with a hump at its end', get('/x?currentUserID=88213004'), 'user_id=88213004'],
    ['a user id in a nested query', get(`/r?to=${encodeURIComponent('https://m.example.net/?uid=88213004&x=1')}`), 'user_id=88213004'],
    ['a user id in an array', post(json, '{"users":[{"id":"u_88213","role":2},{"id":"u_91744","role":1}]}'), 'user_id=u_88213', 'user_id=u_91744'],
    ['a user id in JSON in a form field', post(form, `data=${encodeURIComponent('{"uid":"88213004"}')}`), 'user_id=88213004'],
    ['a user id in base64 JSON in a header', get('/', `X-Context: ${base64('{"user_id":"88213004","v":2}')}`), 'user_id=88213004'],
    ['a user id in a WebSocket message', webSocket('{"type":"join","payload":{"user_id":"88213004"}}'), 'user_id=88213004'],
    ['a user id in a socket.io message', webSocket('42["login",{"uid":88213004}]'), 'user_id=88213004'],
    [
      'a user id in a STOMP frame',
      webSocket('CONNECT\nlogin:jane.harbour\npasscode:Sesame-42\n\n\0'),
      'user_name=jane.harbour',
      'password=Sesame-42',
    ],
    ['a user id in XML', post('text/xml', '<?xml version="1.0"?><req><user><userId>88213004</userId></user></req>'), 'user_id=88213004'],
    ['a user id in an XML attribute', post('application/xml', '<login userId="88213004" version="2"/>'), 'user_id=88213004'],
    [
      'a user id in a property list',
      post(
        'application/x-plist',
        '<plist version="1.0"><dict><key>userId</key><string>88213004</string><key>n</key><integer>1</integer></dict></plist>',
      ),
      'user_id=88213004',
    ],
    [
      'an account in SOAP',
      post(
        'text/xml; charset=utf-8',
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><m:Get '
          + 'xmlns:m="urn:x"><m:accountNumber>C-20331-7</m:accountNumber></m:Get></s:Body></s:Envelope>',
      ),
      'account_id=C-20331-7',
    ],
    [
      'a user name in a multipart form', multipart(['name="username"', 'jane.harbour'], ['name="password"', 'Sesame-42']),
      'user_name=jane.harbour', 'password=Sesame-42',
    ],
    ['a login in a form', post(form, 'login=jane.harbour&passwd=Sesame%2D42&go=1'), 'user_name=jane.harbour', 'password=Sesame-42'],
    [
      'a login of MQTT by its place',
      mqttLogin('dash-7f3a91c2', 'user', 'Sesame-42'),
      'device_id=dash-7f3a91c2',
      'user_name=user',
      'password=Sesame-42',
    ],
    ['a user in an MQTT payload', mqttPublish('t/1', '{"userId":"88213004","on":true}'), 'user_id=88213004'],
    [
      'a user in MessagePack',
      webSocket(Buffer.concat([
        Buffer.of(0x82), msgpackText('op'), msgpackText('join-a-room'), msgpackText('user_id'), msgpackText('88213004'),
      ])),
      'user_id=88213004',
    ],
    [
      'a user in CBOR', webSocket(Buffer.concat([Buffer.of(0xa1, 0x67), Buffer.from('user_id'), Buffer.of(0x68), Buffer.from('88213004')])),
      'user_id=88213004',
    ],
    [
      'an e-mail in Protocol Buffers behind gRPC',
      post('application/grpc', ((m) => Buffer.concat([Buffer.of(0, 0, 0, 0, m.length), m]))(Buffer.concat([
        protobufText(1, 'checkout'), protobufText(2, 'jane.harbour@example.org'),
      ]))),
      'email=jane.harbour@example.org',
    ],
    ['an e-mail in hexadecimal', get(`/p?e=${Buffer.from('jane.harbour@example.org').toString('hex')}`), 'email=jane.harbour@example.org'],
    ['an e-mail in base64 inside a path', get(`/unsubscribe/${base64('jane.harbour@example.org')}/now`), 'email=jane.harbour@example.org'],
    [
      'an e-mail in base64 beside other parts',
      get('/', `Cookie: remember=7|${base64('jane.harbour@example.org')}|${hex32}`),
      'email=jane.harbour@example.org',
    ],
    ['an e-mail in percent-encoding, twice', get('/p?next=%2Faccount%3Femail%3Djane.harbour%2540example.org'), 'email=jane.harbour@example.org'],
    [
      'an e-mail in gzip in a body',
      post(json, gzipSync('{"mail":"jane.harbour@example.org"}'), 'Content-Encoding: gzip'),
      'email=jane.harbour@example.org',
    ],
    [
      'an e-mail in bare deflate in base64',
      get(
        `/sso?SAMLRequest=${encodeURIComponent(deflateRawSync('<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><NameID>jane.harbour@example.org</NameID></samlp:AuthnRequest>').toString('base64'))}`,
      ),
      'email=jane.harbour@example.org',
    ],
    ['an e-mail in JSON with escapes', post(json, '{"e":"jane.harbour\\u0040example.org"}'), 'email=jane.harbour@example.org'],
    [
      'an envelope of a mail within a host',
      tcp('EHLO desk\r\nMAIL FROM:<jane@localhost>\r\n', 25, '220 mail.example.org ESMTP\r\n250 ok\r\n'),
      'email=jane@localhost',
      'device_name=desk',
    ],
    ['a phone in JSON', post(json, '{"mobile":"+4915112345678"}'), 'phone=+4915112345678'],
    ['a phone in a tel URI in SIP', sipMessage('text/plain', 'call me: tel:+4915112345678'), 'phone=+4915112345678'],
    [
      'the key of a call in its session description',
      sipMessage(
        'application/sdp',
        'v=0\r\ns=-\r\nm=audio 40000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:Vd8kQ2mYxR5tB1nLzG7pWc4eHs9aJf3uKo6iTr0D',
      ),
      'media_key=Vd8kQ2mYxR5tB1nLzG7pWc4eHs9aJf3uKo6iTr0D',
    ],
    [
      'a person in a presence document', sipMessage('application/pidf+xml', '<presence entity="sip:jane@desk.example.org"/>'),
      'sip_uri=sip:jane@desk.example.org',
    ],
    [
      'a JWT with a subject', get('/', `Authorization: Bearer ${jwtOf({ sub: '88213004', email: 'jane.harbour@example.org' })}`),
      `jwt=${jwtOf({ sub: '88213004', email: 'jane.harbour@example.org' })}`, 'user_id=88213004', 'email=jane.harbour@example.org',
    ],
    [
      'a login of NNTP', tcp('AUTHINFO USER jane.harbour\r\nAUTHINFO PASS Sesame-42\r\n', 119, '200 news.example.org ready\r\n'),
      'user_name=jane.harbour', 'password=Sesame-42',
    ],
    ['a login of AMQP', tcp(amqpStart('jane.harbour', 'Sesame-42'), 5672), 'user_name=jane.harbour', 'password=Sesame-42'],
    [
      'a parameter that an object names', post(json, '{"params":[{"name":"userId","value":"88213004"},{"name":"colour","value":"red-1"}]}'),
      'user_id=88213004',
    ],
    [
      'a member of XML-RPC',
      post('text/xml', '<struct><member><name>user_id</name><value><string>88213004</string></value></member></struct>'),
      'user_id=88213004',
    ],
    [
      'a login in SOAP with types', post('text/xml', '<n:login><n:username xsi:type="xsd:string">jane.harbour</n:username></n:login>'),
      'user_name=jane.harbour',
    ],
    [
      'a user in an entry of a map of Protocol Buffers',
      udp(protobufText(1, Buffer.concat([protobufText(1, 'user_id'), protobufText(2, '88213004')]))), 'user_id=88213004',
    ],
    ['a QQ login in a cookie', get('/', 'Cookie: ptui_loginuin=1844200317; pgv_info=ssid=s882'), 'user_id=1844200317'],
  ],
  'rooms, meetings and channels': [
    [
      'a room in a WebSocket message',
      webSocket('{"cmd":"enter","room":{"id":"wq-lounge-42"},"uid":"88213004"}'),
      'room_id=wq-lounge-42',
      'user_id=88213004',
    ],
    ['a room in a path', get('/api/rooms/MAx7Kq2P/messages'), 'room_id=MAx7Kq2P'],
    [
      'a channel of Agora by its short name',
      post(json, '{"appId":"9f1c27d3b84e5a60c7d2e1f0938b4a56","cname":"wq-lounge-42","uid":"88213004"}', 'X-Agora-Version: 4'),
      'channel_id=wq-lounge-42', 'user_id=88213004',
    ],
    [
      'a channel in a request for recording',
      post(json, '{"cname":"wq-lounge-42","uid":"527841","clientRequest":{"resourceExpiredHour":24}}'), 'channel_id=wq-lounge-42',
      'user_id=527841',
    ],
    [
      'a meeting number of Zoom in a launch link', get('/start?u=zoommtg%3A%2F%2Fzoom.us%2Fjoin%3Fconfno%3D84412270093%26pwd%3DQUJDREVG'),
      'meeting_id=84412270093', 'password=QUJDREVG',
    ],
    [
      'a meeting of Zoom in its web client',
      tcp('GET /wc/84412270093/join?mid=84412270093&tk=x HTTP/1.1\r\nHost: us02web.zoom.us\r\n\r\n', 80), 'meeting_id=84412270093',
    ],
    [
      'a meeting by mid, beside Zoom\'s other names',
      tcp('GET /rwg?mn=84412270093&mid=pX3vQz8mT1xWyB7nR2cLdF%3D%3D&cid=3 HTTP/1.1\r\nHost: rwg.zoom.us\r\n\r\n', 80),
      'meeting_id=84412270093', 'meeting_id=pX3vQz8mT1xWyB7nR2cLdF==',
    ],
    [
      'a conference in MUC',
      tcp(
        "<presence xmlns='jabber:client' to='harbour-review@conference.chat.example.org/jane'><x/></presence>",
        5222,
        "<stream:stream xmlns='jabber:client'>",
      ),
      'room_id=harbour-review@conference.chat.example.org',
    ],
    [
      'a room behind lengths',
      udp(Buffer.concat([Buffer.of(0xf3, 1, 0, 7), Buffer.from('room_id'), Buffer.of(0, 8), Buffer.from('MAx7Kq2P')])), 'room_id=MAx7Kq2P',
    ],
  ],
  'secrets and sessions': [
    [
      'an authorization code beside its state', get(`/callback?code=4%2F0AX4XfWjKQ7Zm2XvT8hDrThB3W6&state=${hex32}`),
      'authorization_code=4/0AX4XfWjKQ7Zm2XvT8hDrThB3W6',
    ],
    [
      'an authorization code in its exchange',
      post(
        form, `grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example.net%2Fcb&client_id=harbour`,
      ),
      'authorization_code=SplxlOBeZQQYbYS6WxSbIA',
    ],
    [
      'an authorization code in a redirect',
      answer('text/html', '', 'Location: https://app.example.net/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz81'),
      'authorization_code=SplxlOBeZQQYbYS6WxSbIA',
    ],
    [
      'a password in Digest',
      get('/', `Authorization: Digest username="jane", realm="x", nonce="${hex32}", uri="/", response="4ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2"`),
      'digest_credentials=4ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2', 'user_name=jane',
    ],
    [
      'a session set', answer('text/html', '<p>', 'Set-Cookie: laravel_session=eyJpdiI6Ik9kQ7Zm2XvT8hDrThB3W6; path=/; httponly'),
      'session_token=eyJpdiI6Ik9kQ7Zm2XvT8hDrThB3W6',
    ],
    [
      'a session in a path parameter', get('/shop/cart;jsessionid=3A9C61E8F04B725D8E13C7A95F60D2B4?x=1'),
      'session_token=3A9C61E8F04B725D8E13C7A95F60D2B4',
    ],
    ['a token in a WebSocket URL', get(`/ws?access_token=${secret}`), `bearer_token=${secret}`],
    ['an API key in a header', get('/', 'X-Api-Key: 4f8d2c19ab7e4d01'), 'api_key=4f8d2c19ab7e4d01'],
    ['Basic credentials in a proxy header', get('/', `Proxy-Authorization: Basic ${base64('jane:Sesame-42')}`), 'basic_credentials=jane:Sesame-42'],
    ['credentials in a URL', get('/p?feed=ftp%3A%2F%2Fjane%3ASesame-42%40files.example.org%2F'), 'basic_credentials=jane:Sesame-42'],
  ],
  'devices and places': [
    ['an IMEI in JSON, as a number', post(json, '{"dev":{"imei":490154203237518}}'), 'imei=490154203237518'],
    ['an IMEI behind another spelling', get('/x?deviceImei=490154203237518'), 'imei=490154203237518'],
    ['an advertising id in upper case', post(form, `idfa=${uuid.toUpperCase()}`), `advertising_id=${uuid.toUpperCase()}`],
    ['an Android id in MQTT', mqttPublish('d/state', '{"androidId":"c4f17a90d25b386e"}'), 'android_id=c4f17a90d25b386e'],
    ['a MAC address in a text', udp('lease 3c:15:c2:9a:01:fe to 10.0.0.7'), 'mac=3c:15:c2:9a:01:fe'],
    [
      'a device of UPnP',
      udp(
        `NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nUSN: uuid:${uuid}::upnp:rootdevice\r\n\r\n`,
        1900,
      ),
      `device_id=uuid:${uuid}::upnp:rootdevice`,
    ],
    ['a position in two fields', get('/w?lat=52.520008&lon=13.404954'), 'geo_position=52.520008,13.404954'],
    ['a position in nested JSON', post(json, '{"loc":{"latitude":52.520008,"longitude":13.404954}}'), 'geo_position=52.520008,13.404954'],
    ['a position in GeoJSON', post(json, '{"geometry":{"type":"Point","coordinates":[13.404954,52.520008]}}'), 'geo_position=13.404954,52.520008'],
    [
      'a position of a navigation receiver',
      tcp('$GPGGA,123519,4831.1234,N,01131.5678,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n'),
      'geo_position=4831.1234,N,01131.5678,E',
    ],
    ['a device in a topic', mqttPublish('devices/WQ48213B7710/telemetry', 'on'), 'device_id=WQ48213B7710'],
    ['an IMEI in a path', get('/v1/imei/490154203237518/state'), 'imei=490154203237518'],
    ['a position in a path', get('/weather/52.520008,13.404954/today'), 'geo_position=52.520008,13.404954'],
    ['a visitor of an analyser', get('/collect?v=1&tid=UA-1234567-1&cid=1033501218.1368477899&t=pageview'), 'tracking_id=1033501218.1368477899'],
    ['a serial number in XML', post('text/xml', '<Device><SerialNumber>WQ48213B7710</SerialNumber></Device>'), 'device_id=WQ48213B7710'],
    [
      'a device in a cookie of an analyser',
      get('/', 'Cookie: pgv_pvid=8215530644; UM_distinctid=17f3a91c2ly1-0f8e4c2b7a-12'),
      'tracking_id=8215530644',
      'tracking_id=17f3a91c2ly1-0f8e4c2b7a-12',
    ],
    ['an installation in a query', get(`/x?InstID=%7B${uuid.toUpperCase()}%7D`), `device_id={${uuid.toUpperCase()}}`],
  ],
  'what is none': [
    ['a code of a shop', get('/cart?code=SUMMER24&state=open')],
    ['a code of a country and a state', post(form, 'code=DE&state=BE&zip=10115')],
    ['an error code', get('/callback?error=access_denied&code=400&state=abc81234')],
    [
      'a source of RTCP in a session description',
      post('application/sdp', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\na=ssrc:3735928559 cname:4TOk42mSjXCkVIa6\r\n'),
    ],
    ['a canonical name of DNS', get('/dns?cname=edge.example.net&type=5')],
    ['a company and a person by cname', post(form, 'cname=Harbour%20Shipping&cid=7')],
    ['a merchant by mid', get('/pay?mid=3812345678901234&amount=12')],
    ['a message by mid', post(json, '{"mid":"m_8821-3004","seq":4}')],
    ['a year, a version and a page in a path', get('/users/2024/v10.20/page/3/imei/about')],
    ['an article behind a word of telephony', get('/phone/iphone-1234-review')],
    ['what a script passes on', post('text/plain', 'var o={userId:e.userId,token:t.token,email:n.email,room:r.room};')],
    ['choices of a form', post('text/xml', '<select name="userType"><option value="7">x</option></select><key>version</key><string>12</string>')],
    ['a login of a guest', tcp(amqpStart('guest', 'guest'), 5672)],
    [
      'a service of UPnP',
      udp(
        'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n'
          + 'MAN: "ssdp:discover"\r\n\r\n',
        1900,
      ),
    ],
    [
      'a message of web services',
      post(
        'application/soap+xml',
        '<s:Envelope '
          + `xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><a:MessageID>urn:uuid:${uuid}</a:MessageID></s:Header></s:Envelope>`,
      ),
    ],
    ['base64 of a picture in parts', get(`/i/${base64('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0')}/7`)],
    ['words that are base64 too', get('/category/administration/development/internationalization')],
    ['an empty position', get('/w?lat=0&lon=0')],
    ['the room of a house', post(json, '{"room":"living_room","state":"on"}')],
    ['an uptime and versions', post(json, '{"uptime":88213004,"version":"10.20.31.42","build":20241121}')],
    ['ids of requests', get('/', `X-Request-Id: ${uuid}`, `traceparent: 00-${hex32}-00f067aa0ba902b7-01`)],
    ['the nil UUID', post(json, '{"idfa":"00000000-0000-0000-0000-000000000000"}')],
    ['random bytes', udp(Buffer.from('9f1c27d3b84e5a60c7d2e1f0938b4a56f00dbabe17c2d94e6b8a3f5077e1c4d28a6b9f3e', 'hex'))],
  ],
};

function jwtOf(claims: Record<string, string>): string {
  return (
    [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') +
    '.c2lnbmF0dXJlLW9mLW5vbmU'
  );
}

/** Connection.Start-Ok of AMQP 0-9-1 with the mechanism PLAIN. */
function amqpStart(user: string, password: string): Buffer {
  const response = Buffer.from(`\0${user}\0${password}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.length);
  return Buffer.concat([
    Buffer.from('0100000000003a000a000b00000000', 'hex'),
    Buffer.of(5),
    Buffer.from('PLAIN'),
    length,
    response,
    Buffer.of(5),
    Buffer.from('en_US'),
    Buffer.of(0xce),
  ]);
}

for (const [group, variants] of Object.entries(rows)) {
  describe(group, () => {
    for (const [what, conversation, ...expected] of variants) {
      test(what, () => {
        const found = new Set(probeCapture(captureOf(conversation)).recognised.map(({ observable, value }) => `${observable.kind}=${value}`));
        assert.deepEqual([...found].toSorted(), expected.toSorted());
      });
    }
  });
}
