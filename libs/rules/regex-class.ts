import { characterAt, characterText, controlCode, unicodeWord } from './regex-characters.ts';
import { complement, horizontalSpace, posixClasses, verticalSpace } from './regex-classes.ts';
import { RegexRefused } from './regex-refused.ts';

export interface RegexClass {
  /** The class as JavaScript writes it. */
  readonly text: string;
  /** Whether it takes a single UTF-16 unit; otherwise it is a group of alternatives. */
  readonly isSet: boolean;
  /** Offset in the source just after it. */
  readonly end: number;
}

/** Reads the PCRE class that begins with the bracket at `at`. */
export function readClass(source: string, at: number): RegexClass {
  return new ClassReader(source, at).read();
}

class ClassReader {
  readonly #source: string;
  readonly #start: number;
  #at: number;

  constructor(source: string, start: number) {
    this.#source = source;
    this.#start = this.#at = start;
  }

  read(): RegexClass {
    const offset = this.#start;
    const isNegated = this.#source[offset + 1] === '^';
    this.#at += isNegated ? 2 : 1;
    const members: string[] = [];
    const beyond: [from: number, to: number][] = [];
    if (this.#source[this.#at] === ']') {
      members.push('\\]');
      this.#at += 1;
    }
    for (;;) {
      if (this.#at >= this.#source.length) throw new RegexRefused('the class is not closed', offset);
      if (this.#source[this.#at] === ']') break;
      const from = this.#member();
      const next = this.#source[this.#at + 1];
      // A range needs a character at both ends: after a set, `-` is literal.
      const isRange = this.#source[this.#at] === '-' && next !== undefined && !/^-(?:\]|\\[dDwWsShHvV]|\[:)/.test(this.#source.slice(this.#at));
      if (typeof from === 'number' && isRange) {
        this.#at += 1;
        const to = this.#member();
        if (typeof to !== 'number' || to < from) throw new RegexRefused('the range of the class is out of order', offset);
        addRange(from, to, members, beyond);
      } else if (typeof from === 'number') addRange(from, from, members, beyond);
      else members.push(from);
    }
    this.#at += 1;
    const end = this.#at;
    if (beyond.length > 0) {
      if (isNegated) throw new RegexRefused('a negated class with characters beyond U+FFFF is not supported here', offset);
      const alternatives = [...(members.length > 0 ? [`[${members.join('')}]`] : []), ...beyond.flatMap(([from, to]) => pairs(from, to))];
      return { text: `(?:${alternatives.join('|')})`, isSet: false, end };
    }
    const raw = this.#source.slice(offset, end);
    const isCommon = !/^\[\^?\]|\[:|\\(?![dDwWsSbfnrt]|[^\w])/.test(raw);
    return { text: isCommon ? raw : `[${isNegated ? '^' : ''}${members.join('')}]`, isSet: true, end };
  }

  /** A member of a class: the code of a character, or the text of a set. */
  #member(): number | string {
    const offset = this.#at;
    const rest = this.#source.slice(offset);
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest);
    if (posix) {
      const set = posixClasses.get(posix[2]!);
      if (set === undefined) throw new RegexRefused(`the class [:${posix[2]}:] is unknown`, offset);
      this.#at += posix[0].length;
      return posix[1] === '' ? set : complement(set);
    }
    if (/^\[[.=].*?[.=]\]/.test(rest)) throw new RegexRefused('collating elements are not supported here', offset);
    if (rest[0] !== '\\') {
      const code = rest.codePointAt(0)!;
      this.#at += code > 0xffff ? 2 : 1;
      return code;
    }
    const character = characterAt(this.#source, offset);
    if (character !== null) {
      this.#at += character.length;
      return character.code;
    }
    const letter = rest[1];
    if (letter === undefined) throw new RegexRefused('the class is not closed', offset);
    const octal = /^\\([1-7][0-7]{0,2})/.exec(rest);
    if (octal) {
      this.#at += octal[0].length;
      return Number.parseInt(octal[1]!, 8);
    }
    this.#at += 2;
    switch (letter) {
      case 'd': case 'D': case 'w': case 'W': case 's': case 'S': return `\\${letter}`;
      case 'h': return horizontalSpace;
      case 'H': return complement(horizontalSpace);
      case 'v': return verticalSpace;
      case 'V': return complement(verticalSpace);
      case 'E': return '';
      case 'b': return 8;
      case 'f': return 12;
      case 'n': return 10;
      case 'r': return 13;
      case 't': return 9;
      case 'c':
        this.#at += 1;
        return controlCode(rest[2], offset);
      case 'Q': {
        const end = this.#source.indexOf('\\E', this.#at);
        const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
        this.#at += text.length + (end < 0 ? 0 : 2);
        return [...text].map((one) => characterText(one.charCodeAt(0))).join('');
      }
      case 'p': case 'P': case 'X': case 'R': case 'N': case 'C':
        throw new RegexRefused(`${unicodeWord(letter)} is not supported in a class here`, offset);
      default: return rest.codePointAt(1)!;
    }
  }
}

function addRange(from: number, to: number, members: string[], beyond: [from: number, to: number][]): void {
  if (from <= 0xffff) members.push(from === to ? characterText(from) : `${characterText(from)}-${characterText(Math.min(to, 0xffff))}`);
  if (to > 0xffff) beyond.push([Math.max(from, 0x1_0000), to]);
}

/** Alternatives for a range of characters beyond U+FFFF, as pairs of surrogates. */
function pairs(from: number, to: number): string[] {
  const [first, last] = [from, to].map((code) => String.fromCodePoint(code)) as [string, string];
  const [high, low, lastHigh, lastLow] = [first.charCodeAt(0), first.charCodeAt(1), last.charCodeAt(0), last.charCodeAt(1)];
  const pair = (fromHigh: number, toHigh: number, fromLow: number, toLow: number): string => {
    const set = (a: number, b: number): string => (a === b ? characterText(a) : `[${characterText(a)}-${characterText(b)}]`);
    return set(fromHigh, toHigh) + set(fromLow, toLow);
  };
  if (high === lastHigh) return [pair(high, high, low, lastLow)];
  const between = lastHigh - high > 1 ? [pair(high + 1, lastHigh - 1, 0xdc00, 0xdfff)] : [];
  return [pair(high, high, low, 0xdfff), ...between, pair(lastHigh, lastHigh, 0xdc00, lastLow)];
}
