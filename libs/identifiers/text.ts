import { characterClasses } from './character-classes.ts';
import { contentBefore, isOpeningTag, mayBePaired, pairedValue } from './markup.ts';

/** Keys with their values inside free text: `user_id=42&room=x`, `"uid":"42"`, `uid: 42`, `<uid>42</uid>`. */

const longestKey = 48;
const longestValue = 4096;

const code = {
  tab: 9, newline: 10, space: 0x20, quote: 0x22, apostrophe: 0x27, slash: 0x2f, colon: 0x3a, less: 0x3c, equals: 0x3d, greater: 0x3e, backslash: 0x5c,
} as const;

/** Classes of characters below 128: part of a key, end of an unquoted value. */
const keyCharacter = 1;
const endOfBareValue = 2;
const classes = characterClasses(128, [[keyCharacter, /[A-Za-z0-9_.$-]/], [endOfBareValue, /[\p{Cc} "&'),;<>[\\\]{|}]/u]]);

/** A key with its value. The notation tells how far to trust the value: prose has colons, scripts have bare words. */
export interface Assignment {
  key: string;
  value: string;
  /** Index of the value's first character. */
  start: number;
  /** In quotes, or between tags. */
  quoted: boolean;
  /** `key: value`, with a space: a header line, or prose. */
  spaced: boolean;
}

export function createAssignment(): Assignment {
  return { key: '', value: '', start: 0, quoted: false, spaced: false };
}

/** Index of the last sign in a text that may separate a key from its value, or -1. No key ends after it. */
export function lastSign(text: string): number {
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text.charCodeAt(at);
    if (character === code.equals || character === code.colon || character === code.greater) return at;
  }
  return -1;
}

/**
 * Reads the assignment whose key ends around `at`, an anchor of `keyAnchors`, into `assignment`. Returns the index before its value, in most cases
 * that of the sign; or -1 if there is none, it is before `from`, or `wanted` rejects the key. Reads at most 48 characters of a key and 4096 of a
 * value.
 */
export function readAssignment(text: string, at: number, from: number, wanted: (key: string) => boolean, assignment: Assignment): number {
  const keyEnd = endOfKey(text, at + 1);
  if (keyEnd < 0) return -1;
  const sign = signBehind(text, keyEnd);
  if (sign < 0 ? !mayBePaired(text, keyEnd) : sign < from) return -1;
  let keyStart = keyEnd;
  while (keyStart > 0 && keyEnd - keyStart < longestKey && isKeyCharacter(text.charCodeAt(keyStart - 1))) keyStart--;
  if (keyEnd - keyStart < 2) return -1;
  const key = text.slice(keyStart, keyEnd);
  const isTag = sign >= 0 && text.charCodeAt(sign) === code.greater;
  if (isTag && !/[</:]/.test(text[keyStart - 1] ?? '')) return -1;
  if (!wanted(key)) return -1;
  assignment.key = key;
  if (sign >= 0 && (!isTag || isOpeningTag(text, keyStart))) {
    readValue(text, sign, assignment);
    return sign;
  }
  const value = isTag ? contentBefore(text, keyStart) : pairedValue(text, keyEnd);
  if (value === null || value.start <= from) return -1;
  assignment.start = value.start;
  assignment.value = text.slice(value.start, value.end);
  assignment.spaced = false;
  assignment.quoted = true;
  return value.start - 1;
}

/** End (exclusive) of the key that continues or ends at `at`; -1 if it is too long. */
function endOfKey(text: string, at: number): number {
  for (let end = at; end < at + longestKey; end++) if (!isKeyCharacter(text.charCodeAt(end))) return end;
  return -1;
}

/** Index of the sign after a key, skipping a closing quote and a space; -1 if nothing is assigned. */
function signBehind(text: string, keyEnd: number): number {
  let sign = keyEnd;
  while (text.charCodeAt(sign) === code.backslash) sign++;
  const isQuoted = text.charCodeAt(sign) === code.quote || text.charCodeAt(sign) === code.apostrophe;
  if (isQuoted) sign++;
  else if (sign > keyEnd) return -1;
  if (text.charCodeAt(sign) === code.space) sign++;
  const character = text.charCodeAt(sign);
  if (character !== code.equals && character !== code.colon && character !== code.greater) return -1;
  const next = text.charCodeAt(sign + 1);
  if (next === character || (character === code.equals && next === code.greater)) return -1;
  if (character === code.colon && next === code.slash && text.charCodeAt(sign + 2) === code.slash) return -1;
  return sign;
}

function readValue(text: string, sign: number, assignment: Assignment): void {
  let start = sign + 1;
  while (start < sign + 3 && (text.charCodeAt(start) === code.space || text.charCodeAt(start) === code.tab)) start++;
  assignment.spaced = start > sign + 1;
  let quote = start;
  while (quote < start + 4 && text.charCodeAt(quote) === code.backslash) quote++;
  const opening = text.charCodeAt(quote);
  const limit = Math.min(text.length, start + longestValue);
  let end: number;
  if (opening === code.quote || opening === code.apostrophe) {
    start = quote + 1;
    end = start;
    while (end < limit && text.charCodeAt(end) !== opening && text.charCodeAt(end) !== code.newline) end++;
    if (end === limit && limit < text.length) end = start; // No closing quote within the bound.
    while (end > start && text.charCodeAt(end - 1) === code.backslash) end--;
    assignment.quoted = true;
  } else {
    end = start;
    if (text.charCodeAt(sign) === code.greater) {
      while (end < limit && text.charCodeAt(end) !== code.less) end++;
      assignment.quoted = true;
    } else {
      while (end < limit && !endsBareValue(text.charCodeAt(end))) end++;
      assignment.quoted = false;
    }
  }
  assignment.start = start;
  assignment.value = text.slice(start, end);
}

function isKeyCharacter(character: number): boolean {
  return character < 128 && classes[character] === keyCharacter;
}

function endsBareValue(character: number): boolean {
  return character < 128 && classes[character] === endOfBareValue;
}

/**
 * Whether the notation of a value suggests that it is what its key says. In prose (`user: of a process`) and in scripts (`userId:e.userId`) a bare
 * word is not an identifier; a number is, and so is the value of an assignment on a line of its own (`login:jane.harbour`).
 */
export function isTrustworthy(text: string, assignment: Assignment): boolean {
  const { key, value, spaced } = assignment;
  if (value.toLowerCase() === key.toLowerCase()) return false;
  if (assignment.quoted) return true;
  if (/^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/.test(value) && !/\d{3}/.test(value) && !isLine(text, assignment)) return false;
  if (value.length === 1 && /[A-Za-z]/.test(value)) return false;
  // `=3D` is a quoted-printable `=` (RFC 2045, section 6.7): the key belongs to markup inside a mail.
  if (value.startsWith('3D')) return false;
  if (/[({!]/.test(value)) return false;
  return spaced ? /\d/.test(value) : true;
}

/** Whether key, sign and value are alone on their line. */
function isLine(text: string, { key, value, start }: Assignment): boolean {
  const before = start - 1 - key.length;
  return text.startsWith(key, before) && /[\r\n]/.test(text[before - 1] ?? '\n') && /[\r\n]/.test(text[start + value.length] ?? '\n');
}
