import type { FieldList } from './fieldlist.ts';
import { isGrease, ja4, newestVersion, type HelloFeatures } from './ja4.ts';
import type { Message } from './message.ts';
import { ByteReader } from './reader.ts';

const SERVER_NAME = 0;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;

/** The carrier of the hello: it determines a letter of the fingerprint, and a DTLS hello contains a cookie. */
export type HelloCarrier = 'tls' | 'quic' | 'dtls';

/**
 * Sets the cleartext facts of a ClientHello: the server name (RFC 6066, section 3), the application protocols (RFC 7301), and the JA4 fingerprint.
 * `body` is the handshake message without its header or, with `isCut`, its beginning, which yields no fingerprint. Returns false if it is
 * malformed or cut, after setting what precedes that.
 */
export function setClientHelloFacts(message: Message, fields: FieldList, body: Buffer, carrier: HelloCarrier, isCut = false): boolean {
  const reader = new ByteReader(body);
  const hello: HelloFeatures = { version: reader.u16(), ciphers: [], extensions: [], signatures: [], hasServerName: false, protocol: null };
  reader.skip(32);
  reader.skip(reader.u8());
  if (carrier === 'dtls') reader.skip(reader.u8());
  hello.ciphers = integers(reader.take(reader.u16()));
  reader.skip(reader.u8());
  if (reader.failed) return false;
  const extensions = reader.left === 0 ? reader : reader.take(reader.u16());
  while (extensions.left > 0 && !extensions.failed) {
    const type = extensions.u16();
    const content = extensions.take(extensions.u16());
    if (extensions.failed) break;
    hello.extensions.push(type);
    if (type === SERVER_NAME) hello.hasServerName = true;
    if (type === SERVER_NAME) readServerNames(message, fields, content);
    else if (type === ALPN) hello.protocol = setProtocols(message, fields, content);
    else if (type === SIGNATURE_ALGORITHMS) hello.signatures = integers(content.take(content.u16()));
    else if (type === SUPPORTED_VERSIONS) hello.version = newestVersion(integers(content.take(content.u8())), carrier) || hello.version;
  }
  const isSound = !isCut && !reader.failed && !extensions.failed;
  if (isSound) message.facts['telltale.tls.ja4'] = ja4(hello, carrier);
  return isSound;
}

/** The remaining two-byte integers, without GREASE (RFC 8701). */
function integers(reader: ByteReader): number[] {
  const list: number[] = [];
  while (reader.left >= 2) {
    const value = reader.u16();
    if (!isGrease(value)) list.push(value);
  }
  return list;
}

function readServerNames(message: Message, fields: FieldList, content: ByteReader): void {
  const names = content.take(content.u16());
  while (names.left > 0 && !names.failed) {
    const type = names.u8();
    const name = names.take(names.u16()).text().toLowerCase();
    if (type !== 0 || name === '') continue;
    setServerName(message, fields, name);
    return;
  }
}

/** `name` is in lower case. */
export function setServerName(message: Message, fields: FieldList, name: string): void {
  message.facts['tls.client.server_name'] = name;
  message.facts['destination.domain'] = name;
  message.facts['telltale.destination.domain_source'] = 'tls';
  fields.add('tls.client.server_name', 'tls_server_name', name);
}

/** Returns the bytes of the first protocol. */
function setProtocols(message: Message, fields: FieldList, content: ByteReader): Buffer | null {
  const protocols: string[] = [];
  let first: Buffer | null = null;
  const list = content.take(content.u16());
  while (list.left > 0 && !list.failed && protocols.length < 16) {
    const written = list.take(list.u8()).rest();
    first ??= written;
    const protocol = written.toString('latin1');
    // GREASE (RFC 8701) is not a protocol.
    if (/^[!-~]{1,32}$/.test(protocol)) protocols.push(protocol);
  }
  if (protocols.length > 0) message.facts['telltale.tls.alpn'] = protocols;
  fields.add('tls.client.alpn', '', protocols.join(' '));
  return first;
}
