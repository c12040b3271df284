import type { Recognised } from './report.ts';

/** Shorter values coincide with other text: they are replaced only if they are a whole value or path segment. */
const shortValue = 4;

/** A shorter value in base64 or hexadecimal coincides with other text. */
const shortestEncoded = 6;

/** Layers of escapes that are decoded. */
const mostUndone = 4;

/** A folded spelling of a value, and hashes of three pairs of its characters. */
export interface Sought {
  readonly spelling: string;
  readonly first: number;
  readonly middle: number;
  readonly last: number;
}

interface Replacement {
  start: number;
  end: number;
  kind: string;
}

/**
 * Replaces every recognised value in `text` by `{kind}`: verbatim, percent-encoded (in any mixture, also up to four times), with `+` for a space,
 * JSON-escaped, or with character references of markup, regardless of case; in base64 or hexadecimal; also the encoded text from which the value was
 * decoded. Values of fewer than 4 characters are replaced only if they are a whole value (`uid=7`), path segment or text; those of fewer than 6 are
 * not sought in base64 and hexadecimal.
 */
export function redact(text: string, recognised: readonly Recognised[]): string {
  if (text === '' || recognised.length === 0) return text;
  const replacements: Replacement[] = [];
  let reading: Reading | null = asItStands(text);
  for (let undone = 0; reading !== null; undone++) {
    notePairs(reading.folded);
    for (const one of recognised) {
      for (const sought of (one.sought ??= spellingsOf(one)))
        if (pairs[sought.first] === texts && pairs[sought.middle] === texts && pairs[sought.last] === texts)
          find(reading, sought.spelling, one.observable.kind, replacements);
    }
    reading = undone < mostUndone ? decode(reading) : null;
  }
  return replacements.length === 0 ? text : replace(text, replacements);
}

/** Folded only once: all texts of a flow are searched for the values recognised in it. */
function spellingsOf({ value, written }: Recognised): Sought[] {
  const spellings = new Set([value, ...written, ...encodedForms(value)].map(fold));
  spellings.delete('');
  return Array.from(spellings, (spelling) => {
    const last = spelling.length - 2;
    if (last < 0) return { spelling, first: anyPair, middle: anyPair, last: anyPair };
    return { spelling, first: pairAt(spelling, 0), middle: pairAt(spelling, last >> 1), last: pairAt(spelling, last) };
  });
}

/** Hexadecimal digits, and base64 in both alphabets, also where another text precedes the value. */
function encodedForms(value: string): string[] {
  if (value.length < shortestEncoded) return [];
  const bytes = Buffer.from(value);
  const forms = [bytes.toString('hex')];
  for (let before = 0; before < 3; before++) {
    // Characters that also depend on what precedes or follows the value are left out.
    const first = before === 0 ? 0 : before + 1;
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    const base64 = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').slice(first, end);
    forms.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

/**
 * Pairs of adjacent characters in the text that is searched: by a hash of the pair, the number of the text. Most spellings have a pair that most texts
 * have not.
 */
const pairs = new Int32Array(4097);
let texts = 0;
/** For a spelling of one character, which has no pair: noted in every text. */
const anyPair = 4096;

function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) << 5) ^ text.charCodeAt(at + 1)) & 4095;
}

function notePairs(folded: string): void {
  if (++texts === 0x7fffffff) {
    pairs.fill(0);
    texts = 1;
  }
  pairs[anyPair] = texts;
  for (let at = folded.length - 2; at >= 0; at--) pairs[pairAt(folded, at)] = texts;
}

/** A decoded text, with the position of each character in the original. */
interface Reading {
  readonly text: string;
  /** Folded like the spellings, so that they are found in any case. */
  readonly folded: string;
  /** Start of each character in the original, followed by its length; null if this is the original. */
  readonly starts: Int32Array | null;
}

function asItStands(text: string): Reading {
  return { text, folded: fold(text), starts: null };
}

function find({ folded: text, starts }: Reading, wanted: string, kind: string, replacements: Replacement[]): void {
  if (wanted.length > text.length) return;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    if (wanted.length < shortValue && !isWhole(text, at, end)) continue;
    replacements.push({ start: starts?.[at] ?? at, end: starts?.[end] ?? end, kind });
  }
}

