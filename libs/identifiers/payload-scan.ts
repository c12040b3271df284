import { isKnownDomain } from './email.ts';
import type { KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { classes, leastKey, leastText, printable, sign, word, type PayloadGlance } from './payload-glance.ts';
import type { Found } from './reading.ts';
import type { TextHit, TextScanner } from './text-scan.ts';
import { uncertaintyOfLooseKey } from './uncertainty.ts';
import { utf8Text } from './utf8.ts';

/** An identifier in a payload that no dissector recognised. */
export interface PayloadHit extends Found {
  /** Byte offset of the value in the payload. */
  readonly offset: number;
  /** `length-prefixed`, `u32be`, …, or empty for text. */
  readonly encoding: string;
}

const longestKey = 40;
const longestValue = 512;
/** Least length, in characters, of a value between binary data that is recognised by its shape alone. */
const leastAlone = 12;

/** Encoding of the length before a key or value. */
interface LengthForm {
  readonly width: number;
  /** -1 if it does not fit. */
  read(bytes: Buffer, at: number): number;
  readonly order: 'be' | 'le' | '';
}

const u8: LengthForm = { width: 1, order: '', read: (bytes, at) => (at < bytes.length ? bytes[at]! : -1) };
const u16be: LengthForm = { width: 2, order: 'be', read: (bytes, at) => (at + 2 <= bytes.length ? bytes.readUInt16BE(at) : -1) };
const u16le: LengthForm = { width: 2, order: 'le', read: (bytes, at) => (at + 2 <= bytes.length ? bytes.readUInt16LE(at) : -1) };
const u32be: LengthForm = { width: 4, order: 'be', read: (bytes, at) => (at + 4 <= bytes.length ? bytes.readUInt32BE(at) : -1) };
const u32le: LengthForm = { width: 4, order: 'le', read: (bytes, at) => (at + 4 <= bytes.length ? bytes.readUInt32LE(at) : -1) };
/** MessagePack fixstr: the length is in the low five bits. */
const fixstr: LengthForm = {
  width: 1,
  order: 'be',
  read: (bytes, at) => (at < bytes.length && bytes[at]! >> 5 === 5 ? bytes[at]! & 31 : -1),
};

/** Wider forms first: a u16 of 3 ends in the same byte as a u8 of 3. */
const lengthForms: readonly LengthForm[] = [u32be, u32le, u16be, u16le, fixstr, u8];
/** Forms to try for a value, by that of its key, which comes first. */
const formsBehind = new Map(lengthForms.map((form) => [form, [form, ...lengthForms.filter((other) => other !== form)]]));

/** MessagePack tags that tell how many bytes of big-endian integer follow: uint 16, 32, 64 and int 32, 64. */
const integerTags: Record<number, number> = { 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd2: 4, 0xd3: 8 };

/**
 * Finds identifiers in bytes of unknown structure: text between binary data, and length-prefixed keys and values (u8, u16, u32 in either byte order,
 * MessagePack), where the value is text or an integer.
 *
 * Random bytes yield nothing: a key counts only after its exact length, or before `=` or `:` in a run of text, and the kind must accept its value.
 */
export class PayloadScanner {
  readonly #keyNames: KeyNames;
  readonly #text: TextScanner;
  /** In the current payload. */
  #hits: PayloadHit[] = [];

  constructor(keyNames: KeyNames, text: TextScanner) {
    this.#keyNames = keyNames;
    this.#text = text;
  }

  /** In order of occurrence. `glance` is the quick check of the same payload. */
  scan(payload: Buffer, { isText, hasText }: PayloadGlance): readonly PayloadHit[] {
    // Most payloads have no hits, and share the array.
    if (this.#hits.length > 0) this.#hits = [];
    this.#keys(payload);
    if (hasText) this.#texts(payload, !isText);
    return this.#hits.length < 2 ? this.#hits : this.#hits.sort((a, b) => a.offset - b.offset);
  }

  /** Length-prefixed keys. Since each is at least as long as the stride, none is skipped. */
  #keys(payload: Buffer): void {
    for (let i = leastKey; i < payload.length;) {
      if ((classes[payload[i]!]! & word) === 0) {
        i += leastKey;
        continue;
      }
      const start = runStart(payload, i, word);
      const end = runEnd(payload, i, word);
      if (end - start >= leastKey) this.#lengthPrefixed(payload, start, end);
      i = end + leastKey;
    }
  }

  /** Runs of text, found in the same way. */
  #texts(payload: Buffer, inBinary: boolean): void {
    const least = inBinary ? leastText : leastKey;
    for (let i = least - 1; i < payload.length;) {
      if ((classes[payload[i]!]! & printable) === 0) {
        i += least;
        continue;
      }
      const start = runStart(payload, i, printable);
      const end = runEnd(payload, i, printable);
      if (end - start >= least) this.#embeddedText(payload, start, end, inBinary);
      i = end + least;
    }
  }

  #embeddedText(payload: Buffer, begin: number, end: number, inBinary: boolean): void {
    // The length of a text of 32 to 126 characters is itself a printable character.
    if (inBinary && end - begin < leastAlone && !hasSign(payload, begin, end)) return;
    const start = inBinary && payload[begin] === end - begin - 1 ? begin + 1 : begin;
    for (const hit of this.#text.scan(payload.toString('latin1', start, end))) {
      if (inBinary && !standsOut(hit)) continue;
      this.#hits.push({ kind: hit.kind, value: hit.value, offset: start + hit.start, encoding: hit.encoding, confidence: hit.confidence });
    }
  }

  /** A key in the run of word characters from `start` to `end`, if the length before it tells how much of the run is the key. */
  #lengthPrefixed(payload: Buffer, start: number, end: number): void {
    if (!mayBeKey(payload, start, Math.min(end - start, longestKey))) return;
    for (const form of lengthForms) {
      if (start < form.width) continue;
      const length = form.read(payload, start - form.width);
      if (length < leastKey || length > longestKey || length > end - start) continue;
      const announcement = this.#keyNames.announced(payload.toString('latin1', start, start + length));
      if (announcement === null) continue;
      const confidence = announcement.loose ? -uncertaintyOfLooseKey : 0;
      const hit = readValue(payload, start + length, form, announcement.kinds);
      if (hit === null) continue;
      this.#hits.push({ ...hit, confidence: hit.confidence + confidence });
      return;
    }
  }
}

