import { characterAt, characterText, controlCode, given, unicodeWord, unitsText } from './regex-characters.ts';
import { readClass } from './regex-class.ts';
import { horizontalSpace, verticalSpace } from './regex-classes.ts';
import { RegexRefused } from './regex-refused.ts';

export interface TranslatedRegex {
  /** For JavaScript, without the flags `u` and `v`. */
  readonly pattern: string;
  readonly flags: string;
  /** For each character of the pattern, the offset in the source that it comes from. */
  readonly offsets: readonly number[];
}

/**
 * Translates a PCRE pattern to JavaScript; a pattern that both read alike stays as it is. It translates: flags in the pattern, for the rest
 * of their group or scoped; atomic groups and possessive quantifiers; named groups and references in all spellings; POSIX classes, and a
 * leading `]` in a class; `\A \z \Z \G \K \h \H \v \V \R \N \e \a`, octal and hexadecimal characters, `\Q…\E`; comments, including those of
 * flag `x`; characters beyond U+FFFF. `\Z` and `$` match only at the very end, since a value has no final line break. (pcre2pattern(3))
 * @throws RegexRefused for what has no counterpart: recursion, conditions, verbs, callouts, Unicode properties.
 */
export function translatePcre(source: string, flags: string): TranslatedRegex {
  return new Translator(source, flags).translate();
}

interface Piece {
  readonly text: string;
  readonly offset: number;
}

/** The latest atom, which a quantifier may follow. */
interface Atom {
  /** Index of its first piece. */
  readonly from: number;
  /** The set of which it takes one character; undefined: it is a group. */
  readonly single: string | undefined;
  readonly captures: number;
  /** It takes no character: JavaScript can repeat it only inside a group. */
  readonly isAssertion: boolean;
}

interface Group {
  readonly from: number;
  readonly offset: number;
  readonly closing: string;
  /** Its opening, if it is a look-ahead or look-behind. */
  readonly look: string;
  /** Groups opened for flags that hold until this one ends. */
  scopes: string[];
  readonly extended: boolean;
  readonly noCapture: boolean;
  readonly ungreedy: boolean;
  readonly captures: number;
}