function isWhole(text: string, start: number, end: number): boolean {
  return (start === 0 || /[=:/"'[,;&?\s]/.test(text[start - 1]!)) && (end === text.length || /[&/;,?#"'}\]\s<:]/.test(text[end]!));
}

/** Lower-cases letters and replaces `+` by the space it means in forms; the length stays the same. */
function fold(text: string): string {
  const lower = isAscii(text) ? text.toLowerCase() : text.replaceAll(/\p{Lu}/gu, lowerCase);
  return lower.includes('+') ? lower.replaceAll('+', ' ') : lower;
}

/** Leaves the few letters that become longer in lower case, such as `İ`, unchanged. */
function lowerCase(letter: string): string {
  const lower = letter.toLowerCase();
  return lower.length === letter.length ? lower : letter;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

const escape = /[%\\]|&(?=#)/g;

/** Decodes one layer of percent-encoding, JSON escapes and numeric character references; null if there is none. */
function decode({ text, starts: outer }: Reading): Reading | null {
  escape.lastIndex = 0;
  if (!escape.test(text)) return null;
  // Decoding never makes a text longer.
  const starts = new Int32Array(text.length + 1);
  let decoded = '';
  for (let i = 0; i < text.length;) {
    escape.lastIndex = i;
    const next = escape.test(text) ? escape.lastIndex - 1 : text.length;
    for (let plain = i; plain < next; plain++) starts[decoded.length + plain - i] = outer?.[plain] ?? plain;
    decoded += text.slice(i, next);
    i = next;
    if (next === text.length) break;
    const { characters, length } = decodeAt(text, next);
    starts.fill(outer?.[next] ?? next, decoded.length, decoded.length + characters.length);
    decoded += characters;
    i += length;
  }
  starts[decoded.length] = outer?.[text.length] ?? text.length;
  return decoded === text ? null : { text: decoded, folded: fold(decoded), starts };
}

const jsonEscapes: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** The character or surrogate pair that begins at `i`, and the length of its encoding. */
function decodeAt(text: string, i: number): { characters: string; length: number } {
  const sign = text[i]!;
  if (sign === '\\') {
    const unicode = /^u([0-9a-fA-F]{4})/.exec(text.slice(i + 1, i + 6));
    if (unicode !== null) return { characters: String.fromCharCode(Number.parseInt(unicode[1]!, 16)), length: 6 };
    const plain = jsonEscapes[text[i + 1] ?? ''];
    if (plain !== undefined) return { characters: plain, length: 2 };
  }
  if (sign === '&') {
    const reference = /^&#(?:(\d{1,7})|x([0-9a-f]{1,6}));?/i.exec(text.slice(i, i + 11));
    const code = reference === null ? NaN : Number.parseInt(reference[1] ?? reference[2]!, reference[1] === undefined ? 16 : 10);
    if (code <= 0x10ffff) return { characters: String.fromCodePoint(code), length: reference![0].length };
  }
  if (sign === '%') {
    // The form of JavaScript's escape().
    const unit = /^%u([0-9a-f]{4})/i.exec(text.slice(i, i + 6));
    if (unit !== null) return { characters: String.fromCharCode(Number.parseInt(unit[1]!, 16)), length: 6 };
    const first = byteAt(text, i);
    if (first >= 0) {
      const bytes = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
      const sequence = text.slice(i, i + bytes * 3);
      try {
        return { characters: decodeURIComponent(sequence), length: sequence.length };
      } catch {
        return { characters: String.fromCharCode(first), length: 3 };
      }
    }
  }
  return { characters: sign, length: 1 };
}

function byteAt(text: string, i: number): number {
  const digits = text.slice(i + 1, i + 3);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** The longest first among those that begin at the same position. One that begins inside another is part of it, and extends it if it ends later. */
function replace(text: string, replacements: Replacement[]): string {
  replacements.sort((a, b) => a.start - b.start || b.end - a.end);
  let out = '';
  let end = 0;
  for (const next of replacements) {
    if (next.start >= end) out += `${text.slice(end, next.start)}{${next.kind}}`;
    end = Math.max(end, next.end);
  }
  return out + text.slice(end);
}
