/**
 * Telephony BCD digits: two per byte, low nibble first, with 0xF as filler in the last one (3GPP TS 29.002, TBCD-STRING).
 * Empty if there is anything else in it.
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
