/**
 * Digits of telephony BCD: two in a byte, the low half first, 0xF fills the last one (3GPP TS 29.002, TBCD-STRING).
 * Empty when anything else stands in it.
 */
export function tbcdDigits(bytes: Buffer): string {
  let digits = '';
  for (let i = 0; i < bytes.length; i++) {
    const low = bytes[i]! & 0x0f;
    const high = bytes[i]! >> 4;
    if (low > 9 || (high > 9 && (high !== 0x0f || i < bytes.length - 1))) return '';
    digits += high === 0x0f ? `${low}` : `${low}${high}`;
  }
  return digits;
}
