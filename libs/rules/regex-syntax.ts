/** A regular expression as a tree of repetitions, sequences and choices. */
export type RegexNode =
  /** One character of a set, under `flags`. `characters` has an entry for each ASCII character, and a last one for all others. */
  | { type: 'atom'; offset: number; source: string; flags: string; characters: Uint8Array; literal: string | undefined }
  | { type: 'sequence' | 'choice'; parts: RegexNode[] }
  | { type: 'repeat'; offset: number; part: RegexNode; min: number; max: number; /** A back reference: which. */ reference?: string }
  /** A look-around, or an assertion about the position. It takes no characters. `atLines`: `^` and `$` also match at line breaks. */
  | { type: 'look'; offset: number; place: '^' | '$' | '\\b' | '\\B' | LookAround; atLines: boolean; part: RegexNode }
  /** An atomic group, which never tries a second match: written as a look-ahead, followed by a reference to what it captured. */
  | { type: 'atomic'; offset: number; part: RegexNode };

export type LookAround = '(?=' | '(?!' | '(?<=' | '(?<!';

/** Entries of an atom's set: one per ASCII character, and one for all others. */
export const characterClasses = 129;
const otherCharacters = ['\u00e9', '\u017f', '\u212a', '\u0660', '\u2028', '\u5b57', '\ud83d'];

/** Parses a pattern that JavaScript has accepted with these flags. A back reference is taken for any run of characters. */
export function parseRegex(pattern: string, flags: string): RegexNode {
  return new RegexParser(pattern, flags).choice();
}

class RegexParser {
  readonly #pattern: string;
  /** Flags of the group that is being read. */
  #flags: string;
  #at = 0;

  constructor(pattern: string, flags: string) {
    this.#pattern = pattern;
    this.#flags = flags;
  }

  choice(): RegexNode {
    const parts = [this.#sequence()];
    while (this.#pattern[this.#at] === '|') {
      this.#at += 1;
      parts.push(this.#sequence());
    }
    return parts.length === 1 ? parts[0]! : { type: 'choice', parts };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    const atomic = /^\(\?=\(\?<(\w+)>/.exec(this.#pattern.slice(this.#at))?.[1];
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== '|' && this.#pattern[this.#at] !== ')') {
      const offset = this.#at;
      const part = this.#term();
      const quantifier = this.#quantifier();
      parts.push(quantifier ? { type: 'repeat', offset, part, ...quantifier } : part);
    }
    const [look, reference] = parts;
    if (atomic !== undefined && parts.length === 2 && look!.type === 'look' && reference!.type === 'repeat' && reference!.reference === atomic) {
      return { type: 'atomic', offset: look!.offset, part: look!.part };
    }
    return parts.length === 1 ? parts[0]! : { type: 'sequence', parts };
  }

  #term(): RegexNode {
    const rest = this.#pattern.slice(this.#at);
    const offset = this.#at;
    const place = /^(?:[$^]|\\[Bb])/.exec(rest)?.[0] as '^' | '$' | '\\b' | '\\B' | undefined;
    if (place !== undefined) {
      this.#at += place.length;
      return { type: 'look', offset, place, atLines: this.#flags.includes('m'), part: { type: 'sequence', parts: [] } };
    }
    if (rest[0] === '(') {
      const [opening, on, off] = /^\((?:\?(?:<?[=!]|:|<\w+>|([ims]*)(?:-([ims]*))?:))?/.exec(rest)!;
      this.#at += opening.length;
      const flags = this.#flags;
      this.#flags = [...new Set(flags + (on ?? ''))].filter((flag) => !off?.includes(flag)).join('');
      const part = this.choice();
      this.#flags = flags;
      this.#at += 1;
      return /[=!]$/.test(opening) ? { type: 'look', offset, place: opening as LookAround, atLines: false, part } : part;
    }
    const [source] = /^(?:\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|k<\w+>|[1-9]\d*|[^])|\[(?:\\[^]|[^\]\\])*\]|[^])/i.exec(rest)!;
    this.#at += source.length;
    const reference = /^\\(?:k<(\w+)>|([1-9]\d*))/.exec(source);
    if (reference) {
      const any: RegexNode = { type: 'atom', offset, source, flags: '', characters: new Uint8Array(characterClasses).fill(1), literal: undefined };
      return { type: 'repeat', offset, part: any, min: 0, max: Infinity, reference: (reference[1] ?? reference[2])! };
    }
    return this.#atom(source, offset);
  }

  #atom(source: string, offset: number): RegexNode {
    const flags = this.#flags.replace('m', '');
    const test = new RegExp(`^${source}$`, flags);
    const characters = new Uint8Array(characterClasses);
    for (let code = 0; code < 128; code += 1) characters[code] = test.test(String.fromCharCode(code)) ? 1 : 0;
    const known = characters.some((one) => one === 1);
    characters[128] = !known || otherCharacters.some((char) => test.test(char)) ? 1 : 0;
    const literal = source.length === 1 && source !== '.' ? source : /^\\[^\w]$/.test(source) ? source[1] : undefined;
    return { type: 'atom', offset, source, flags, characters, literal };
  }

  #quantifier(): { min: number; max: number } | undefined {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#at));
    if (!match) return undefined;
    this.#at += match[0].length;
    const [, symbol, least, comma, most] = match;
    if (symbol) return { min: symbol === '+' ? 1 : 0, max: symbol === '?' ? 1 : Infinity };
    return { min: Number(least), max: comma === '' ? Number(least) : most === '' ? Infinity : Number(most) };
  }
}

/** At most so many alternatives are kept; more are too many to search for. */
const maxAlternatives = 64;

/**
 * Texts in lower-case ASCII of which at least one occurs, in some case, in whatever the pattern matches. Undefined: there are none.
 */
export function requiredTexts(node: RegexNode): string[] | undefined {
  switch (node.type) {
    case 'look': return undefined;
    case 'atomic': return requiredTexts(node.part);
    case 'atom': return isAscii(node.literal) ? [node.literal.toLowerCase()] : undefined;
    case 'repeat': return node.min > 0 ? requiredTexts(node.part) : undefined;
    case 'choice': {
      const all = node.parts.map(requiredTexts);
      if (all.some((texts) => texts === undefined)) return undefined;
      const texts = all.flat() as string[];
      return texts.length <= maxAlternatives ? texts : undefined;
    }
    case 'sequence': {
      const options: string[][] = [];
      let run = '';
      for (const part of [...node.parts, undefined]) {
        if (part?.type === 'atom' && isAscii(part.literal)) {
          run += part.literal.toLowerCase();
          continue;
        }
        if (run !== '') options.push([run]);
        run = '';
        const texts = part && requiredTexts(part);
        if (texts) options.push(texts);
      }
      const shortest = (texts: readonly string[]): number => Math.min(...texts.map(({ length }) => length));
      return options.reduce<string[] | undefined>((best, one) => (!best || shortest(one) > shortest(best) ? one : best), undefined);
    }
  }
}

function isAscii(text: string | undefined): text is string {
  return text !== undefined && text.charCodeAt(0) < 128;
}
