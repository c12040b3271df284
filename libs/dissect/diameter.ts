import { FieldList } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message, type Origin } from './message.ts';
import type { DissectEnvironment } from './options.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';
import { tbcdDigits } from './tbcd.ts';

/**
 * Diameter (RFC 6733) over TCP, and over SCTP (sctp.ts), with those attributes of credit control (RFC 8506) and of 3GPP (TS 29.329, 29.061) that
 * identify a subscriber.
 */
export const diameter = framedProtocol('diameter', recogniseDiameter, () => new DiameterReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Diameter' };

const headerBytes = 20;
const vendor3gpp = 10415;
/** Levels of grouped attributes that are read. */
const maxDepth = 4;

const USER_NAME = 1;
const USER_PASSWORD = 2;
const CALLING_STATION_ID = 31;
const SESSION_ID = 263;
const SUBSCRIPTION_ID = 443;
const SUBSCRIPTION_ID_DATA = 444;
const SUBSCRIPTION_ID_TYPE = 450;
const USER_EQUIPMENT_INFO = 458;
const USER_EQUIPMENT_INFO_VALUE = 460;
const PUBLIC_IDENTITY = 601;
const MSISDN = 701;
const IMEI = 1402;
const IMSI_3GPP = 1;
/** Grouped attributes that contain some of the above: Service-Information, PS-Information, User-Identity, Terminal-Information. */
const groups = new Set([873, 874, 700, 1401]);

/** Keys by Subscription-Id-Type (RFC 8506, section 8.47): E.164, IMSI, SIP URI, NAI, private. */
const subscriptionKeys = ['diameter_msisdn', 'diameter_imsi', 'sip_uri', 'username', 'username'];

export function recogniseDiameter(bytes: Buffer): Recognition {
  if (bytes[0] !== 1 || (bytes.length > 1 && bytes[1] !== 0)) return 'no';
  if (bytes.length < 8) return 'more';
  const length = bytes.readUIntBE(1, 3);
  if (length < headerBytes || length % 4 !== 0 || (bytes[4]! & 0x0f) !== 0) return 'no';
  return isCommand(bytes.readUIntBE(5, 3)) ? 'yes' : 'no';
}

/** Is this a command of the IETF or of 3GPP (IANA, AAA Parameters)? */
function isCommand(code: number): boolean {
  return (code >= 257 && code <= 340) || (code >= 8388608 && code <= 8388800);
}

class DiameterReader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    if (bytes[0] !== 1) return -1;
    if (bytes.length < 4) return 0;
    const length = bytes.readUIntBE(1, 3);
    return length >= headerBytes && length % 4 === 0 ? length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message {
    return diameterMessage(bytes, context, context);
  }
}

/** Reads one complete message. */
export function diameterMessage(bytes: Buffer, origin: Origin, environment: DissectEnvironment): Message {
  const message = createMessage('diameter', cleartext, origin);
  const fields = new FieldList(message, environment);
  if (!readAttributes(new ByteReader(bytes, headerBytes), fields, 0)) environment.counters.add('diameter', 'malformed attribute');
  return message;
}

/** Calls `visit` with each attribute (RFC 6733, section 4.1); false if one does not fit. */
function visitAttributes(reader: ByteReader, visit: (code: number, vendor: number, value: Buffer) => boolean): boolean {
  let sound = true;
  while (reader.left > 0 && !reader.failed) {
    const code = reader.u32();
    const flags = reader.u8();
    const length = reader.u24();
    const hasVendor = (flags & 0x80) !== 0;
    const vendor = hasVendor ? reader.u32() : 0;
    const header = hasVendor ? 12 : 8;
    if (reader.failed || length < header) return false;
    const value = reader.take(length - header).rest();
    if (reader.failed) return false;
    reader.skip(Math.min((4 - (length % 4)) % 4, reader.left));
    sound = visit(code, vendor, value) && sound;
  }
  return sound && !reader.failed;
}

function readAttributes(reader: ByteReader, fields: FieldList, depth: number): boolean {
  return visitAttributes(reader, (code, vendor, value) => {
    if (vendor === vendor3gpp) {
      if (code === IMSI_3GPP) fields.add('diameter.3gpp_imsi', 'diameter_imsi', value.toString('latin1'));
      else if (code === MSISDN) fields.add('diameter.msisdn', 'diameter_msisdn', tbcdDigits(value), 'tbcd');
      else if (code === PUBLIC_IDENTITY) fields.add('diameter.public_identity', 'sip_uri', value.toString('utf8'));
      else if (code === IMEI) fields.add('diameter.imei', 'diameter_mei', value.toString('latin1'));
    }
    if (groups.has(code) && depth < maxDepth) return readAttributes(new ByteReader(value), fields, depth + 1);
    if (vendor !== 0) return true;
    switch (code) {
      case SESSION_ID: fields.add('diameter.session_id', 'session_id', value.toString('utf8')); break;
      case USER_NAME: addUserName(fields, value.toString('utf8')); break;
      case USER_PASSWORD: fields.add('diameter.user_password', 'password', value.toString('utf8')); break;
      case CALLING_STATION_ID: fields.add('diameter.calling_station_id', 'diameter_msisdn', value.toString('latin1')); break;
      case SUBSCRIPTION_ID: return readSubscription(value, fields);
      case USER_EQUIPMENT_INFO: return readEquipment(value, fields);
    }
    return true;
  });
}

/** In the protocols of a home subscriber server, the user name is the IMSI (TS 29.272, section 7.3). */
function addUserName(fields: FieldList, name: string): void {
  fields.add('diameter.user_name', /^\d{14,15}$/.test(name) ? 'diameter_imsi' : 'username', name);
}

/** Subscription-Id: the type may come after the data to which it applies. */
function readSubscription(group: Buffer, fields: FieldList): boolean {
  let type = 0;
  let data = '';
  const isSound = visitAttributes(new ByteReader(group), (code, _vendor, value) => {
    if (code === SUBSCRIPTION_ID_DATA) data = value.toString('utf8');
    else if (code === SUBSCRIPTION_ID_TYPE && value.length === 4) type = value.readUInt32BE(0);
    return true;
  });
  fields.add('diameter.subscription_id', subscriptionKeys[type] ?? '', data);
  return isSound;
}

/** User-Equipment-Info: an IMEISV as digits or in TBCD (TS 29.061, section 16.4.7). */
function readEquipment(group: Buffer, fields: FieldList): boolean {
  return visitAttributes(new ByteReader(group), (code, _vendor, value) => {
    if (code !== USER_EQUIPMENT_INFO_VALUE) return true;
    const text = value.toString('latin1');
    if (/^\d{14,16}$/.test(text)) fields.add('diameter.user_equipment_info', 'diameter_mei', text);
    else fields.add('diameter.user_equipment_info', 'diameter_mei', tbcdDigits(value), 'tbcd');
    return true;
  });
}
