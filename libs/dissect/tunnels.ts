import { createMessage, type Encryption } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';

/** Tunnels known by the first datagram of their key exchange. What they carry is encrypted, and told by nothing but its flow. */
function tunnel(name: string, reason: string, recognise: (payload: Buffer) => boolean): DatagramProtocol {
  const encryption: Encryption = { verdict: 'encrypted', reason };
  return { name, recognise, read: (_payload, { sender, frame, micros }) => createMessage(name, encryption, sender, frame, micros) };
}

/** Type, three zeros, and a fixed length: handshake initiation and response (https://www.wireguard.com/protocol/). */
export const wireguard = tunnel('wireguard', 'WireGuard handshake', (payload) => {
  const length = payload[0] === 1 ? 148 : payload[0] === 2 ? 92 : -1;
  return payload.length === length && payload.readUIntBE(1, 3) === 0;
});
