/** Bytes of a payload that are looked at. */
export const bytesRead = 128;
/** Bytes of a window: the least that an id in binary takes. */
export const windowBytes = 4;

/** A text that stands alone in binary data. */
export interface TextToken {
  /** Where its length stands, or its first character when it has none. */
  readonly begin: number;
  readonly start: number;
  readonly end: number;
  readonly encoding: 'length-prefixed' | 'zero-terminated';
}

/** Where in payloads of one protocol a value stands, as a number: two values at one slot are two values of one field. */
export type Slot = number;

const shortestPrefixed = 4;
const shortestTerminated = 6;
const longestText = 64;
/** Texts of a payload that are told apart. */
const mostTexts = 15;

const taggedWord = 1 << 16;
const text = 1 << 17;
const taggedText = 1 << 18;
const fromDestination = 1 << 20;

const isIdCharacter = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@+~=-') isIdCharacter[character.charCodeAt(0)] = 1;

/** The texts in the part of the payload that is looked at: behind their length (u8, u16 or u32, either order), or in front of a zero. */
export function textsIn(payload: Buffer): TextToken[] {
  const tokens: TextToken[] = [];
  const end = Math.min(payload.length, bytesRead);
  for (let at = 0; at < end && tokens.length < mostTexts;) {
    const token = prefixedAt(payload, at) ?? terminatedAt(payload, at);
    if (token !== null) tokens.push(token);
    at = token?.end ?? at + 1;
  }
  return tokens;
}

/** In big-endian order the zeros of a length are in front of it and belong to whatever stands there; in little-endian order they follow. */
function prefixedAt(payload: Buffer, at: number): TextToken | null {
  const length = payload[at]!;
  if (length < shortestPrefixed || length > longestText) return null;
  for (const zeros of [0, 1, 3]) {
    const start = at + 1 + zeros;
    const end = start + length;
    if (end <= payload.length && isText(payload, start, end)) return { begin: at, start, end, encoding: 'length-prefixed' };
    if (payload[start] !== 0) return null;
  }
  return null;
}

function terminatedAt(payload: Buffer, at: number): TextToken | null {
  if (isIdCharacter[payload[at]!] === 0 || (at > 0 && isIdCharacter[payload[at - 1]!] === 1)) return null;
  let end = at + 1;
  while (end < payload.length && end - at <= longestText && isIdCharacter[payload[end]!] === 1) end++;
  return end - at >= shortestTerminated && end - at <= longestText && payload[end] === 0 ? { begin: at, start: at, end, encoding: 'zero-terminated' } : null;
}

function isText(payload: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isIdCharacter[payload[at]!] === 0) return false;
  return true;
}

/** Slots of the n-th text: its place in the order of texts, and the byte in front of its length, which in type-length-value formats is its type. */
export function textSlots(payload: Buffer, token: TextToken, index: number, sender: 'source' | 'destination'): [Slot, Slot] {
  const side = sender === 'source' ? 0 : fromDestination;
  return [side | text | index, side | taggedText | (token.begin > 0 ? payload[token.begin - 1]! : 0)];
}

/** Slot of a window by its distance from the start of the payload or from the text in front of it, which may be of any length. */
export function windowSlot(textsBefore: number, distance: number, sender: 'source' | 'destination'): Slot {
  return (sender === 'source' ? 0 : fromDestination) | (textsBefore << 8) | distance;
}

/** Bytes of the value that begins at `at` behind a type and a length of 4 or 8; 0 when none does. */
export function taggedWidth(payload: Buffer, at: number): 0 | 4 | 8 {
  if (at < 2 || at >= payload.length) return 0;
  const length = payload[at - 1] === 0 ? payload[at - 2]! : payload[at - 1]!;
  return (length === 4 || length === 8) && at + length <= payload.length ? length : 0;
}

/** Slot of such a value by its type, wherever in the payload it stands. */
export function taggedSlot(payload: Buffer, at: number, width: 4 | 8, sender: 'source' | 'destination'): Slot {
  const lengthBytes = at >= 3 && (payload[at - 1] === 0 || payload[at - 2] === 0) ? 2 : 1;
  const tag = payload[at - lengthBytes - 1]!;
  return (sender === 'source' ? 0 : fromDestination) | taggedWord | (tag << 1) | (width === 8 ? 1 : 0);
}
