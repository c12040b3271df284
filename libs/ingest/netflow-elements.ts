import { upTime, type ExportedFlow, type ExportOrigin } from './exported-flow.ts';

/** A field of a template. */
export interface TemplateField {
  /** Information element (IPFIX, https://www.iana.org/assignments/ipfix) or field type (NetFlow v9); the same up to 127. */
  readonly element: number;
  /** Private enterprise number; 0 is IANA's. */
  readonly enterprise: number;
  /** 65535: each record states its own length. */
  readonly length: number;
}

/** RFC 5103: enterprise number for the elements of the other direction. */
const reverseEnterprise = 29_305;
/** Seconds between 1900 and 1970. */
const ntpOffset = 2_208_988_800;
/** Longest text of an enterprise field that is read. */
const longestText = 4096;

/** Sets one value of a flow. What a flow record has no field for is skipped. */
export function setElement(flow: ExportedFlow, field: TemplateField, value: Buffer, origin: ExportOrigin): void {
  if (field.enterprise === reverseEnterprise) setReverse(flow, field.element, value);
  else if (field.enterprise !== 0 || (origin.source === 'netflow-v9' && field.element >= 32_768)) setText(flow, field, value);
  else setStandard(flow, field.element, value, origin);
}

function setStandard(flow: ExportedFlow, element: number, value: Buffer, origin: ExportOrigin): void {
  switch (element) {
    case 1: flow.bytes = unsigned(value); break;
    case 2: flow.packets = unsigned(value); break;
    case 85: flow.bytes ||= unsigned(value); break;
    case 86: flow.packets ||= unsigned(value); break;
    case 4: flow.protocol = unsigned(value) & 0xff; break;
    case 6: flow.tcpFlags = unsigned(value) & 0xff; break;
    case 7: case 180: case 182: flow.sourcePort ||= port(value); break;
    case 11: case 181: case 183: flow.destinationPort ||= port(value); break;
    case 8: if (value.length === 4) flow.source = value; break;
    case 12: if (value.length === 4) flow.destination = value; break;
    // A record may have the fields of both IP versions, with those of the other one zero.
    case 27: if (value.length === 16 && !isZero(value)) flow.source = value; break;
    case 28: if (value.length === 16 && !isZero(value)) flow.destination = value; break;
    case 32: case 139: flow.icmpTypeCode = port(value); break;
    case 21: flow.endMicros = upTime(origin, unsigned(value)); break;
    case 22: flow.startMicros = upTime(origin, unsigned(value)); break;
    case 150: flow.startMicros = unsigned(value) * 1_000_000; break;
    case 151: flow.endMicros = unsigned(value) * 1_000_000; break;
    case 152: flow.startMicros = unsigned(value) * 1000; break;
    case 153: flow.endMicros = unsigned(value) * 1000; break;
    case 154: case 156: flow.startMicros = ntpTime(value); break;
    case 155: case 157: flow.endMicros = ntpTime(value); break;
    case 158: flow.startMicros = origin.micros - unsigned(value); break;
    case 159: flow.endMicros = origin.micros - unsigned(value); break;
    case 323: flow.endMicros = unsigned(value) * 1000; break;
    case 34: case 50: flow.samplingRate = unsigned(value); break;
    case 305: case 309: flow.sampledPackets = unsigned(value); break;
    case 306: flow.skippedPackets = unsigned(value); break;
    case 310: flow.samplePopulation = unsigned(value); break;
    case 48: case 302: flow.samplerId = unsigned(value); break;
    case 136: flow.endReason = unsigned(value); break;
    case 231: flow.bytes = unsigned(value); flow.isBidirectional = true; break;
    case 232: flow.reverseBytes = unsigned(value); flow.isBidirectional = true; break;
    case 298: flow.packets = unsigned(value); flow.isBidirectional = true; break;
    case 299: flow.reversePackets = unsigned(value); flow.isBidirectional = true; break;
    case 371: flow.userName = textOf(value); break;
    default: break;
  }
}

function setReverse(flow: ExportedFlow, element: number, value: Buffer): void {
  if (element === 1 || element === 85) flow.reverseBytes ||= unsigned(value);
  else if (element === 2 || element === 86) flow.reversePackets ||= unsigned(value);
  else return;
  flow.isBidirectional = true;
}

/** Vendors export what their inspection read: host names, URLs, user names. Binary values have no meaning without the vendor's table. */
function setText(flow: ExportedFlow, { enterprise, element }: TemplateField, value: Buffer): void {
  const text = textOf(value.subarray(0, longestText));
  if (text.length >= 3) flow.texts.push([`flow.${enterprise}.${element}`, text]);
}

/** Printable UTF-8 without padding zeros; '' for anything else. */
function textOf(value: Buffer): string {
  const text = value.toString().replace(/\0+$/, '');
  return /^[^\p{Cc}\uFFFD]+$/u.test(text) ? text : '';
}

/** Reads 1 to 8 bytes, since exporters may shorten integers (RFC 7011, section 6.2). Values beyond 2^53 - 1 become that. */
export function unsigned(value: Buffer): number {
  if (value.length <= 6) return value.length === 0 ? 0 : value.readUIntBE(0, value.length);
  return value.length > 8
    ? 0
    : Math.min(value.readUIntBE(0, value.length - 4) * 2 ** 32 + value.readUInt32BE(value.length - 4), Number.MAX_SAFE_INTEGER);
}

function port(value: Buffer): number {
  return unsigned(value) & 0xffff;
}

/** 64 bits of NTP time: seconds since 1900 and their fraction (RFC 7011, section 6.1.9). */
function ntpTime(value: Buffer): number {
  if (value.length !== 8) return NaN;
  return (value.readUInt32BE(0) - ntpOffset) * 1_000_000 + Math.floor(value.readUInt32BE(4) / 2 ** 32 * 1_000_000);
}

function isZero(value: Buffer): boolean {
  return value.every((byte) => byte === 0);
}