/** Whether the byte before a word can be the end of a length in one of the forms: for most words of a text it cannot. */
function mayBeKey(payload: Buffer, start: number, longest: number): boolean {
  if (start === 0) return false;
  const before = payload[start - 1]!;
  const length = before >> 5 === 5 ? before & 31 : before;
  if (length !== 0) return isKeyLength(length, longest);
  // Little-endian, two or four bytes.
  return (start >= 2 && isKeyLength(payload[start - 2]!, longest)) || (start >= 4 && isKeyLength(payload[start - 4]!, longest));
}

function isKeyLength(length: number, longest: number): boolean {
  return length >= leastKey && length <= longest;
}

function runStart(payload: Buffer, at: number, mark: number): number {
  let start = at;
  while (start > 0 && (classes[payload[start - 1]!]! & mark) !== 0) start--;
  return start;
}

function runEnd(payload: Buffer, at: number, mark: number): number {
  let end = at + 1;
  while (end < payload.length && (classes[payload[end]!]! & mark) !== 0) end++;
  return end;
}

/** The value after a key: length-prefixed, in the key's own form or another, with or without a type byte before the length; or an integer. */
function readValue(payload: Buffer, at: number, keyForm: LengthForm, kinds: readonly IdentifierKind[]): PayloadHit | null {
  for (const form of formsBehind.get(keyForm)!) {
    for (const typeBytes of [0, 1]) {
      const length = form.read(payload, at + typeBytes);
      const start = at + typeBytes + form.width;
      if (length < 1 || length > longestValue || start + length > payload.length) continue;
      const text = lineOf(payload, start, length);
      if (text !== null && form === u8 && typeBytes === 0 && isDomainName(payload, start + length)) return null;
      if (text !== null && (length >= 2 || form === keyForm)) {
        const kind = kinds.find((candidate) => candidate.within === undefined && candidate.validate(text));
        if (kind !== undefined) return { kind, value: text, offset: start, encoding: 'length-prefixed', confidence: kind.confidence };
        if (form === keyForm && typeBytes === 0) return null;
      } else if (form === keyForm && (length === 4 || length === 8)) {
        const hit = readInteger(payload, { start, width: length, order: form.order }, kinds);
        if (hit !== null) return hit;
      }
    }
  }
  const tagged = integerTags[payload[at] ?? 0];
  if (tagged !== undefined && isFollowed(payload, at + 1 + tagged, keyForm)) {
    return readInteger(payload, { start: at + 1, width: tagged, order: 'be' }, kinds);
  }
  for (const typeBytes of [0, 1]) {
    for (const width of [4, 8]) {
      const start = at + typeBytes;
      // Without a length or a type before it, the end of the payload proves nothing.
      if (isFollowed(payload, start + width, keyForm) && (typeBytes > 0 || start + width < payload.length)) {
        const hit = readInteger(payload, { start, width, order: keyForm.order }, kinds);
        if (hit !== null) return hit;
      }
    }
  }
  return null;
}

