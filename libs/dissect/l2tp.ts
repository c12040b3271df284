import { password, response, userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import { pppLogin } from './ppp-login.ts';
import type { DatagramProtocol } from './protocol.ts';
import { ByteReader } from './reader.ts';

/**
 * L2TP version 2 (RFC 2661): the called and calling numbers as forwarded by the access concentrator, and the PPP login inside. IP packets in it
 * are decapsulated beforehand, as with any tunnel.
 */
export const l2tp: DatagramProtocol = {
  name: 'l2tp',
  recognise: (payload, { sourcePort, destinationPort }) =>
    (sourcePort === PORT || destinationPort === PORT) && (isControl(payload) || pppOf(payload) !== null),
  read(payload, context, environment): Message {
    const message = createMessage('l2tp', cleartext, context);
    const onMalformed = (): void => environment.counters.add('l2tp', 'malformed attribute');
    const values = isControl(payload) ? readAttributes(payload, onMalformed) : pppLogin(pppOf(payload)!) ?? [];
    addNamed(message, values, environment);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'L2TP' };

const PORT = 1701;
/** Flags and version of a control message, with length and sequence numbers (section 3.1); the bits of a data message that are fixed. */
const CONTROL = 0xc802;
const [FIXED_BITS, DATA] = [0x800f, 0x0002];
const [LENGTH, SEQUENCE, OFFSET] = [0x4000, 0x0800, 0x0200];
const controlHeader = 12;

/** Attributes (section 4.4), and the flag of an encrypted one. */
const [HOST_NAME, CALLED_NUMBER, CALLING_NUMBER, PROXY_TYPE, PROXY_NAME, PROXY_RESPONSE] = [7, 21, 22, 29, 30, 33];
const HIDDEN = 0x4000;
const [TYPE_TEXT, TYPE_PAP] = [1, 3];

function isControl(payload: Buffer): boolean {
  return payload.length >= controlHeader && payload.readUInt16BE(0) === CONTROL && payload.readUInt16BE(2) === payload.length;
}

/** The PPP frame in a data message, or null. */
function pppOf(payload: Buffer): Buffer | null {
  const reader = new ByteReader(payload);
  const flags = reader.u16();
  if ((flags & FIXED_BITS) !== DATA) return null;
  if ((flags & LENGTH) !== 0 && reader.u16() !== payload.length) return null;
  reader.skip(4);
  if ((flags & SEQUENCE) !== 0) reader.skip(4);
  if ((flags & OFFSET) !== 0) reader.skip(reader.u16());
  const frame = reader.rest();
  return reader.failed || pppLogin(frame) === null ? null : frame;
}

function readAttributes(payload: Buffer, onMalformed: () => void): NamedValue[] {
  const values: NamedValue[] = [];
  const reader = new ByteReader(payload, controlHeader);
  let isPassword = false;
  while (reader.left > 0) {
    const head = reader.u16();
    const vendor = reader.u16();
    const type = reader.u16();
    const value = reader.take(Math.max(0, (head & 0x3ff) - 6));
    if (reader.failed || (head & 0x3ff) < 6) {
      onMalformed();
      break;
    }
    if (vendor !== 0 || (head & HIDDEN) !== 0) continue;
    switch (type) {
      case HOST_NAME: values.push({ name: 'host_name', key: 'host_name', value: value.text() }); break;
      case CALLING_NUMBER: values.push({ name: 'calling_number', key: 'calling_number', value: value.text() }); break;
      case CALLED_NUMBER: values.push({ name: 'called_number', key: 'called_number', value: value.text() }); break;
      case PROXY_TYPE: isPassword = [TYPE_TEXT, TYPE_PAP].includes(value.u16()); break;
      case PROXY_NAME: values.push(userName(value.text())); break;
      case PROXY_RESPONSE: values.push(isPassword ? password(value.text()) : response(value.rest())); break;
    }
  }
  return values;
}
