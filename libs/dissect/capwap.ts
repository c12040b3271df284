import { isDtls } from './dtls.ts';
import { createMessage, type Encryption } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';
import { addWlanNames } from './wlan-management.ts';

/**
 * CAPWAP between an access point and its controller (RFC 5415): reports those frames of the wireless network (RFC 5416) that name it. IP
 * packets inside them are decapsulated beforehand, as with any tunnel. Most access points protect control with DTLS, but data rarely.
 */
export const capwap: DatagramProtocol = {
  name: 'capwap',
  recognise: (payload, { sourcePort, destinationPort }) =>
    (isItsPort(sourcePort) || isItsPort(destinationPort)) && (isProtected(payload) || headerLength(payload) > 0),
  read(payload, context, environment) {
    if (isProtected(payload)) return createMessage('capwap', encrypted, context);
    const message = createMessage('capwap', cleartext, context);
    addWlanNames(message, payload.subarray(headerLength(payload)), environment);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'CAPWAP' };
const encrypted: Encryption = { verdict: 'encrypted', reason: 'CAPWAP in DTLS' };

const CONTROL_PORT = 5246;
const DATA_PORT = 5247;

const isItsPort = (port: number): boolean => port === CONTROL_PORT || port === DATA_PORT;

const DTLS_HEADER = 0x01000000;
const dtlsHeaderBytes = 4;
const shortestHeader = 8;
/** Highest binding identifier: 1 is IEEE 802.11, 0 is none. */
const mostBinding = 1;

/** Version 0, type 1, three zero bytes, then DTLS (section 4.2). */
function isProtected(payload: Buffer): boolean {
  return payload.length > shortestHeader && payload.readUInt32BE(0) === DTLS_HEADER && isDtls(payload.subarray(dtlsHeaderBytes));
}

/** Length of a header without DTLS (section 4.3): version and type 0, length in 4-byte words, binding, reserved bits 0. 0 if it is not one. */
function headerLength(payload: Buffer): number {
  if (payload.length < shortestHeader || payload[0] !== 0 || (payload[2]! >> 1 & 0x1f) > mostBinding || (payload[3]! & 0x07) !== 0) return 0;
  const length = (payload[1]! >> 3) * 4;
  return length < shortestHeader || length > payload.length ? 0 : length;
}
