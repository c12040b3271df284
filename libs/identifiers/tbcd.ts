import { isImei, isImsi } from './mobile.ts';

/** An identity in telephony BCD: 15 or 16 digits in 8 bytes, the low half first (3GPP TS 29.002, TBCD-STRING). */
export interface TbcdIdentity {
  kind: 'imsi' | 'imei';
  digits: string;
  offset: number;
}

const length = 8;

/**
 * Identities behind a tag and their length, as MAP (BER: an octet string, or a context tag) and GTPv2 (information elements 1 and 75,
 * 3GPP TS 29.274, section 8) write them. Eight bytes alone are digits once in 20,000 places of random data: with tag, length, and a country
 * code or check digit it is once in some hundred megabytes.
 */
export function findTbcd(bytes: Buffer, visit: (identity: TbcdIdentity) => void): void {
  for (let i = 2; i + length <= bytes.length; i++) {
    const kind = announced(bytes, i);
    if (kind === '') continue;
    const digits = digitsAt(bytes, i);
    if (digits === '') continue;
    if (kind !== 'imei' && digits.length === 15 && isImsi(digits)) visit({ kind: 'imsi', digits, offset: i });
    else if (kind === 'imei' && isImei(digits)) visit({ kind: 'imei', digits, offset: i });
  }
}

/** What stands in front: `octets` may be either. */
function announced(bytes: Buffer, at: number): 'imsi' | 'imei' | 'octets' | '' {
  if (at >= 4 && bytes[at - 2] === length && bytes[at - 3] === 0 && bytes[at - 1] === 0) return bytes[at - 4] === 1 ? 'imsi' : bytes[at - 4] === 75 ? 'imei' : '';
  if (bytes[at - 1] !== length) return '';
  const tag = bytes[at - 2]!;
  return tag === 0x04 || (tag & 0xf0) === 0x80 ? 'octets' : '';
}

/** 15 digits and a filler, or 16; empty when anything else stands there. */
function digitsAt(bytes: Buffer, at: number): string {
  let digits = '';
  for (let i = at; i < at + length; i++) {
    const low = bytes[i]! & 0x0f;
    const high = bytes[i]! >> 4;
    if (low > 9 || (high > 9 && (high !== 0x0f || i < at + length - 1))) return '';
    digits += high === 0x0f ? `${low}` : `${low}${high}`;
  }
  return digits;
}
