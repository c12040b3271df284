import { createRequire } from 'node:module';

/*
 * libphonenumber-js ships three sizes of metadata: min 83 KB, mobile 99 KB, max 157 KB. `min` knows lengths only for most countries,
 * `mobile` takes every fixed line for invalid; `max` has the patterns of both for 58 KB more and 4 µs a number.
 * As a CommonJS module it loads in half the time of its 93 ES modules, which were a fifth of what starting a thread of the probe took.
 */
const { parsePhoneNumberFromString } = createRequire(import.meta.url)('libphonenumber-js/max') as typeof import('libphonenumber-js/max');

/** Between 8 and 15 digits behind `+` (ITU-T E.164, 6.1), with the signs people put between them (RFC 3966, 5.1.1). */
export const phoneInText = /(?<=^|[\s"'=:,;<>([|])\+\d(?:[ .()-]{0,2}\d){7,14}(?![\w@])/y;

/** A number under a key that says phone: international, or national in 7 to 15 digits. */
export function isPhone(value: string): boolean {
  if (!/^[+\d(][\d ().-]{5,23}\d$/.test(value)) return false;
  const digits = value.replaceAll(/\D/g, '');
  if (digits.length < 7 || digits.length > 15 || new Set(digits).size < 3) return false;
  return value.startsWith('+') || value.startsWith('00') ? isInternational(value) : true;
}

/** A whole number: with `+`, with `00`, or bare country code and subscriber number as networks write an MSISDN (ITU-T E.164, 6.2). */
export function isInternational(value: string): boolean {
  return fullNumber(digitsOf(value)) !== null;
}

/** How a number, given in digits with country code, is dialled at home; undefined when it is none. */
export function nationalNumber(digits: string): string | undefined {
  return parsePhoneNumberFromString(`+${digits}`)?.nationalNumber;
}

/**
 * Digits with country code, without `+` or `00`, and without the zero that is dialled within the country alone (`+49 (0)151 …`); a national number
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

/** The digits of E.164 of a number that exists; null where none does. */
function fullNumber(digits: string): string | null {
  const number = /^[1-9]\d{7,14}$/.test(digits) ? parsePhoneNumberFromString(`+${digits}`) : undefined;
  return number?.isValid() === true ? number.number.slice(1) : null;
}
