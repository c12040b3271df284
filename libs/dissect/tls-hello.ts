import type { FieldList } from './fieldlist.ts';
import type { Message } from './message.ts';
import { ByteReader } from './reader.ts';

const SERVER_NAME = 0;
const ALPN = 16;

/**
 * Sets what a ClientHello says in clear: the server name (RFC 6066, section 3) and the application protocols (RFC 7301).
 * `body` is the handshake message without its header. Returns false when it is malformed; what stood before the error is set.
 */
export function setClientHelloFacts(message: Message, fields: FieldList, body: Buffer): boolean {
  const reader = new ByteReader(body);
  reader.skip(2 + 32);
  reader.skip(reader.u8());
  reader.skip(reader.u16());
  reader.skip(reader.u8());
  if (reader.failed) return false;
  if (reader.left === 0) return true;
  const extensions = reader.take(reader.u16());
  while (extensions.left > 0 && !extensions.failed) {
    const type = extensions.u16();
    const content = extensions.take(extensions.u16());
    if (type === SERVER_NAME) setServerName(message, fields, content);
    else if (type === ALPN) setProtocols(message, content);
  }
  return !reader.failed && !extensions.failed;
}

function setServerName(message: Message, fields: FieldList, content: ByteReader): void {
  const names = content.take(content.u16());
  while (names.left > 0 && !names.failed) {
    const type = names.u8();
    const name = names.take(names.u16()).text().toLowerCase();
    if (type !== 0 || name === '') continue;
    message.facts['tls.client.server_name'] = name;
    message.facts['destination.domain'] = name;
    message.facts['telltale.destination.domain_source'] = 'tls';
    fields.add('tls.client.server_name', '', name, '', message.frame);
    return;
  }
}

function setProtocols(message: Message, content: ByteReader): void {
  const protocols: string[] = [];
  const list = content.take(content.u16());
  while (list.left > 0 && !list.failed && protocols.length < 16) {
    const protocol = list.take(list.u8()).text();
    // GREASE (RFC 8701) is no protocol.
    if (/^[!-~]{1,32}$/.test(protocol)) protocols.push(protocol);
  }
  if (protocols.length > 0) message.facts['telltale.tls.alpn'] = protocols;
}
