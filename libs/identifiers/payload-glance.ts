import { characterClasses } from './character-classes.ts';

/** Shortest text that is read: in text, where it is the shortest name of a key, and between binary data. */
export const leastKey = 3;
export const leastText = 8;
/** Share of printable bytes at the beginning, of so many, from which a payload is text, and is read line by line whatever the length. */
const textShare = 0.85;
const textSample = 512;
/** Bytes of telephony BCD that hold two digits each; the last one may hold one. */
const leastDigitPairs = 7;

/** Bits of a byte: printable, part of a key name, sign between key and value, of a text, two decimal digits. */
export const printable = 1;
export const word = 2;
export const sign = 4;
const ofText = 8;
const digitPair = 16;
export const classes = characterClasses(256, [[printable, /[\t -~]/], [word, /[A-Za-z0-9_.-]/], [sign, /[=:>]/], [ofText, /[\t\r\n -~]/]])
  .map((marks, byte) => ((byte & 15) < 10 && byte >> 4 < 10 ? marks | digitPair : marks));

/**
 * What may stand in bytes of unknown structure. Payloads that are encrypted or carry media have hardly ever any of it, and need not be read. What is
 * looked for has a length, so that it is enough to look at one byte in as many. A `false` is certain: what it speaks for stands nowhere.
 */
export class PayloadGlance {
  /** Nearly all of it is printable. */
  isText = false;
  /** Printable characters stand together that are read: {@link leastText}, or in text {@link leastKey}. */
  hasText = false;
  /** Decimal digits in telephony BCD stand together. */
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

/** Whether at least so many bytes with the mark stand together around the one at `at`, which has it. */
function isRun(bytes: Buffer, at: number, mark: number, least: number): boolean {
  let start = at;
  while (start > 0 && at - start < least && (classes[bytes[start - 1]!]! & mark) !== 0) start--;
  let end = at + 1;
  while (end < bytes.length && end - start < least && (classes[bytes[end]!]! & mark) !== 0) end++;
  return end - start >= least;
}

/** Binary data is told by its first few bytes. */
function isText(bytes: Buffer): boolean {
  const sample = Math.min(bytes.length, textSample);
  let others = Math.floor(sample * (1 - textShare));
  for (let i = 0; i < sample; i++) if ((classes[bytes[i]!]! & ofText) === 0 && --others < 0) return false;
  return true;
}
