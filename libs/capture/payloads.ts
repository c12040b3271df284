import { createHash } from 'node:crypto';
import { parseAddress } from './address.ts';
import { toBuffer } from './builder-packets.ts';

/** Payloads for built captures: well-formed, deterministic, and no more than tests and the demonstration need. */

const dnsTypes = { A: 1, CNAME: 5, AAAA: 28 } as const;
export type DnsType = keyof typeof dnsTypes;

export interface DnsRecord {
  readonly name: string;
  readonly type: DnsType;
  /** Seconds. */
  readonly ttl: number;
  /** Address, or target of a CNAME. */
  readonly data: string;
}

/** A DNS query (RFC 1035, section 4). */
export function dnsQuery(id: number, name: string, type: DnsType = 'A'): Buffer {
  return Buffer.concat([uint16(id, 0x0100, 1, 0, 0, 0), dnsName(name), uint16(dnsTypes[type], 1)]);
}

/** The response to it. */
export function dnsAnswer(id: number, name: string, type: DnsType, records: readonly DnsRecord[]): Buffer {
  const answers = records.map((record) => {
    const data = record.type === 'CNAME' ? dnsName(record.data) : parseAddress(record.data);
    return Buffer.concat([dnsName(record.name), uint16(dnsTypes[record.type], 1), uint32(record.ttl), uint16(data.length), data]);
  });
  return Buffer.concat([uint16(id, 0x8180, 1, records.length, 0, 0), dnsName(name), uint16(dnsTypes[type], 1), ...answers]);
}

function dnsName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map((label) => vector8(Buffer.from(label))), Buffer.from([0])]);
}

export interface ClientHelloOptions {
  readonly serverName: string;
  /** Default `h2` and `http/1.1`. */
  readonly alpn?: readonly string[];
}

/** A TLS 1.3 ClientHello in one record (RFC 8446, section 4.1.2). Its random is derived from the server name. */
export function tlsClientHello({ serverName, alpn = ['h2', 'http/1.1'] }: ClientHelloOptions): Buffer {
  const hostName = Buffer.concat([Buffer.from([0]), vector16(Buffer.from(serverName))]);
  const extensions = [
    tlsExtension(0, vector16(hostName)),
    tlsExtension(10, vector16(uint16(x25519))),
    tlsExtension(13, vector16(uint16(0x0403, 0x0804))), // ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256
    tlsExtension(16, vector16(Buffer.concat(alpn.map((name) => vector8(Buffer.from(name)))))),
    tlsExtension(supportedVersions, vector8(uint16(tls13))),
    tlsExtension(keyShare, vector16(Buffer.concat([uint16(x25519), vector16(digest(`key share ${serverName}`))]))),
  ];
  const hello = Buffer.concat([
    uint16(tls12), digest(`random ${serverName}`), vector8(sessionId(serverName)), vector16(uint16(0x1301, 0x1302)), vector8(Buffer.from([0])),
    vector16(Buffer.concat(extensions)),
  ]);
  // A client's first record may claim TLS 1.0, for compatibility with old servers.
  return record(22, 0x0301, handshake(1, hello));
}

/** The TLS 1.3 ServerHello in response to the ClientHello with this server name, in one record (RFC 8446, section 4.1.3). */
export function tlsServerHello(serverName: string): Buffer {
  const extensions = [
    tlsExtension(supportedVersions, uint16(tls13)),
    tlsExtension(keyShare, Buffer.concat([uint16(x25519), vector16(digest(`server key share ${serverName}`))])),
  ];
  const hello = Buffer.concat([
    uint16(tls12), digest(`server random ${serverName}`), vector8(sessionId(serverName)), uint16(0x1301), Buffer.from([0]),
    vector16(Buffer.concat(extensions)),
  ]);
  return record(22, tls12, handshake(2, hello));
}

/** A TLS record of application data (RFC 8446, section 5.2). */
export function tlsApplicationData(fragment: Buffer): Buffer {
  return record(23, tls12, fragment);
}

const tls12 = 0x0303;
const tls13 = 0x0304;
const x25519 = 0x001d;
const supportedVersions = 43;
const keyShare = 51;

/** RFC 8446, section 5.1. */
function record(type: number, version: number, fragment: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type]), uint16(version), vector16(fragment)]);
}

/** RFC 8446, section 4: the length has three bytes. */
function handshake(type: number, message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 0]), vector16(message)]);
}

/** The server echoes it (RFC 8446, section 4.1.3). */
function sessionId(serverName: string): Buffer {
  return digest(`session ${serverName}`);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function tlsExtension(type: number, data: Buffer): Buffer {
  return Buffer.concat([uint16(type), vector16(data)]);
}

/** STUN and TURN message types, method and class together (RFC 8489, section 5; RFC 8656, section 17). */
const stunTypes = {
  bindingRequest: 0x0001,
  bindingSuccess: 0x0101,
  allocateRequest: 0x0003,
  allocateSuccess: 0x0103,
  allocateError: 0x0113,
} as const;

/** Attribute types (RFC 8489, section 18.3; RFC 8656, section 18). */
const stunAttributes = {
  username: 0x0006,
  errorCode: 0x0009,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  software: 0x8022,
} as const;

export interface StunAttribute {
  readonly type: keyof typeof stunAttributes;
  /** Text, bytes, or for the XOR address attributes an endpoint. */
  readonly value: string | Buffer | { readonly ip: string; readonly port: number };
}

const STUN_MAGIC_COOKIE = 0x2112a442;

/** A STUN message (RFC 8489, section 5); `transaction` is 12 bytes. */
export function stunMessage(type: keyof typeof stunTypes, transaction: Buffer, attributes: readonly StunAttribute[] = []): Buffer {
  const body = Buffer.concat(attributes.map((attribute) => {
    const value = stunValue(attribute.value, transaction);
    return Buffer.concat([uint16(stunAttributes[attribute.type], value.length), value, Buffer.alloc(-value.length & 3)]);
  }));
  return Buffer.concat([uint16(stunTypes[type], body.length), uint32(STUN_MAGIC_COOKIE), transaction, body]);
}

function stunValue(value: StunAttribute['value'], transaction: Buffer): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (Buffer.isBuffer(value)) return value;
  const mask = Buffer.concat([uint32(STUN_MAGIC_COOKIE), transaction]);
  const address = parseAddress(value.ip).map((byte, at) => byte ^ mask[at]!);
  return Buffer.concat([Buffer.from([0, address.length === 4 ? 1 : 2]), uint16(value.port ^ (STUN_MAGIC_COOKIE >>> 16)), address]);
}

/** An HTTP/1.1 request; a body gets its Content-Length. */
export function httpRequest(method: string, target: string, headers: Readonly<Record<string, string>>, body: Buffer | string = ''): Buffer {
  return httpMessage(`${method} ${target} HTTP/1.1`, headers, toBuffer(body), method !== 'GET');
}

/** An HTTP/1.1 response. */
export function httpResponse(status: string, headers: Readonly<Record<string, string>> = {}, body: Buffer | string = ''): Buffer {
  return httpMessage(`HTTP/1.1 ${status}`, headers, toBuffer(body), true);
}

function httpMessage(startLine: string, headers: Readonly<Record<string, string>>, body: Buffer, statesLength: boolean): Buffer {
  const lines = [startLine, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  if (statesLength) lines.push(`Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

function vector8(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function vector16(bytes: Buffer): Buffer {
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
