import { CaptureBuilder, dnsAnswer, dnsQuery, httpRequest, httpResponse, tlsApplicationData, tlsClientHello, type Endpoint } from '#capture';
import { generator, type Random } from './random.ts';

/** How an office's traffic is divided into captures. The same options give the same bytes. */
export interface OfficeOptions {
  readonly seed: number;
  readonly captures: number;
  readonly flowsPerCapture: number;
}

const second = 1_000_000;
const begin = Date.UTC(2026, 2, 2, 9) * 1000;
const agora: Endpoint = { ip: '47.88.10.20', port: 8000 };
const web: Endpoint = { ip: '93.184.215.14', port: 80 };
const keysInBeijing: Endpoint = { ip: '52.81.151.250', port: 443 };

/**
 * Captures of an office of 200 people: conferencing, apps and the web. About two flows in three disclose something, each kind of
 * disclosure in another shape; the others are clean.
 */
export function officeTraffic({ seed, captures, flowsPerCapture }: OfficeOptions): Buffer[] {
  const random = generator(seed);
  return Array.from({ length: captures }, (_, index) => {
    const builder = new CaptureBuilder();
    const start = begin + index * 600 * second;
    for (let flow = 0; flow < flowsPerCapture; flow++) {
      const client = { ip: `10.3.${random.integer(8)}.${1 + random.integer(25)}`, port: 20_000 + flow };
      stories[random.integer(stories.length)]!({ builder, client, at: start + random.integer(590) * second + flow, random });
    }
    return index % 2 === 0 ? builder.pcap() : builder.pcapng();
  });
}

interface Story {
  readonly builder: CaptureBuilder;
  readonly client: Endpoint;
  readonly at: number;
  readonly random: Random;
}

const stories: readonly ((story: Story) => void)[] = [
  function joinInClear({ builder, client, at, random }) {
    const join = { cmd: 'join', uid: random.digits(10), room_id: random.word(12) };
    builder.udp({ client, server: agora, at }).send(Buffer.from(JSON.stringify(join))).receive(Buffer.from('{"cmd":"joined","code":0}'));
  },
  function deviceInQuery({ builder, client, at, random }) {
    builder
      .tcp({ client, server: web, at })
      .handshake()
      .send(httpRequest('GET', `/collect?android_id=${random.hex(16)}&v=3`, { Host: 'app.example.com' }))
      .receive(httpResponse('204 No Content'))
      .close();
  },
  function mailInForm({ builder, client, at, random }) {
    const form = new URLSearchParams({ email: `${random.word(8)}.${random.word(6)}@example.org`, password: random.word(12) });
    builder.tcp({ client, server: web, at }).handshake()
      .send(httpRequest('POST', '/login', { Host: 'shop.example.com', 'Content-Type': 'application/x-www-form-urlencoded' }, form.toString()))
      .receive(httpResponse('302 Found', { Location: '/', 'Set-Cookie': `sessionid=${random.hex(32)}; HttpOnly` })).close();
  },
  function severalRequestsOfOneUser({ builder, client, at, random }) {
    const user = random.digits(9);
    const connection = builder.tcp({ client, server: web, at }).handshake();
    for (let request = 0; request < 3; request++) {
      connection
        .send(
          httpRequest(
            'POST',
            `/v1/rooms/events?n=${request}`,
            { Host: 'voice.example.com', 'Content-Type': 'application/json' },
            JSON.stringify({ user_id: user, room: { id: random.word(10) } }),
          ),
        )
        .receive(httpResponse('200 OK', { 'Content-Type': 'application/json' }, '{"ok":true}'));
    }
    connection.close();
  },
  function keyFromBeijing({ builder, client, at }) {
    const name = 'us04kms1.zoom.us';
    builder.udp({ client: { ...client, port: client.port + 20_000 }, server: { ip: '10.0.0.53', port: 53 }, at })
      .send(dnsQuery(client.port, name)).receive(dnsAnswer(client.port, name, 'A', [{ name, type: 'A', ttl: 300, data: keysInBeijing.ip }]));
    builder.tcp({ client, server: keysInBeijing, at: at + second / 2 }).handshake().send(tlsClientHello({ serverName: name })).close();
  },
  function cleanWeb({ builder, client, at }) {
    builder.tcp({ client, server: { ...web, port: 443 }, at }).handshake()
      .send(tlsClientHello({ serverName: 'www.example.com' })).receive(tlsApplicationData(Buffer.alloc(900, 0x5a))).close();
  },
];
