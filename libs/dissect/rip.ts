import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';
import { paddedText } from './text.ts';

/** RIP version 2 (RFC 2453): the password that routers send each other in clear (section 4.1). */
export const rip: DatagramProtocol = {
  name: 'rip',
  recognise: (payload, { destinationPort }) => destinationPort === PORT
    && payload.length >= entriesAt + entryBytes && (payload.length - entriesAt) % entryBytes === 0
    && (payload[0] === REQUEST || payload[0] === RESPONSE) && payload[1] === VERSION_2 && payload.readUInt16BE(2) === 0,
  read(payload, context, environment): Message {
    const message = createMessage('rip', cleartext, context);
    if (payload.readUInt32BE(entriesAt) === SIMPLE_PASSWORD) {
      const secret = paddedText(payload.subarray(entriesAt + 4, entriesAt + entryBytes));
      new FieldList(message, environment).add('rip.login.password', 'password', secret);
    }
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'RIP' };

const PORT = 520;
const [REQUEST, RESPONSE] = [1, 2];
const VERSION_2 = 2;
const entriesAt = 4;
const entryBytes = 20;
/** An entry of address family 0xffff and type 2. */
const SIMPLE_PASSWORD = 0xffff0002;
