/**
 * Sigma strings: `*` is any run of characters, `?` any single one. A backslash makes the next `*`, `?` or backslash literal; before
 * anything else it is literal itself (Sigma specification 2, "Escaping").
 */

export const anyRun = Symbol('*');
export const anyOne = Symbol('?');
/** Literal text and wildcards, in order. */
export type Pattern = readonly (string | typeof anyRun | typeof anyOne)[];

export function parsePattern(text: string): Pattern {
  const parts: (string | typeof anyRun | typeof anyOne)[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]!;
    const next = text[i + 1];
    if (char === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += next;
      i += 1;
    } else if (char === '*' || char === '?') {
      flush();
      parts.push(char === '*' ? anyRun : anyOne);
    } else literal += char;
  }
  flush();
  return parts;
}

/** The text of a pattern without wildcards, else undefined. */
export function literalOf(pattern: Pattern): string | undefined {
  if (pattern.length === 0) return '';
  return pattern.length === 1 && typeof pattern[0] === 'string' ? pattern[0] : undefined;
}

export function mapLiterals(pattern: Pattern, change: (literal: string) => string): Pattern {
  return pattern.map((part) => (typeof part === 'string' ? change(part) : part));
}

/** Compiles a test of whole strings. It takes time at most proportional to the length of the value times that of the pattern. */
export function compilePattern(pattern: Pattern): (value: string) => boolean {
  const segments = splitAtRuns(pattern);
  const [first] = segments;
  if (segments.length === 1) return (value) => value.length === first!.length && first!.matchesAt(value, 0);
  const last = segments.at(-1)!;
  const middle = segments.slice(1, -1).filter((segment) => segment.length > 0);
  return (value) => {
    let at = first!.length;
    const end = value.length - last.length;
    if (at > end || !first!.matchesAt(value, 0) || !last.matchesAt(value, end)) return false;
    // The leftmost match of each segment leaves the most room for those that follow.
    for (const segment of middle) {
      const found = segment.find(value, at, end);
      if (found < 0) return false;
      at = found + segment.length;
    }
    return true;
  };
}

/** A stretch of literals and single wildcards between two `*`: it has a fixed length. */
class Segment {
  readonly length: number;
  /** The text, with a `?` for any character at the offsets in #holes. */
  readonly #text: string;
  readonly #holes: ReadonlySet<number>;

  constructor(parts: readonly (string | typeof anyOne)[]) {
    const holes = new Set<number>();
    let text = '';
    for (const part of parts) {
      if (part === anyOne) holes.add(text.length);
      text += part === anyOne ? '?' : part;
    }
    this.#text = text;
    this.#holes = holes;
    this.length = text.length;
  }

  matchesAt(value: string, at: number): boolean {
    if (this.#holes.size === 0) return value.startsWith(this.#text, at);
    for (let i = 0; i < this.length; i += 1) {
      if (!this.#holes.has(i) && value.charCodeAt(at + i) !== this.#text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** First offset in `[from, end - length]` at which the segment matches, or -1. */
  find(value: string, from: number, end: number): number {
    if (this.#holes.size === 0) {
      const at = value.indexOf(this.#text, from);
      return at >= 0 && at + this.length <= end ? at : -1;
    }
    for (let at = from; at + this.length <= end; at += 1) if (this.matchesAt(value, at)) return at;
    return -1;
  }
}

function splitAtRuns(pattern: Pattern): Segment[] {
  const segments: Segment[] = [];
  let parts: (string | typeof anyOne)[] = [];
  for (const part of pattern) {
    if (part === anyRun) {
      segments.push(new Segment(parts));
      parts = [];
    } else parts.push(part);
  }
  segments.push(new Segment(parts));
  return segments;
}
