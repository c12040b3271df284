import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';

/**
 * IPMI 2.0 over a network (IPMI specification 2.0, revision 1.1, sections 13.20 to 13.23): logins at a server's management controller. The
 * controller sends a hash of the password before it knows whether the client has it, so anyone can request one and guess passwords offline.
 */
export const ipmi: DatagramProtocol = {
  name: 'ipmi',
  recognise: (payload) =>
    payload[0] === RMCP &&
    payload.length >= payloadAt &&
    payload[1] === 0 &&
    payload[2] === 0xff &&
    payload[3] === IPMI &&
    payload[4] === IPMI_2 &&
    payload.readUInt16LE(payloadAt - 2) === payload.length - payloadAt,
  read(payload, context, environment): Message {
    const type = payload[5]! & TYPE_BITS;
    const message = createMessage('ipmi', (payload[5]! & ENCRYPTED) === 0 ? cleartext : encrypted, context);
    const fields = new FieldList(message, environment);
    if (type === RAKP_1 && payload.length >= payloadAt + userAt) {
      const end = payloadAt + userAt + payload[payloadAt + userAt - 1]!;
      fields.add('ipmi.login.user_name', 'user_name', payload.toString('latin1', payloadAt + userAt, end));
    }
    if (type === RAKP_2) fields.add('ipmi.login.response', 'login_response', payload.toString('hex', payloadAt + hashAt));
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'IPMI' };
const encrypted: Encryption = { verdict: 'encrypted', reason: 'IPMI session' };

/** Version, class, and session authentication type: version 2 has a 12-byte header, whose last two bytes are the payload length. */
const [RMCP, IPMI, IPMI_2] = [6, 7, 6];
const payloadAt = 16;
const TYPE_BITS = 0x3f;
const ENCRYPTED = 0x80;
/** Payload types: the first two messages of the key exchange. */
const [RAKP_1, RAKP_2] = [0x12, 0x13];
/** The user follows tag, session, random number, privilege and its own length; the hash follows tag, session, random number and controller GUID. */
const [userAt, hashAt] = [28, 40];
