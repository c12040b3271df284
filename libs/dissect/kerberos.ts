import { berAt, berChildren, berText, type BerElement } from './ber.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Origin } from './message.ts';
import { addNamed } from './named-value.ts';
import type { DissectEnvironment } from './options.ts';
import type { DatagramProtocol, Recognition } from './protocol.ts';

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Kerberos' };

/** Tag class, and the bit for a constructed element. */
const APPLICATION = 0x60;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const GENERAL_STRING = 0x1b;
const [AS_REQ, AS_REP, TGS_REQ, TGS_REP, KRB_ERROR] = [10, 11, 12, 13, 30];

/** Context tags of the client's name and realm in a message; for requests, inside the body (RFC 4120, section 5.4 and 5.9.1). */
interface Layout { body: number; name: number; realm: number }
const layouts = new Map<number, Layout>([
  [AS_REQ, { body: 4, name: 1, realm: 2 }], [TGS_REQ, { body: 4, name: 1, realm: 2 }],
  [AS_REP, { body: -1, name: 4, realm: 3 }], [TGS_REP, { body: -1, name: 4, realm: 3 }], [KRB_ERROR, { body: -1, name: 8, realm: 7 }],
]);

/** Kerberos over UDP. */
export const kerberos: DatagramProtocol = {
  name: 'kerberos',
  recognise: (payload) => kerberosType(payload) !== 0,
  read: kerberosMessage,
};

/** Enough for two lengths of up to four bytes and the version. */
const leastHeader = 17;
const versionFive = Buffer.from([3, INTEGER, 1, 5]);

/** Type of the Kerberos message that begins here, 0 if none does: `[APPLICATION type] SEQUENCE { … pvno 5, msg-type type …`. */
function kerberosType(bytes: Buffer): number {
  const type = bytes[0]! & 0x1f;
  if (bytes.length < leastHeader || (bytes[0]! & 0xe0) !== APPLICATION || !layouts.has(type)) return 0;
  const outer = berAt(bytes, 0, 0x7fffffff);
  if (outer === null || outer.start + 2 > bytes.length || bytes[outer.start] !== SEQUENCE) return 0;
  const inner = berAt(bytes, outer.start, outer.end);
  if (inner === null || inner.end !== outer.end) return 0;
  // Requests number their elements from 1, all other messages from 0: 0xa1 or 0xa0, 3, INTEGER, 1, 5.
  const first = type === AS_REQ || type === TGS_REQ ? 0xa1 : 0xa0;
  return bytes[inner.start] === first && bytes.subarray(inner.start + 1, inner.start + 5).equals(versionFive) ? type : 0;
}

/** Reads the client's name and realm. The server's name is that of a service. */
function kerberosMessage(bytes: Buffer, origin: Origin, environment: DissectEnvironment): Message {
  const message = createMessage('kerberos', cleartext, origin);
  const { body, name, realm } = layouts.get(bytes[0]! & 0x1f)!;
  const outer = berAt(bytes, 0);
  const inner = outer && berAt(bytes, outer.start, outer.end);
  if (!inner) {
    environment.counters.add('kerberos', 'cut message');
    return message;
  }
  const holder = body < 0 ? inner : inside(bytes, child(bytes, inner, body));
  const principal = holder && inside(bytes, child(bytes, holder, name));
  const realmText = holder && inside(bytes, child(bytes, holder, realm));
  const values = [userName(principal === null ? '' : principalName(bytes, principal))];
  if (realmText !== null) values.push({ name: 'realm', key: 'realm', value: berText(bytes, realmText) });
  addNamed(message, values, environment);
  return message;
}

/** Maximum number of parts of a name that are read; a person's has one or two. */
const mostParts = 8;

/** `SEQUENCE { [0] name-type, [1] SEQUENCE OF string }`, parts joined by `/` (RFC 4120, section 5.2.2). */
function principalName(bytes: Buffer, principal: BerElement): string {
  const list = inside(bytes, child(bytes, principal, 1));
  const parts = list === null ? [] : berChildren(bytes, list, mostParts).filter(({ tag }) => tag === GENERAL_STRING);
  return parts.map((part) => berText(bytes, part)).join('/');
}

/** The child `[number]` of a sequence. */
function child(bytes: Buffer, sequence: BerElement, number: number): BerElement | null {
  return berChildren(bytes, sequence).find(({ tag }) => tag === 0xa0 + number) ?? null;
}

/** The element inside an explicit tag. */
function inside(bytes: Buffer, element: BerElement | null): BerElement | null {
  return element && berAt(bytes, element.start, element.end);
}

/** Size of the length prefix of a message over TCP (RFC 4120, section 7.2.2). */
const prefix = 4;

function recogniseRecord(bytes: Buffer): Recognition {
  if (bytes[0] !== 0 || (bytes.length > prefix && (bytes[prefix]! & 0xe0) !== APPLICATION)) return 'no';
  if (bytes.length < prefix + leastHeader) return 'more';
  return kerberosType(bytes.subarray(prefix)) === 0 ? 'no' : 'yes';
}

/** Whether a message begins at an arbitrary position: its two lengths must agree. */
function resumesKerberos(bytes: Buffer, position: number): Recognition {
  const message = bytes.subarray(position + prefix);
  const recognition = recogniseRecord(bytes.subarray(position));
  if (recognition !== 'yes') return recognition;
  return berAt(message, 0, 0x7fffffff)!.end === bytes.readUInt32BE(position) ? 'yes' : 'no';
}

class KerberosReader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    return bytes.length < prefix ? 0 : prefix + bytes.readUInt32BE(0);
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const body = bytes.subarray(prefix);
    return body.length > 0 && kerberosType(body) !== 0 ? kerberosMessage(body, context, context) : null;
  }

  resumes = resumesKerberos;
}

export const kerberosOverTcp = framedProtocol('kerberos', recogniseRecord, () => new KerberosReader());
