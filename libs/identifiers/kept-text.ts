/** From this length on, V8 does not copy a substring but refers to the original string (`SlicedString::kMinLength`). */
const leastReference = 13;

/**
 * A copy of a text that may outlive the string from which it was cut. A substring keeps the whole original alive: a key of 20 characters would keep a
 * body of 64 KiB.
 */
export function keptText(text: string): string {
  return text.length < leastReference ? text : ` ${text}`.slice(1);
}
