import { berAt, berText, type BerElement } from './ber.ts';
import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';

/** SNMP versions 1 and 2c, whose community serves as a password (RFC 3584), and 3 with its user name (RFC 3412, 3414). */
export const snmp: DatagramProtocol = {
  name: 'snmp',
  recognise: (payload) => readHeader(payload) !== null,
  read(payload, context, environment): Message {
    const header = readHeader(payload)!;
    const message = createMessage('snmp', header.isEncrypted ? encrypted : cleartext, context);
    const fields = new FieldList(message, environment);
    fields.add('snmp.community', 'snmp_community', header.community);
    fields.add('snmp.user', 'username', header.user);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'SNMP' };
const encrypted: Encryption = { verdict: 'encrypted', reason: 'SNMPv3 privacy' };

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
/** GetRequest to Report (RFC 3416, section 3). */
const [firstPdu, lastPdu] = [0xa0, 0xa8];
const VERSION_3 = 3;
/** Message flag: the scoped PDU is encrypted (RFC 3412, section 6.4). */
const PRIVACY = 0x02;

interface Header {
  community: string;
  user: string;
  isEncrypted: boolean;
}

function readHeader(payload: Buffer): Header | null {
  if (payload[0] !== SEQUENCE) return null;
  const message = berAt(payload, 0);
  if (message === null) return null;
  const version = expect(payload, message.start, message.end, INTEGER);
  if (version === null || version.end - version.start !== 1) return null;
  const number = payload[version.start]!;
  if (number === VERSION_3) return readHeader3(payload, version.end, message.end);
  if (number > 1) return null;
  const community = expect(payload, version.end, message.end, OCTET_STRING);
  if (community === null || community.end >= message.end) return null;
  const pdu = payload[community.end]!;
  if (pdu < firstPdu || pdu > lastPdu) return null;
  return { community: berText(payload, community), user: '', isEncrypted: false };
}

/** Version 3: global data (id, size, flags, model), then the parameters of the User-based Security Model in an octet string. */
function readHeader3(payload: Buffer, position: number, end: number): Header | null {
  const global = expect(payload, position, end, SEQUENCE);
  if (global === null) return null;
  const id = expect(payload, global.start, global.end, INTEGER);
  const size = id === null ? null : expect(payload, id.end, global.end, INTEGER);
  const flags = size === null ? null : expect(payload, size.end, global.end, OCTET_STRING);
  const security = expect(payload, global.end, end, OCTET_STRING);
  if (flags === null || flags.end - flags.start !== 1 || security === null) return null;
  return { community: '', user: readUser(payload, security), isEncrypted: (payload[flags.start]! & PRIVACY) !== 0 };
}

/** The user name follows engine id, boots and time (RFC 3414, section 2.4). */
function readUser(payload: Buffer, security: BerElement): string {
  const parameters = expect(payload, security.start, security.end, SEQUENCE);
  const engine = parameters === null ? null : expect(payload, parameters.start, parameters.end, OCTET_STRING);
  const boots = engine === null ? null : expect(payload, engine.end, parameters!.end, INTEGER);
  const time = boots === null ? null : expect(payload, boots.end, parameters!.end, INTEGER);
  const user = time === null ? null : expect(payload, time.end, parameters!.end, OCTET_STRING);
  return user === null ? '' : berText(payload, user);
}

function expect(bytes: Buffer, position: number, limit: number, tag: number): BerElement | null {
  return bytes[position] === tag ? berAt(bytes, position, limit) : null;
}
