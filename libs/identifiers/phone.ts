import { createRequire } from 'node:module';

/*
 * libphonenumber-js ships three sizes of metadata: min 83 KB, mobile 99 KB, max 157 KB. For most countries, `min` knows only lengths, and `mobile`
 * regards every fixed line as invalid; `max` has the patterns of both for 58 KB more and 4 µs per number. As a CommonJS module it loads in half the
 * time of its 93 ES modules, which took a fifth of the start-up time of a probe thread.
 */
const { parsePhoneNumberFromString } = createRequire(import.meta.url)('libphonenumber-js/max') as typeof import('libphonenumber-js/max');

/** Between 8 and 15 digits after `+` (ITU-T E.164, 6.1), with the usual visual separators (RFC 3966, 5.1.1). */
export const phoneInText = /(?<=^|[\s"'=:,;<>([|])\+\d(?:[ .()-]{0,2}\d){7,14}(?![\w@])/y;

/** A number under a key that says phone: international, or national with 7 to 15 digits. */
export function isPhone(value: string): boolean {
  if (!/^[+\d(][\d ().-]{5,23}\d$/.test(value)) return false;
  const digits = value.replaceAll(/\D/g, '');
  if (digits.length < 7 || digits.length > 15 || new Set(digits).size < 3) return false;
  return value.startsWith('+') || value.startsWith('00') ? isInternational(value) : true;
}

/** A complete number: with `+`, with `00`, or bare country code and subscriber number as in an MSISDN (ITU-T E.164, 6.2). */
export function isInternational(value: string): boolean {
  return fullNumber(digitsOf(value)) !== null;
}

/** The number as dialled within its country, for digits with country code; undefined if there is no such number. */
export function nationalNumber(digits: string): string | undefined {
  return parsePhoneNumberFromString(`+${digits}`)?.nationalNumber;
}

/**
 * Digits with country code, without `+` or `00`, and without the zero that is only dialled within the country (`+49 (0)151 …`); a national number
 * keeps its digits.
 */
export function normalisePhone(value: string): string {
  const digits = digitsOf(value);
  return value.startsWith('+') || value.startsWith('00') ? fullNumber(digits) ?? digits : digits;
}

function digitsOf(value: string): string {
  const digits = value.replaceAll(/\D/g, '');
  return !value.startsWith('+') && digits.startsWith('00') ? digits.slice(2) : digits;
}

/** The E.164 digits of a valid number, or null. */
function fullNumber(digits: string): string | null {
  const number = /^[1-9]\d{7,14}$/.test(digits) ? parsePhoneNumberFromString(`+${digits}`) : undefined;
  return number?.isValid() === true ? number.number.slice(1) : null;
}
