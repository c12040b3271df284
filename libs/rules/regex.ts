/** Characters of a value that a regular expression is shown; what stands behind them does not count. Bounds the time of polynomial patterns. */
export const regexSubjectLimit = 4096;

/** Repetitions from which a counted quantifier is treated like `*`. */
const manyRepetitions = 20;

/** Why a pattern is refused, and where in it (offset from 0). */
export class RegexRefused extends Error {
  override readonly name = 'RegexRefused';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Compiles the pattern of a `|re` value. Flags at its beginning, `(?i)`, are read as modifiers.
 * @throws RegexRefused for what JavaScript cannot read, and for patterns whose time can grow exponentially with the value:
 * a repeated group that itself repeats, or whose alternatives can begin with the same character.
 */
export function compileRegex(source: string, flags: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(source);
  const pattern = inline ? source.slice(inline[0].length) : source;
  const allFlags = [...new Set(flags + (inline?.[1] ?? ''))].join('');
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, allFlags);
  } catch (error) {
    throw new RegexRefused((error as Error).message.replace(/^Invalid regular expression: /, ''), 0);
  }
  new Scanner(pattern, allFlags, inline?.[0].length ?? 0).check();
  return regex;
}

interface Group {
  /** Offset of the opening parenthesis. */
  readonly start: number;
  /** Holds a quantifier that can repeat many times. */
  repeats: boolean;
  /** Source of the first atom of each alternative; undefined when it is a group, an assertion or may be absent. */
  readonly firstAtoms: (string | undefined)[];
}

/** Walks a pattern that JavaScript accepted; knows groups, classes, escapes and quantifiers, and nothing else. */
class Scanner {
  readonly #pattern: string;
  readonly #flags: string;
  readonly #shift: number;
  #at = 0;

  constructor(pattern: string, flags: string, shift: number) {
    this.#pattern = pattern;
    this.#flags = flags;
    this.#shift = shift;
  }

  check(): void {
    const open: Group[] = [newGroup(0)];
    while (this.#at < this.#pattern.length) {
      const start = this.#at;
      const char = this.#pattern[this.#at]!;
      const group = open.at(-1)!;
      if (char === '(') {
        this.#at += /^\(\?(?:[:=!]|<[=!]|<\w+>|[ims-]*:)/.exec(this.#pattern.slice(this.#at))?.[0].length ?? 1;
        if (group.firstAtoms.at(-1) === '') group.firstAtoms[group.firstAtoms.length - 1] = undefined;
        open.push(newGroup(start));
        continue;
      }
      if (char === '|') {
        this.#at += 1;
        if (group.firstAtoms.at(-1) === '') group.firstAtoms[group.firstAtoms.length - 1] = undefined;
        group.firstAtoms.push('');
        continue;
      }
      let closed: Group | undefined;
      if (char === ')') {
        closed = open.pop()!;
        this.#at += 1;
      } else this.#skipAtom();
      const atom = this.#pattern.slice(start, this.#at);
      const { many, optional } = this.#quantifier();
      const outer = open.at(-1)!;
      if (many && closed) this.#checkRepeated(closed);
      outer.repeats ||= many || (closed?.repeats ?? false);
      if (outer.firstAtoms.at(-1) === '') outer.firstAtoms[outer.firstAtoms.length - 1] = optional || closed || /^(?:[\^$]|\\[bB])$/.test(atom) ? undefined : atom;
    }
  }

  #checkRepeated(group: Group): void {
    if (group.repeats) throw new RegexRefused('a repeated group must not repeat inside: its time can grow exponentially', group.start + this.#shift);
    if (group.firstAtoms.length > 1 && this.#alternativesOverlap(group.firstAtoms)) {
      throw new RegexRefused('alternatives of a repeated group must begin with different characters: its time can grow exponentially', group.start + this.#shift);
    }
  }

  #alternativesOverlap(atoms: readonly (string | undefined)[]): boolean {
    const seen = new Set<string>();
    for (const atom of atoms) {
      if (!atom) return true;
      const test = new RegExp(`^(?:${atom})$`, this.#flags);
      // Other characters than ASCII stand for themselves in an atom, or in a class that ASCII stands for as well.
      const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter((char) => test.test(char));
      if (characters.length === 0) characters.push(atom);
      for (const char of characters) {
        if (seen.has(char)) return true;
        seen.add(char);
      }
    }
    return false;
  }

  #skipAtom(): void {
    const char = this.#pattern[this.#at]!;
    this.#at += char === '\\' ? 2 : 1;
    if (char !== '[') return;
    while (this.#pattern[this.#at] !== ']') this.#at += this.#pattern[this.#at] === '\\' ? 2 : 1;
    this.#at += 1;
  }

  #quantifier(): { many: boolean; optional: boolean } {
    const match = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#at));
    if (!match) return { many: false, optional: false };
    this.#at += match[0].length;
    const [text, least, comma, most] = match;
    if (least === undefined) return { many: text[0] !== '?', optional: text[0] !== '+' };
    const upper = comma === '' ? Number(least) : most === '' ? Infinity : Number(most);
    return { many: upper >= manyRepetitions, optional: Number(least) === 0 };
  }
}

function newGroup(start: number): Group {
  return { start, repeats: false, firstAtoms: [''] };
}
