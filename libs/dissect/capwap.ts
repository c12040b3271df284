import { isDtls } from './dtls.ts';
import { createMessage, type Encryption } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';
import { addWlanNames } from './wlan-management.ts';

/**
 * CAPWAP between an access point and its controller (RFC 5415): frames of the wireless network (RFC 5416), of which those that name it are told.
 * Packets of IP in them are taken off before, as those of any tunnel. Most access points put control into DTLS, and data rarely.
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
/** IEEE 802.11 or, in frames that are none, nothing. */
const mostBinding = 1;

/** Version 0, type 1, three bytes of zeros, then DTLS (section 4.2). */
function isProtected(payload: Buffer): boolean {
  return payload.length > shortestHeader && payload.readUInt32BE(0) === DTLS_HEADER && isDtls(payload.subarray(dtlsHeaderBytes));
}

/** Of a header without DTLS (section 4.3): version and type 0, a length in words of 4 bytes, a binding, reserved bits of 0; 0 when it is none. */
function headerLength(payload: Buffer): number {
  if (payload.length < shortestHeader || payload[0] !== 0 || (payload[2]! >> 1 & 0x1f) > mostBinding || (payload[3]! & 0x07) !== 0) return 0;
  const length = (payload[1]! >> 3) * 4;
  return length < shortestHeader || length > payload.length ? 0 : length;
}
