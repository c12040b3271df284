import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramContext, DatagramProtocol } from './protocol.ts';

/**
 * RADIUS (RFC 2865, 2866, 5176): logins, with the response to a challenge, and their origin. The shared secret hides the user's password.
 */
export const radius: DatagramProtocol = {
  name: 'radius',
  recognise: recogniseRadius,
  read(payload, context, environment): Message {
    const message = createMessage('radius', cleartext, context);
    const fields = new FieldList(message, environment);
    const isSound = visitAttributes(payload, (type, value) => {
      if (type === VENDOR_SPECIFIC) addVendorAttribute(fields, value);
      else if (type === CHAP_PASSWORD) addResponse(fields, value.subarray(1));
      else addAttribute(fields, type, value.toString('utf8'));
    });
    if (!isSound) environment.counters.add('radius', 'malformed attribute');
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'RADIUS' };

const ports = new Set([1812, 1813, 1645, 1646, 3799]);
const headerBytes = 20;
/** Access, Accounting, Status (RFC 2865, 2866, 5997); Disconnect, CoA (RFC 5176). */
const codes = new Set([1, 2, 3, 4, 5, 11, 12, 13, 40, 41, 42, 43, 44, 45]);

const USER_NAME = 1;
const CHAP_PASSWORD = 3;
const VENDOR_SPECIFIC = 26;
const CALLING_STATION_ID = 31;
const CHARGEABLE_USER_IDENTITY = 89;

const vendor3gpp = 10415;
/** RFC 2548, sections 2.1.3 and 2.3.2: identifier, flags, the LAN Manager response or a peer challenge, and the NT response. */
const vendorMicrosoft = 311;
const [MS_CHAP_RESPONSE, MS_CHAP2_RESPONSE] = [1, 25];
const [ntAt, ntEnd] = [26, 50];
/** 3GPP TS 29.061, section 16.4.7. */
const [IMSI_3GPP, IMEISV_3GPP] = [1, 20];

/** On RADIUS ports the header has to be valid; on other ports, two or more attributes must also fill the packet exactly. */
function recogniseRadius(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): boolean {
  if (payload.length < headerBytes || !codes.has(payload[0]!)) return false;
  const length = payload.readUInt16BE(2);
  if (length < headerBytes || length > payload.length || length > 4096) return false;
  if (ports.has(sourcePort) || ports.has(destinationPort)) return true;
  let count = 0;
  return length === payload.length && visitAttributes(payload, () => count++) && count >= 2;
}

function visitAttributes(payload: Buffer, visit: (type: number, value: Buffer) => void): boolean {
  const end = payload.readUInt16BE(2);
  let position = headerBytes;
  while (position + 2 <= end) {
    const length = payload[position + 1]!;
    if (payload[position] === 0 || length < 2 || position + length > end) return false;
    visit(payload[position]!, payload.subarray(position + 2, position + length));
    position += length;
  }
  return position === end;
}

function addAttribute(fields: FieldList, type: number, value: string): void {
  if (type === USER_NAME) fields.add('radius.user_name', /^\d{14,15}$/.test(value) ? 'radius_imsi' : 'username', value);
  else if (type === CHARGEABLE_USER_IDENTITY) fields.add('radius.chargeable_user_identity', 'username', value);
  // The calling number, or the hardware address of the device that joins (RFC 3580, section 3.21).
  else if (type === CALLING_STATION_ID) fields.add('radius.calling_station_id', /^\+?\d{7,15}$/.test(value) ? 'phone' : 'mac', value);
}

function addVendorAttribute(fields: FieldList, value: Buffer): void {
  if (value.length < 6 || value[5]! !== value.length - 4) return;
  const vendor = value.readUInt32BE(0);
  const isResponse = vendor === vendorMicrosoft && (value[4] === MS_CHAP_RESPONSE || value[4] === MS_CHAP2_RESPONSE);
  if (isResponse) addResponse(fields, value.subarray(6 + ntAt, 6 + ntEnd));
  if (vendor !== vendor3gpp) return;
  const text = value.toString('latin1', 6);
  if (value[4] === IMSI_3GPP) fields.add('radius.3gpp_imsi', 'radius_imsi', text);
  else if (value[4] === IMEISV_3GPP) fields.add('radius.3gpp_imeisv', 'radius_mei', text);
}

function addResponse(fields: FieldList, value: Buffer): void {
  fields.add('radius.login.response', 'login_response', value.toString('hex'));
}
