import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramContext } from './protocol.ts';
import { paddedText } from './text.ts';

/**
 * Agora's SD-RTN handshake over UDP, as seen in nDPI's sd_rtn.c and in captures: byte 0 is 0x00 (0x01: encrypted data), byte 6 is 0x21 in a client
 * hello and 0x23 in a server hello, bytes 7 to 10 are the peer id, bytes 11 and 12 the number of tags. A tag consists of 4 ASCII bytes (`SNI\0`,
 * `PDMD`, `CPTO` …), a little-endian length of two bytes, and a value. The SNI is the name of the edge; the other tags are key exchange.
 */
const handshake: Encryption = { verdict: 'encrypted', reason: 'SD-RTN handshake' };

const CLIENT_HELLO = 0x21;
const SERVER_HELLO = 0x23;
const tagsStart = 13;
const tagHeader = 6;
const maxTags = 16;

export function isSdRtnHello(payload: Buffer): boolean {
  if (payload.length < tagsStart + tagHeader || payload[0] !== 0) return false;
  if (payload[6] !== CLIENT_HELLO && payload[6] !== SERVER_HELLO) return false;
  if (payload[11] !== 0 || payload[12] === 0 || payload[12]! > maxTags) return false;
  return payload[6] === CLIENT_HELLO ? tagAt(payload, tagsStart) === 'SNI' : /^[A-Z]{3,4}$/.test(tagAt(payload, tagsStart));
}

export function sdRtnMessage(payload: Buffer, context: DatagramContext, environment: DissectEnvironment): Message {
  const message = createMessage('sd-rtn', handshake, context);
  environment.counters.add('sd-rtn', 'messages');
  if (payload[6] !== CLIENT_HELLO) return message;
  const start = tagsStart + tagHeader;
  const end = start + payload.readUInt16LE(tagsStart + 4);
  if (end > payload.length) {
    environment.counters.add('sd-rtn', 'malformed tag');
    return message;
  }
  const name = payload.toString('utf8', start, end).toLowerCase();
  message.facts['destination.domain'] = name;
  message.facts['telltale.destination.domain_source'] = 'sd-rtn';
  new FieldList(message, environment).add('sd-rtn.sni', '', name);
  return message;
}

function tagAt(payload: Buffer, position: number): string {
  return paddedText(payload.subarray(position, position + 4));
}
