import { createHash } from 'node:crypto';
import { CaptureBuilder } from '#capture';

/** What an application sends, as a capture. Addresses, hosts and values are invented. */
export type Conversation = (capture: CaptureBuilder) => void;

const at = 1_732_147_200_000_000;
const client = { ip: '10.0.0.7', port: 49_152 };
const server = (port: number) => ({ ip: '203.0.113.9', port });

export function captureOf(conversation: Conversation): Buffer {
  const capture = new CaptureBuilder();
  conversation(capture);
  return capture.pcap();
}

export function udp(payload: Buffer | string, port = 40_123): Conversation {
  return (capture) => { capture.udp({ client, server: server(port), at }).send(Buffer.from(payload)); };
}

export function tcp(payload: Buffer | string, port = 40_123, answer = ''): Conversation {
  return (capture) => {
    const conversation = capture.tcp({ client, server: server(port), at }).handshake();
    if (answer !== '') conversation.send(payload).receive(answer).close();
    else conversation.send(payload).close();
  };
}

/** Headers, one per line, and a body with its length. */
export function request(start: string, headers: readonly string[] = [], body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const length = bytes.length === 0 ? [] : [`Content-Length: ${bytes.length}`];
  return Buffer.concat([Buffer.from(`${start} HTTP/1.1\r\n${['Host: api.example.net', ...headers, ...length].join('\r\n')}\r\n\r\n`), bytes]);
}

export const get = (target: string, ...headers: string[]): Conversation => tcp(request(`GET ${target}`, headers), 80);
export const post = (type: string, body: Buffer | string, ...headers: string[]): Conversation =>
  tcp(request('POST /v1/track', [`Content-Type: ${type}`, ...headers], body), 80);

/** The response to a GET. */
export function answer(type: string, body: string, ...headers: string[]): Conversation {
  const head = ['HTTP/1.1 200 OK', `Content-Type: ${type}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  return tcp(request('GET /'), 80, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A message of a WebSocket, masked by zeros (RFC 6455, section 5.2). */
export function webSocket(message: Buffer | string): Conversation {
  const key = 'a1d6c2e4b0f89a7c5e3d1b';
  const accept = createHash('sha1').update(`${key}==258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const bytes = Buffer.from(message);
  const length = bytes.length < 126 ? Buffer.of(0x80 | bytes.length) : Buffer.of(0x80 | 126, bytes.length >> 8, bytes.length & 0xff);
  const frame = Buffer.concat([Buffer.of(typeof message === 'string' ? 0x81 : 0x82), length, Buffer.alloc(4), bytes]);
  return (capture) => {
    capture.tcp({ client, server: server(80), at }).handshake()
      .send(request('GET /socket', ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${key}==`, 'Sec-WebSocket-Version: 13']))
      .receive(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
      .send(frame).close();
  };
}

const mqttText = (text: string): Buffer => Buffer.concat([Buffer.of(text.length >> 8, text.length & 0xff), Buffer.from(text)]);
const mqttPacket = (type: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.of(type), body.length < 128 ? Buffer.of(body.length) : Buffer.of(0x80 | (body.length & 0x7f), body.length >> 7), body]);

/** MQTT 3.1.1: CONNECT with a meaningless client id, then PUBLISH. */
export function mqttPublish(topic: string, payload: Buffer | string): Conversation {
  const connect = mqttPacket(0x10, Buffer.concat([mqttText('MQTT'), Buffer.of(4, 2, 0, 60), mqttText('')]));
  const publish = mqttPacket(0x30, Buffer.concat([mqttText(topic), Buffer.from(payload)]));
  return (capture) => {
    capture.tcp({ client, server: server(1883), at }).handshake().send(connect).receive(Buffer.of(0x20, 2, 0, 0)).send(publish).close();
  };
}

/** MQTT 3.1.1: CONNECT with a user name and a password. */
export function mqttLogin(clientId: string, user: string, secret: string): Conversation {
  const connect = mqttPacket(
    0x10,
    Buffer.concat([mqttText('MQTT'), Buffer.of(4, 0xc2, 0, 60), mqttText(clientId), mqttText(user), mqttText(secret)]),
  );
  return (capture) => {
    capture
      .tcp({ client, server: server(1883), at })
      .handshake()
      .send(connect)
      .receive(Buffer.of(0x20, 2, 0, 0))
      .close();
  };
}

/** A message of SIP over UDP, with a body. */
export function sipMessage(type: string, body: string, ...headers: string[]): Conversation {
  return udp([
    'MESSAGE sip:desk.example.org SIP/2.0', 'Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK776asdhds',
    'From: <sip:desk.example.org>;tag=4c1f', 'To: <sip:desk.example.org>',
    'Call-ID: kD8fj2', 'CSeq: 1 MESSAGE', ...headers, `Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`, '', body,
  ].join('\r\n'), 5060);
}

/** A form as of RFC 7578; each part is a header line without `Content-Disposition: form-data; `, and its text. */
export function multipart(...parts: readonly [disposition: string, text: string][]): Conversation {
  const boundary = '----harbour7f3a';
  const body =
    `${parts.map(([disposition, text]) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`).join('')}--${boundary}--\r\n`;
  return post(`multipart/form-data; boundary=${boundary}`, body);
}

/** A string field of Protocol Buffers. */
export function protobufText(number: number, text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
}

export function msgpackText(text: string): Buffer {
  return Buffer.concat([text.length < 32 ? Buffer.of(0xa0 | text.length) : Buffer.of(0xd9, text.length), Buffer.from(text)]);
}
