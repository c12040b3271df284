import { isImei, isImsi } from './mobile.ts';

/** An identity in telephony BCD: 15 or 16 digits in 8 bytes, the low half first (3GPP TS 29.002, TBCD-STRING). */
export interface TbcdIdentity {
  kind: 'imsi' | 'imei';
  digits: string;
  offset: number;
}

const length = 8;
const octetString = 0x04;
const contextTag = 0x80;
const imsiElement = 1;
const imeiElement = 75;

/**
 * Identities after a tag and their length, as in MAP (BER: an octet string, or a context tag) and GTPv2 (information elements 1 and 75, 3GPP TS
 * 29.274, section 8). In random data, eight bytes are all digits at one offset in 20,000; together with tag, length, and a country code or check
 * digit, once in some hundred megabytes.
 */
export function findTbcd(bytes: Buffer, visit: (identity: TbcdIdentity) => void): void {
  const end = bytes.length - length;
  for (let at = bytes.indexOf(length, 1); at >= 0 && at < end; at = bytes.indexOf(length, at + 1)) {
    const tag = bytes[at - 1]!;
    if (tag === octetString || (tag & 0xf0) === contextTag) {
      const digits = digitsAt(bytes, at + 1);
      if (digits.length === 15 && isImsi(digits)) visit({ kind: 'imsi', digits, offset: at + 1 });
    } else if (tag === 0 && bytes[at + 1] === 0) {
      const element = bytes[at - 2];
      const digits = element === imsiElement || element === imeiElement ? digitsAt(bytes, at + 2) : '';
      if (element === imsiElement && digits.length === 15 && isImsi(digits)) visit({ kind: 'imsi', digits, offset: at + 2 });
      else if (element === imeiElement && isImei(digits)) visit({ kind: 'imei', digits, offset: at + 2 });
    }
  }
}

/** 15 digits and a filler, or 16; empty for anything else. */
function digitsAt(bytes: Buffer, at: number): string {
  if (at + length > bytes.length) return '';
  let digits = '';
  for (let i = at; i < at + length; i++) {
    const low = bytes[i]! & 0x0f;
    const high = bytes[i]! >> 4;
    if (low > 9 || (high > 9 && (high !== 0x0f || i < at + length - 1))) return '';
    digits += high === 0x0f ? `${low}` : `${low}${high}`;
  }
  return digits;
}
