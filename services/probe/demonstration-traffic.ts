import { createHash } from 'node:crypto';
import { dnsAnswer, dnsQuery, tlsApplicationData, tlsClientHello, tlsServerHello, type CaptureBuilder, type Endpoint } from '#capture';

/** Conversations of which synthetic captures are built. The same arguments give the same bytes. */

/** µs */
const second = 1_000_000;

const resolver: Endpoint = { ip: '9.9.9.9', port: 53 };

/** A DNS query and its response. */
export function resolve(capture: CaptureBuilder, client: string, name: string, address: string, at: number): void {
  const id = createHash('sha256').update(`${client} ${name}`).digest().readUInt16BE(0);
  capture.udp({ client: { ip: client, port: 40_000 + (id % 20_000) }, server: resolver, at })
    .send(dnsQuery(id, name))
    .receive(dnsAnswer(id, name, 'A', [{ name, type: 'A', ttl: 300, data: address }]));
}

interface TlsSession {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly serverName: string;
  /** When the name is queried, µs since 1970. */
  readonly at: number;
  readonly roundTripMicros: number;
}

/** The name is resolved, then a TLS session transfers some unreadable data. */
export function tlsSession(capture: CaptureBuilder, { client, server, serverName, at, roundTripMicros }: TlsSession): void {
  resolve(capture, client.ip, serverName, server.ip, at);
  capture.tcp({ client, server, at: at + second / 2, roundTripMicros })
    .handshake()
    .send(tlsClientHello({ serverName }))
    .receive(tlsServerHello(serverName))
    .send(tlsApplicationData(opaque(`request ${serverName}`, 480)))
    .receive(tlsApplicationData(opaque(`response ${serverName}`, 2400)))
    .close();
}

/** First packet of Zoom's UDP media: `01 00 02` from the client, `02 00 02` in response (nDPI, zoom.c). */
export function zoomHello(from: 1 | 2): Buffer {
  return Buffer.concat([Buffer.from([from, 0, 2]), opaque(`zoom hello ${from}`, 41)]);
}

/** SFU header of 8 bytes (type 5, sequence, direction), then audio (15) whose payload is encrypted (nDPI, zoom.c). */
export function zoomMediaPacket(direction: 'toZoom' | 'fromZoom', sequence: number): Buffer {
  const header = Buffer.from([5, 0, sequence, 0, 0, 0, 0, direction === 'toZoom' ? 0 : 4]);
  return Buffer.concat([header, Buffer.from([15]), opaque(`zoom media ${direction} ${sequence}`, 140)]);
}

/** RTP version 2 with Opus's usual payload type; SRTP encrypts all that follows the header (RFC 3550, section 5.1; RFC 3711). */
export function srtp(sequence: number): Buffer {
  const header = Buffer.from([0x80, 111, 0, 0, 0, 0, 0, 0, 0x51, 0x0c, 0xa1, 0x7e]);
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(sequence * 960, 4);
  return Buffer.concat([header, opaque(`srtp ${sequence}`, 80)]);
}

/** Text preceded by its length in one byte. */
export function prefixed(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

/** Bytes that look random, like ciphertext, but are the same each time. */
export function opaque(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) => createHash('sha256').update(`${seed} ${block}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}
