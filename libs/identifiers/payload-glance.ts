import { characterClasses } from './character-classes.ts';

/** Shortest text to be read: in text, the shortest key name; in binary data, the shortest run of text. */
export const leastKey = 3;
export const leastText = 8;
/** A payload is text, and is read line by line whatever its length, if at least this share of its first `textSample` bytes is printable. */
const textShare = 0.85;
const textSample = 512;
/** So many bytes of telephony BCD hold two digits each; the last one may hold only one. */
const leastDigitPairs = 7;

/** Classes of a byte, as bits: printable, part of a key name, sign between key and value, text, two decimal digits. */
export const printable = 1;
export const word = 2;
export const sign = 4;
const ofText = 8;
const digitPair = 16;
export const classes = characterClasses(256, [[printable, /[\t -~]/], [word, /[A-Za-z0-9_.-]/], [sign, /[=:>]/], [ofText, /[\t\r\n -~]/]])
  .map((marks, byte) => ((byte & 15) < 10 && byte >> 4 < 10 ? marks | digitPair : marks));

/**
 * A quick check of what bytes of unknown structure may contain. Payloads that are encrypted or carry media hardly ever contain any of it and need not
 * be read. Everything searched for has a minimum length, so that it suffices to look at every n-th byte. `false` is certain: the payload contains
 * none.
 */
export class PayloadGlance {
  /** Nearly all of the payload is printable. */
  isText = false;
  /** It contains a run of printable characters long enough to be read: {@link leastText}, or {@link leastKey} if it is text. */
  hasText = false;
  /** It contains a run of decimal digits in telephony BCD. */
  hasDigits = false;

  look(bytes: Buffer): void {
    this.hasText = this.hasDigits = false;
    for (let i = leastDigitPairs - 1; i < bytes.length; i += leastDigitPairs) {
      const marks = classes[bytes[i]!]!;
      if ((marks & printable) !== 0 && !this.hasText) this.hasText = isRun(bytes, i, printable, leastText);
      if ((marks & digitPair) !== 0 && !this.hasDigits) this.hasDigits = isRun(bytes, i, digitPair, leastDigitPairs);
    }
    this.isText = isText(bytes);
    this.hasText ||= this.isText;
  }
}

/** Whether the byte at `at`, which has the mark, is in a run of at least `least` bytes with that mark. */
function isRun(bytes: Buffer, at: number, mark: number, least: number): boolean {
  let start = at;
  while (start > 0 && at - start < least && (classes[bytes[start - 1]!]! & mark) !== 0) start--;
  let end = at + 1;
  while (end < bytes.length && end - start < least && (classes[bytes[end]!]! & mark) !== 0) end++;
  return end - start >= least;
}

/** The first few bytes suffice to recognise binary data. */
function isText(bytes: Buffer): boolean {
  const sample = Math.min(bytes.length, textSample);
  let others = Math.floor(sample * (1 - textShare));
  for (let i = 0; i < sample; i++) if ((classes[bytes[i]!]! & ofText) === 0 && --others < 0) return false;
  return true;
}
