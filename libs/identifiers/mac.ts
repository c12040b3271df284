export const macInText = /(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z]|[:-][0-9A-Za-z])/y;
const macForms = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{12}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})$/;

/** Addresses that belong to no device: substitutes that systems return instead of the real one, and examples from manuals. */
const placeholders = new Set([
  '000000000000', 'ffffffffffff',
  '020000000000', // Given to apps in place of the device's own by Android 6 and later, and by iOS 7 and later.
  '001122334455', '112233445566', 'aabbccddeeff', '0123456789ab', '123456789abc', '010203040506', 'deadbeefcafe',
]);

/** EUI-48 of a station: one of the three usual spellings, unicast (IEEE 802, 8.2: the I/G bit is 0), not a placeholder. */
export function isMac(value: string): boolean {
  const lower = value.toLowerCase();
  if (!macForms.test(lower)) return false;
  const digits = normaliseMac(lower).replaceAll(':', '');
  return !placeholders.has(digits) && (Number.parseInt(digits.slice(0, 2), 16) & 1) === 0 && new Set(digits).size > 2;
}

/** Lower case with colons. */
export function normaliseMac(value: string): string {
  return (value.toLowerCase().match(/[0-9a-f]/g) ?? []).join('').replaceAll(/(..)(?=.)/g, '$1:');
}
