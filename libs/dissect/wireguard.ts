import { createMessage, type Encryption } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';

/** WireGuard, recognised by its handshake (https://www.wireguard.com/protocol/). Its payload is encrypted; only the flow itself is reported. */
export const wireguard: DatagramProtocol = {
  name: 'wireguard',
  /** Type, three zero bytes, and a fixed length: initiation and response. */
  recognise(payload) {
    const length = payload[0] === 1 ? 148 : payload[0] === 2 ? 92 : -1;
    return payload.length === length && payload.readUIntBE(1, 3) === 0;
  },
  read: (_payload, context) => createMessage('wireguard', encrypted, context),
};

const encrypted: Encryption = { verdict: 'encrypted', reason: 'WireGuard handshake' };
