import type { FieldList } from './fieldlist.ts';
import type { Message } from './message.ts';
import { setServerName } from './tls-hello.ts';

/** Bytes of a public header, hash and STREAM frame header that may precede it. */
const searchedBytes = 80;
const maxTags = 64;
const headerBytes = 8;

/**
 * The CHLO of Google QUIC (QUIC Crypto, "Client handshake"): the tag, a little-endian count of tags, and for each its four characters and the
 * offset at which its value ends. Up to Q046 it is not encrypted. Returns its position, -1 if there is none near the start.
 */
export function chloAt(payload: Buffer): number {
  const position = payload.subarray(0, searchedBytes).indexOf('CHLO', 0, 'latin1');
  if (position < 0 || position + headerBytes > payload.length) return -1;
  const count = payload.readUInt16LE(position + 4);
  return count > 0 && count <= maxTags && payload.readUInt16LE(position + 6) === 0 ? position : -1;
}

/** Is the handshake a CHLO, rather than a TLS ClientHello? */
export function isChlo(handshake: Buffer): boolean {
  return handshake.toString('latin1', 0, 4) === 'CHLO';
}

/** Sets the server name and the user agent. Returns false if a tag does not fit, after setting what precedes it. */
export function setChloFacts(message: Message, fields: FieldList, chlo: Buffer): boolean {
  const count = chlo.readUInt16LE(4);
  const values = headerBytes + 8 * count;
  let start = values;
  for (let index = 0; index < count; index++) {
    const entry = headerBytes + 8 * index;
    if (entry + 8 > chlo.length) return false;
    const tag = chlo.toString('latin1', entry, entry + 4);
    const end = values + chlo.readUInt32LE(entry + 4);
    if (end < start || end > chlo.length) return false;
    if (tag === 'SNI\0') {
      setServerName(message, fields, chlo.toString('utf8', start, end).toLowerCase());
    } else if (tag === 'UAID') {
      message.facts['user_agent.original'] = chlo.toString('utf8', start, end);
      fields.add('quic.user_agent', 'user_agent', message.facts['user_agent.original']);
    }
    start = end;
  }
  return true;
}
