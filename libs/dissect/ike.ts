import { response, userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { DatagramProtocol } from './protocol.ts';

/**
 * IKE versions 1 and 2 (RFC 2408, section 3.1; RFC 7296, section 3.1), on port 4500 preceded by four zero bytes (RFC 3948). The traffic that it
 * sets up is encrypted; but in aggressive mode of version 1 the initiator identifies itself in clear, and the response allows anyone to guess
 * the pre-shared key offline (RFC 2409, section 5.4).
 */
export const ike: DatagramProtocol = {
  name: 'ike',
  recognise: (payload) => startOf(payload) >= 0,
  read(payload, context, environment): Message {
    const message = createMessage('ike', encrypted, context);
    const packet = payload.subarray(startOf(payload));
    const isInClear = packet[17] === VERSION_1 && packet[18] === AGGRESSIVE && (packet[19]! & ENCRYPTED) === 0;
    if (isInClear) addNamed(message, readPayloads(packet), environment);
    return message;
  },
};

const encrypted: Encryption = { verdict: 'encrypted', reason: 'IKE' };

const headerBytes = 28;
const [VERSION_1, VERSION_2] = [0x10, 0x20];
const AGGRESSIVE = 4;
/** First and last exchange of version 2 (https://www.iana.org/assignments/ikev2-parameters). */
const [IKE_SA_INIT, IKE_FOLLOWUP_KE] = [34, 44];
const ENCRYPTED = 1;
/** Payload types, and types of identity (RFC 2407, section 4.6.2.1): FQDN, user at FQDN, and key id. */
const [IDENTIFICATION, HASH] = [5, 8];
const [FQDN, USER_FQDN, KEY_ID] = [2, 3, 11];
const identityAt = 8;
const mostPayloads = 16;

/** Where the header begins; -1 if there is none. */
function startOf(payload: Buffer): number {
  const start = payload.length > headerBytes + 4 && payload.readUInt32BE(0) === 0 ? 4 : 0;
  if (payload.length < start + headerBytes || payload.readUInt32BE(start + 24) !== payload.length - start) return -1;
  const exchange = payload[start + 18]!;
  const version = payload[start + 17];
  if (version === VERSION_2) return exchange >= IKE_SA_INIT && exchange <= IKE_FOLLOWUP_KE ? start : -1;
  return version === VERSION_1 && (exchange <= 6 || exchange === 32 || exchange === 33) ? start : -1;
}

/** The identity of the initiator, in a packet without a responder cookie, and the hash of the responder. */
function readPayloads(packet: Buffer): NamedValue[] {
  const values: NamedValue[] = [];
  const begins = packet.readBigUInt64BE(8) === 0n;
  let type = packet[16]!;
  let at = headerBytes;
  for (let count = 0; type !== 0 && count < mostPayloads && at + 4 <= packet.length; count++) {
    const end = at + packet.readUInt16BE(at + 2);
    if (end < at + 4 || end > packet.length) break;
    if (type === IDENTIFICATION && begins && end > at + identityAt) values.push(...identity(packet[at + 4]!, packet.subarray(at + identityAt, end)));
    if (type === HASH && !begins) values.push(response(packet.subarray(at + 4, end)));
    type = packet[at]!;
    at = end;
  }
  return values;
}

function identity(type: number, value: Buffer): NamedValue[] {
  switch (type) {
    case USER_FQDN: case KEY_ID: return [userName(value.toString('utf8'))];
    case FQDN: return [{ name: 'host_name', key: 'host_name', value: value.toString('utf8') }];
    default: return [];
  }
}
