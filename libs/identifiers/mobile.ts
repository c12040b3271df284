import { passesLuhn } from './luhn.ts';
import { isOneCharacter } from './opaque.ts';

/** Identities of mobile equipment and subscriptions. 3GPP TS 23.003; ITU-T E.118, E.212. */

/**
 * Mobile country codes of ITU-T E.212 (Operational Bulletin list), as ranges; 001 is the test network, 9xx are shared codes.
 */
const countryCodes = new Set<string>();
for (const range of (
  '001 202 204 206 208 212-214 216 218-222 226 228 230-232 234-235 238 240 242 244 246-248 250 255 257 259 260 262 266 268 270 272 274 276 278 '
  + '280 282-284 286 288 289 290 292-295 297 302 308 310-316 330 334 338 340 342 344 346 348 350 352 354 356 358 360 362-366 368 370 372 374 376 '
  + '400-402 404-406 410 412-432 434 436-438 440 441 450 452 454-457 460 461 466 467 470 472 502 505 510 514 515 520 525 528 530 536 537 539-555 '
  + '602-655 657-659 702 704 706 708 710 712 714 716 722 724 730 732 734 736 738 740 742 744 746 748 750 901 902 995 999'
).split(' ')) {
  const [first, last = first] = range.split('-');
  for (let code = Number(first); code <= Number(last); code++) countryCodes.add(String(code).padStart(3, '0'));
}

/** Reporting body identifiers that allocate type approval codes today (GSMA TS.06, annex A); the older national ones are omitted. */
const reportingBodies = new Set(['01', '35', '86', '91', '99']);

/**
 * IMEI (15 digits, Luhn), IMEISV (16, no check digit) or an IMEI without its check digit (14). TS 23.003, 6.2. One in ten random numbers of 15 digits
 * passes: only use it under a key that names an IMEI.
 */
export function isImei(value: string): boolean {
  const digits = value.replaceAll(/[ /-]/g, '');
  if (!/^\d{14,16}$/.test(digits) || isOneCharacter(digits.slice(0, 14)) || digits === '123456789012345') return false;
  return digits.length === 15 ? passesLuhn(digits) : true;
}

/** An IMEI recognised by its type approval code, under a key that only says device. */
export function isImeiOfKnownBody(value: string): boolean {
  return value.length === 15 && reportingBodies.has(value.slice(0, 2)) && isImei(value);
}

/** Type approval code and serial number, which the IMEI and IMEISV of a device have in common. */
export function normaliseImei(value: string): string {
  return value.replaceAll(/\D/g, '').slice(0, 14);
}

/** 14 or 15 digits that begin with an existing mobile country code. TS 23.003, 2.2. */
export function isImsi(value: string): boolean {
  return /^\d{14,15}$/.test(value) && countryCodes.has(value.slice(0, 3)) && !isOneCharacter(value.slice(3));
}

/** `89`, 18 to 20 digits in all, Luhn over all of them; a filler F at the end is ignored. ITU-T E.118, 4.1. */
export function isIccid(value: string): boolean {
  const digits = value.replaceAll(/[ -]/g, '').replace(/f$/i, '');
  if (!/^89\d{16,18}$/.test(digits) || isOneCharacter(digits.slice(2))) return false;
  return passesLuhn(digits) || (digits.length === 20 && passesLuhn(digits.slice(0, 19)));
}
