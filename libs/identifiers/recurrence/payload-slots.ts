/** Bytes of a payload that are examined. */
export const bytesRead = 128;
/** Bytes of a window: the least that a binary id takes. */
export const windowBytes = 4;
/** Texts of a payload that are distinguished. */
export const mostTexts = 15;

/** A text within binary data. */
export interface TextToken {
  /** Position of its length, or of its first character if it has none. */
  readonly begin: number;
  readonly start: number;
  readonly end: number;
  readonly encoding: 'length-prefixed' | 'zero-terminated';
}

/** The place of a value in payloads of one protocol, as a number below {@link mostSlots}: two values at one slot are two values of the same field. */
export type Slot = number;

const shortestPrefixed = 4;
const shortestTerminated = 6;
const longestText = 64;

/** First slot of each type. Windows come first: {@link bytesRead} of them after each number of texts. */
const taggedWord = bytesRead * (mostTexts + 1);
const text = taggedWord + 2 * 256;
const taggedText = text + bytesRead;
const fromDestination = taggedText + 256;
export const mostSlots = 2 * fromDestination;

const isIdCharacter = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@+~=-') isIdCharacter[character.charCodeAt(0)] = 1;

/**
 * The first text at or after `from` within the examined part of the payload: length-prefixed (u8, u16 or u32, in either byte order), or
 * zero-terminated.
 */
export function nextText(payload: Buffer, from: number): TextToken | null {
  const end = Math.min(payload.length, bytesRead);
  for (let at = from; at < end; at++) {
    const token = prefixedAt(payload, at) ?? terminatedAt(payload, at);
    if (token !== null) return token;
  }
  return null;
}

/** In big-endian order the zeros of a length precede it and are left to whatever is before; in little-endian order they follow. */
function prefixedAt(payload: Buffer, at: number): TextToken | null {
  const length = payload[at]!;
  if (length < shortestPrefixed || length > longestText) return null;
  for (let zeros = 0; zeros <= 3; zeros++) {
    const start = at + 1 + zeros;
    const end = start + length;
    // Lengths have one, two or four bytes.
    if (zeros !== 2 && end <= payload.length && isText(payload, start, end)) return { begin: at, start, end, encoding: 'length-prefixed' };
    if (payload[start] !== 0) return null;
  }
  return null;
}

function terminatedAt(payload: Buffer, at: number): TextToken | null {
  if (isIdCharacter[payload[at]!] === 0 || (at > 0 && isIdCharacter[payload[at - 1]!] === 1)) return null;
  let end = at + 1;
  while (end < payload.length && end - at <= longestText && isIdCharacter[payload[end]!] === 1) end++;
  return end - at >= shortestTerminated && end - at <= longestText && payload[end] === 0
    ? { begin: at, start: at, end, encoding: 'zero-terminated' }
    : null;
}

function isText(payload: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isIdCharacter[payload[at]!] === 0) return false;
  return true;
}

/** Slot of the n-th text, by its index among the texts. */
export function textSlot(index: number, sender: 'source' | 'destination'): Slot {
  return (sender === 'source' ? 0 : fromDestination) + text + index;
}

/** Slot of a text by the byte before its length, which in type-length-value formats is its type. */
export function taggedTextSlot(payload: Buffer, { begin }: TextToken, sender: 'source' | 'destination'): Slot {
  return (sender === 'source' ? 0 : fromDestination) + taggedText + (begin > 0 ? payload[begin - 1]! : 0);
}

/** Slot of a window by its distance from the start of the payload or from the preceding text, which may have any length. */
export function windowSlot(textsBefore: number, distance: number, sender: 'source' | 'destination'): Slot {
  return (sender === 'source' ? 0 : fromDestination) + textsBefore * bytesRead + distance;
}

/** Length in bytes of the value that begins at `at` after a type and a length of 4 or 8; 0 if there is none. */
export function taggedWidth(payload: Buffer, at: number): 0 | 4 | 8 {
  if (at < 2 || at >= payload.length) return 0;
  const length = payload[at - 1] === 0 ? payload[at - 2]! : payload[at - 1]!;
  return (length === 4 || length === 8) && at + length <= payload.length ? length : 0;
}

/** Slot of such a value by its type, wherever in the payload it is. */
export function taggedSlot(payload: Buffer, at: number, width: 4 | 8, sender: 'source' | 'destination'): Slot {
  const lengthBytes = at >= 3 && (payload[at - 1] === 0 || payload[at - 2] === 0) ? 2 : 1;
  const tag = payload[at - lengthBytes - 1]!;
  return (sender === 'source' ? 0 : fromDestination) + taggedWord + 2 * tag + (width === 8 ? 1 : 0);
}
