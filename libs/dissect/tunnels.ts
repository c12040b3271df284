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

const ikeHeader = 28;

/** IKE versions 1 and 2 (RFC 2408, section 3.1; RFC 7296, section 3.1), on port 4500 behind four zeros (RFC 3948). */
export const ike = tunnel('ike', 'IKE', (payload) => {
  const start = payload.length > ikeHeader + 4 && payload.readUInt32BE(0) === 0 ? 4 : 0;
  if (payload.length < start + ikeHeader || payload.readUInt32BE(start + 24) !== payload.length - start) return false;
  const version = payload[start + 17]!;
  const exchange = payload[start + 18]!;
  return version === 0x20 ? exchange >= 34 && exchange <= 43 : version === 0x10 && (exchange <= 6 || exchange === 32 || exchange === 33);
});
