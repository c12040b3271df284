/** V8 does not copy a shorter part of a text out of it, but from here on refers to it (`SlicedString::kMinLength`). */
const leastReference = 13;

/**
 * A text that may be kept for longer than what it was cut from. A part of a text refers to it, and keeps all of it alive: a key of 20 characters a
 * body of 64 KiB.
 */
export function keptText(text: string): string {
  return text.length < leastReference ? text : ` ${text}`.slice(1);
}