interface IntegerAt {
  readonly start: number;
  readonly width: number;
  readonly order: LengthForm['order'];
}

function readInteger(payload: Buffer, { start, width, order }: IntegerAt, kinds: readonly IdentifierKind[]): PayloadHit | null {
  // Without a byte order of its own, the number is read in the order that makes it small, or else in network order.
  const little = order === 'le' || (order === '' && payload[start + width - 1] === 0 && payload[start] !== 0);
  const view = payload.subarray(start, start + width);
  const number = BigInt(`0x${(little ? Buffer.from(view).reverse() : view).toString('hex')}`);
  // Frame sizes, flags and counters are not ids.
  if (number < 256n) return null;
  const value = number.toString();
  const kind = kinds.find((candidate) => candidate.within === undefined && candidate.integer === true && candidate.validate(value));
  if (kind === undefined) return null;
  return { kind, value, offset: start, encoding: `u${width * 8}${little ? 'le' : 'be'}`, confidence: kind.confidence - 5 };
}

/** Whether the payload ends at `at`, or continues with another length-prefixed word: then the value before it was delimited correctly. */
function isFollowed(payload: Buffer, at: number, form: LengthForm): boolean {
  if (at === payload.length) return true;
  const length = form.read(payload, at);
  if (length < 2 || length > longestKey || at + form.width + length > payload.length) return false;
  for (let i = at + form.width; i < at + form.width + length; i++) if ((classes[payload[i]!]! & word) === 0) return false;
  return true;
}

/** Whether the labels from `at` on lead to a top-level domain and the zero that ends a name in wire format (RFC 1035, section 3.1). */
function isDomainName(payload: Buffer, at: number): boolean {
  for (let labels = 0; labels < 16 && at < payload.length; labels++) {
    const length = payload[at]!;
    if (length === 0 || length > 63 || at + 1 + length >= payload.length) return false;
    if (payload[at + 1 + length] === 0) return isKnownDomain(payload.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return false;
}

/** The text, if it is on a single line. */
function lineOf(payload: Buffer, start: number, length: number): string | null {
  const text = utf8Text(payload, start, start + length);
  return text === null || /[\t\r\n]/.test(text) ? null : text;
}

/** Between binary data, a value of a character or two, or a short address, is coincidence. */
function standsOut(hit: TextHit): boolean {
  return hit.value.length >= (hit.key === '' ? leastAlone : 2);
}

/** Whether it contains a sign that can follow a key. */
function hasSign(payload: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((classes[payload[i]!]! & sign) !== 0) return true;
  return false;
}
