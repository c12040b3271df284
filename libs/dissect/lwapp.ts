import { createMessage, type Encryption } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';
import { addWlanNames } from './wlan-management.ts';

/** LWAPP over UDP, the predecessor of CAPWAP (RFC 5412, section 3): reports those frames of the wireless network that name it. */
export const lwapp: DatagramProtocol = {
  name: 'lwapp',
  recognise: (payload, { sourcePort, destinationPort }) =>
    (sourcePort === DATA_PORT || destinationPort === DATA_PORT) && payload.length > headerBytes
    && (payload[0]! & 0xc7) === 0 && payload.readUInt16BE(2) === payload.length - headerBytes,
  read(payload, context, environment) {
    const message = createMessage('lwapp', cleartext, context);
    addWlanNames(message, payload.subarray(headerBytes), environment);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'LWAPP' };

const DATA_PORT = 12222;
/** Version, radio and flags; fragment number; length; signal strength. */
const headerBytes = 6;