const quantifierPattern = /([*+?]|\{(?:\d+(?:,\d*)?|,\d+)\})([+?]?)/y;
const flagsPattern = /\(\?(\^?[a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/y;
const namePattern = /\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y;
/** A reference by number, `\1 \g1 \g{-1}`, or by name. */
const numberedPattern = /\\(?:g(-?\d+)|g\{(-?\d+)\}|([1-9]\d*))/y;
const namedPattern = /(?:\\[gk]\{|\\k<|\\k'|\(\?P=)([A-Za-z_]\w*)[}>')]/y;
/** An escape, a class, or (captured) the opening of a capturing group. */
const openingPattern = /\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]|(\((?!\?|\*)|\(\?(?:P?<|')(?![=!]))/g;

class Translator {
  readonly #source: string;
  readonly #captures: number;
  readonly #hasReferences: boolean;
  readonly #pieces: Piece[] = [];
  readonly #groups: Group[] = [];
  /** For each of PCRE's groups, the number that it has in JavaScript. */
  readonly #numbers: number[] = [0];
  readonly #names = new Map<string, number>();
  #flags: string;
  #scopes: string[] = [];
  #at = 0;
  #opened = 0;
  #atomics = 0;
  #extended = false;
  #noCapture = false;
  #ungreedy = false;
  #atom: Atom | undefined;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags;
    this.#captures = [...source.matchAll(openingPattern)].filter(([, opening]) => opening !== undefined).length;
    this.#hasReferences = /\\[1-9gk]|\(\?P=/.test(source);
  }

  translate(): TranslatedRegex {
    this.#leadingFlags();
    while (this.#at < this.#source.length) this.#next();
    const open = this.#groups.at(-1);
    if (open) throw new RegexRefused('the group is not closed', open.offset);
    this.#emit(')'.repeat(this.#scopes.length), this.#source.length);
    const offsets = this.#pieces.flatMap(({ text, offset }) => Array.from(text, () => offset));
    return { pattern: this.#pieces.map(({ text }) => text).join(''), flags: [...new Set(this.#flags)].join(''), offsets };
  }

  /** Reads leading flags, which hold for the whole pattern. */
  #leadingFlags(): void {
    for (;;) {
      const [whole, on, off, end] = this.#match(flagsPattern) ?? [];
      if (whole === undefined || end !== ')' || off !== undefined || on!.startsWith('^')) return;
      this.#flags += this.#readFlags(on!);
      this.#at += whole.length;
    }
  }

  #next(): void {
    const offset = this.#at;
    const char = this.#source[offset]!;
    if (this.#extended && /\s/.test(char)) this.#at += 1;
    else if (this.#extended && char === '#') this.#at = endOf(this.#source, '\n', offset);
    else if (char === '(') this.#open();
    else if (char === ')') this.#close();
    else if (char === '|') this.#alternative();
    else if (char === '[') this.#class();
    else if (char === '\\') this.#escape();
    else if (this.#match(quantifierPattern)) this.#quantifier();
    else if (char === '^' || char === '$') this.#edge(char);
    else this.#literal(String.fromCodePoint(this.#source.codePointAt(offset)!));
  }

  #open(): void {
    const offset = this.#at;
    if (this.#source.startsWith('(?#', offset)) {
      const end = this.#source.indexOf(')', offset);
      if (end < 0) throw new RegexRefused('the comment is not closed', offset);
      this.#at = end + 1;
      return;
    }
    if (this.#source.startsWith('(?P=', offset)) return this.#reference();
    const name = this.#match(namePattern);
    if (name) {
      this.#names.set((name[1] ?? name[2])!, this.#numbers.length);
      return this.#capture(name[0].length);
    }
    const look = /^\((?:\?(?:<?[=!]|:)|(?!\?|\*))/.exec(this.#source.slice(offset, offset + 4))?.[0];
    if (look === '(') return this.#noCapture ? this.#group('(?:', 1) : this.#capture(1);
    if (look !== undefined) return this.#group(look, look.length);
    if (this.#source.startsWith('(?>', offset)) {
      this.#refuseBehind('an atomic group', offset);
      const name = this.#atomicName();
      this.#opened += 1;
      return this.#group(`(?=(?<${name}>`, 3, `))\\k<${name}>`);
    }
    if (this.#source.startsWith('(?|', offset) && !this.#hasReferences) return this.#group('(?:', 3);
    const inline = this.#match(flagsPattern);
    if (inline && !/^\(\?[RC]/.test(inline[0])) return this.#inlineFlags(inline);
    throw new RegexRefused(`${unavailable(this.#source.slice(offset))} is not supported here`, offset);
  }

  #capture(length: number): void {
    this.#opened += 1;
    this.#numbers.push(this.#opened);
    this.#group('(', length);
  }

  #group(opening: string, length: number, closing = ')'): void {
    this.#groups.push({
      from: this.#pieces.length, offset: this.#at, closing, look: /[=!]$/.test(opening) ? opening : '', scopes: this.#scopes,
      captures: this.#opened - (opening.endsWith('>') || opening === '(' ? 1 : 0),
      extended: this.#extended, noCapture: this.#noCapture, ungreedy: this.#ungreedy,
    });
    this.#scopes = [];
    this.#emit(opening, this.#at);
    this.#at += length;
    this.#atom = undefined;
  }

  #close(): void {
    const group = this.#groups.pop();
    if (!group) throw new RegexRefused('")" closes no group', this.#at);
    this.#emit(')'.repeat(this.#scopes.length) + group.closing, this.#at);
    this.#at += 1;
    this.#scopes = group.scopes;
    this.#extended = group.extended;
    this.#noCapture = group.noCapture;
    this.#ungreedy = group.ungreedy;
    // An atomic group is translated to two terms: a quantifier applies to both.
    if (group.closing !== ')') this.#wrap(group.from, '(?:', ')');
    this.#atom = { from: group.from, single: undefined, captures: this.#opened - group.captures, isAssertion: group.look !== '' };
  }

  #alternative(): void {
    this.#emit(`${')'.repeat(this.#scopes.length)}|${this.#scopes.join('')}`, this.#at);
    this.#at += 1;
    this.#atom = undefined;
  }

  #inlineFlags([whole, on, off, end]: RegExpExecArray): void {
    const isReset = on!.startsWith('^');
    const group: [on: string, off: string] = [this.#flagsOfGroup(on!), isReset ? 'ims' : this.#flagsOfGroup(off ?? '')];
    const removed = [...group[1]].filter((flag) => !group[0].includes(flag)).join('');
    const opening = group[0] + removed === '' ? '(?:' : `(?${group[0]}${removed === '' ? '' : `-${removed}`}:`;
    const set = (): void => {
      for (const [flags, value] of [[isReset ? 'xn' : off ?? '', false], [on!, true]] as const) {
        if (flags.includes('x')) this.#extended = value;
        if (flags.includes('n')) this.#noCapture = value;
        if (flags.includes('U')) this.#ungreedy = value;
      }
    };
    if (end === ':') {
      this.#group(opening, whole.length);
      return set();
    }
    set();
    if (opening !== '(?:') {
      this.#emit(opening, this.#at);
      this.#scopes.push(opening);
    }
    this.#at += whole.length;
    this.#atom = undefined;
  }

  #flagsOfGroup(text: string): string {
    return [...new Set([...this.#checked(text)].filter((flag) => 'ims'.includes(flag)))].join('');
  }

  /** Reads flags of the whole pattern: returns those that JavaScript has, and notes the others. */
  #readFlags(text: string): string {
    const flags = this.#checked(text);
    this.#extended ||= flags.includes('x');
    this.#noCapture ||= flags.includes('n');
    this.#ungreedy ||= flags.includes('U');
    return [...flags].filter((flag) => 'ims'.includes(flag)).join('');
  }

  #checked(text: string): string {
    const unknown = [...text.replace('^', '')].find((flag) => !'imsxnJUua'.includes(flag));
    if (unknown !== undefined) throw new RegexRefused(`the flag "${unknown}" is unknown`, this.#at);
    return text;
  }

  #quantifier(): void {
    const [whole, symbol, how] = this.#match(quantifierPattern)!;
    const atom = this.#atom;
    if (!atom) throw new RegexRefused('there is nothing to repeat', this.#at);
    const offset = this.#at;
    this.#at += whole.length;
    this.#atom = undefined;
    const isLazy = (how === '?') !== this.#ungreedy && how !== '+';
    if (atom.isAssertion) this.#wrap(atom.from, '(?:', ')');
    this.#emit((symbol!.startsWith('{,') ? `{0${symbol!.slice(1)}` : symbol!) + (isLazy ? '?' : ''), offset);
    if (how !== '+' || (!this.#isBehind() && this.#givesNothingBack(atom))) return;
    if (atom.captures > 0 && this.#hasReferences) {
      throw new RegexRefused('a possessive quantifier after a group is not supported in a pattern with back references', offset);
    }
    this.#refuseBehind('a possessive quantifier', offset);
    const name = this.#atomicName();
    this.#opened += 1;
    this.#wrap(atom.from, `(?:(?=(?<${name}>`, `))\\k<${name}>)`);
  }

  #isBehind(): boolean {
    return this.#groups.some(({ look }) => look.startsWith('(?<'));
  }

  /** Refuses atomic parts in a look-behind: JavaScript matches it from right to left, and so may keep another match than PCRE. */
  #refuseBehind(what: string, offset: number): void {
    if (this.#isBehind()) throw new RegexRefused(`${what} is not supported in a look-behind here`, offset);
  }

  /**
   * Whether giving characters back can never help, since nothing follows, or something that begins with none of them. Then possessive
   * equals greedy.
   */
  #givesNothingBack({ single }: Atom): boolean {
    const rest = this.#source.slice(this.#at);
    const closed = /^\)*/.exec(rest)![0].length;
    const isLast = closed === this.#groups.length && (rest.length === closed || rest[closed] === '|');
    if (isLast) return this.#groups.every(({ closing }) => closing === ')');
    if (single === undefined || this.#extended) return false;
    const next = /^(?:\\[dDwWsS]|\\[^\w]|\[\^?[^\]\\[]+\]|[^\\[\](){}.*+?|^$])(?![*?{])/.exec(rest)?.[0];
    if (next === undefined) return false;
    const [one, other] = [new RegExp(`^${single}$`, 'is'), new RegExp(`^${next}$`, 'is')];
    for (let code = 0; code < 0x1_0000; code += 1) {
      const char = String.fromCharCode(code);
      if (one.test(char) && other.test(char)) return false;
    }
    return true;
  }

  #escape(): void {
    const offset = this.#at;
    const letter = this.#source[offset + 1];
    if (letter === undefined) throw new RegexRefused('the pattern ends with an unfinished "\\"', offset);
    const isOctal = /^\\[1-9]\d/.test(this.#source.slice(offset)) && Number(/^\d+/.exec(this.#source.slice(offset + 1))![0]) > this.#captures;
    const code = this.#character();
    if (code !== undefined) return this.#escaped(code);
    if (isOctal) {
      const [digits] = /^[0-7]{1,3}/.exec(this.#source.slice(offset + 1)) ?? [undefined];
      if (digits === undefined) throw new RegexRefused('the back reference names a group that does not exist', offset);
      this.#at += 1 + digits.length;
      return this.#single(characterText(Number.parseInt(digits, 8)), offset);
    }
    if (letter === 'g' || letter === 'k' || /[1-9]/.test(letter)) return this.#reference();
    this.#at += 2;
    switch (letter) {
      case 'Q': return this.#quoted();
      case 'E': return;
      case 'A': case 'G': return this.#edgeOfValue('^', offset);
      case 'z': case 'Z': return this.#edgeOfValue('$', offset);
      case 'K': return;
      case 'h': return this.#single(`[${horizontalSpace}]`, offset);
      case 'H': return this.#single(`[^${horizontalSpace}]`, offset);
      case 'v': return this.#single(`[${verticalSpace}]`, offset);
      case 'V': return this.#single(`[^${verticalSpace}]`, offset);
      case 'N': return this.#single('[^\\n]', offset);
      case 'R':
        this.#atom = { from: this.#pieces.length, single: undefined, captures: 0, isAssertion: false };
        return this.#emit(`(?:\\r\\n|\\r(?!\\n)|[\\n\\v\\f\\x85\\u2028\\u2029])`, offset);
      case 'b': case 'B':
        this.#atom = { from: this.#pieces.length, single: undefined, captures: 0, isAssertion: true };
        return this.#emit(`\\${letter}`, offset);
      case 'c':
        this.#at += 1;
        return this.#single(characterText(controlCode(this.#source[offset + 2], offset)), offset);
      case 'p': case 'P': case 'X': case 'C': throw new RegexRefused(`${unicodeWord(letter)} is not supported here`, offset);
      default: return this.#single(`\\${letter}`, offset);
    }
  }

  /** Reads an escape that denotes one character. Returns its text, or undefined. */
  #character(): string | undefined {
    const character = characterAt(this.#source, this.#at);
    if (character === null) return undefined;
    this.#at += character.length;
    return String.fromCodePoint(character.code);
  }

  #reference(): void {
    const offset = this.#at;
    const [numbered, named] = [this.#match(numberedPattern), this.#match(namedPattern)];
    if (!numbered && !named) throw new RegexRefused(`${unavailable(this.#source.slice(offset))} is not supported here`, offset);
    const reference = given((numbered ?? named)!);
    const number = named ? this.#names.get(reference) : reference.startsWith('-') ? this.#numbers.length + Number(reference) : Number(reference);
    const isThere = number !== undefined && number > 0 && number < this.#numbers.length;
    if (!isThere) throw new RegexRefused(`the group ${reference} does not begin before the back reference to it`, offset);
    this.#at += (numbered ?? named)![0].length;
    this.#atom = { from: this.#pieces.length, single: undefined, captures: 0, isAssertion: false };
    // The group keeps a digit that follows from joining the reference.
    this.#emit(`(?:\\${this.#numbers[number]})`, offset);
  }

  #quoted(): void {
    const end = this.#source.indexOf('\\E', this.#at);
    const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
    for (const char of text) this.#escaped(char);
    this.#at = end < 0 ? this.#source.length : end + 2;
  }

  /** Emits `^` or `$`, and consumes it. */
  #edge(edge: '^' | '$'): void {
    this.#assertion(edge, this.#at);
    this.#at += 1;
  }

  /** Emits the beginning or end of the value, also where `^` and `$` match at line breaks. */
  #edgeOfValue(edge: '^' | '$', offset: number): void {
    const mayBeOfLine = this.#flags.includes('m') || /\(\?\^?[a-zA-Z]*m/.test(this.#source);
    this.#assertion(mayBeOfLine ? `(?-m:${edge})` : edge, offset);
  }

  #assertion(text: string, offset: number): void {
    this.#atom = { from: this.#pieces.length, single: undefined, captures: 0, isAssertion: true };
    this.#emit(text, offset);
  }

  /** Emits a character that stands for itself, and consumes it. */
  #literal(char: string): void {
    this.#emitCharacter(char, char, this.#at);
    this.#at += char.length;
  }

  /** Emits a character that was written as an escape, which has been consumed already; it is not part of the syntax. */
  #escaped(char: string): void {
    this.#emitCharacter(char, characterText(char.charCodeAt(0)), this.#at - 1);
  }

  /** Emits `char`, written as `unit` if it is a single UTF-16 unit. */
  #emitCharacter(char: string, unit: string, offset: number): void {
    const isPair = char.length > 1;
    const text = isPair ? `(?:${[...char].map(unitsText).join('')})` : unit;
    this.#atom = { from: this.#pieces.length, single: isPair ? undefined : text === '/' ? '\\/' : text, captures: 0, isAssertion: false };
    this.#emit(text, offset);
  }

  #single(text: string, offset: number): void {
    this.#atom = { from: this.#pieces.length, single: text, captures: 0, isAssertion: false };
    this.#emit(text, offset);
  }

  #class(): void {
    const offset = this.#at;
    const { text, isSet, end } = readClass(this.#source, offset);
    this.#at = end;
    this.#atom = { from: this.#pieces.length, single: isSet ? text : undefined, captures: 0, isAssertion: false };
    this.#emit(text, offset);
  }

  #atomicName(): string {
    do this.#atomics += 1;
    while (this.#names.has(`atomic${this.#atomics}`));
    return `atomic${this.#atomics}`;
  }

  #wrap(from: number, before: string, behind: string): void {
    const offset = this.#pieces[from]!.offset;
    this.#pieces.splice(from, 0, { text: before, offset });
    this.#emit(behind, offset);
  }

  #emit(text: string, offset: number): void {
    this.#pieces.push({ text, offset });
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source);
  }
}

/** What the text begins with, in words, for messages. */
function unavailable(text: string): string {
  if (/^\(\?(?:R|[+-]?\d|&|P>)|^\\g[<']/.test(text)) return 'recursion into a group';
  if (text.startsWith('(?(')) return 'a conditional group';
  if (text.startsWith('(?C')) return 'a callout';
  if (text.startsWith('(?|')) return 'a branch reset in a pattern with back references';
  if (text.startsWith('(*')) return 'a verb of PCRE';
  return `the group "${text.slice(0, 4)}"`;
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end + 1;
}
