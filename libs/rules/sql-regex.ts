import { parseRegex, type RegexNode } from './regex-syntax.ts';

/** The pattern needs something that RE2, which ClickHouse runs, cannot do. `offset` is into the pattern, from 0. */
export class NotInRe2 extends Error {
  override readonly name = 'NotInRe2';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** The highest count of a repetition that RE2 allows. */
const mostCopies = 1000;

/**
 * The pattern for RE2, with JavaScript's meaning. Sets of characters are written out, since the two differ in `\s`, in what a dot excludes, and in
 * case folding. A character beyond U+FFFF is one for RE2 and two for JavaScript; nothing else differs.
 * @throws NotInRe2 for look-around, back references, atomic groups, `^` and `$` at line breaks, and counts beyond 1,000.
 */
export function re2Of(regex: RegExp): string {
  return textOf(parseRegex(regex.source, regex.flags), 1);
}

function textOf(node: RegexNode, copies: number): string {
  switch (node.type) {
    case 'atom': return atomText(node.source, node.flags);
    case 'sequence': return node.parts.map((part) => textOf(part, copies)).join('');
    case 'choice': return `(?:${node.parts.map((part) => textOf(part, copies)).join('|')})`;
    case 'look':
      if (node.place.startsWith('(')) throw new NotInRe2('look-around', node.offset);
      if (node.atLines && (node.place === '^' || node.place === '$')) throw new NotInRe2(`"${node.place}" at lines (|m)`, node.offset);
      return node.place;
    case 'atomic': throw new NotInRe2('atomic groups', node.offset);
    case 'repeat': return repeatText(node, copies);
  }
}

function repeatText({ part, min, max, offset, reference }: Extract<RegexNode, { type: 'repeat' }>, copies: number): string {
  if (reference !== undefined) throw new NotInRe2('back references', offset);
  const most = copies * Math.max(min, max === Infinity ? 1 : max);
  if (most > mostCopies) throw new NotInRe2(`counts over ${mostCopies}`, offset);
  const inner = textOf(part, most);
  // Neither engine lets a quantifier follow a bare assertion; both do when it is in a group.
  const whole = part.type === 'atom' ? inner : `(?:${inner})`;
  if (max === Infinity) return min === 0 ? `${whole}*` : min === 1 ? `${whole}+` : `${whole}{${min},}`;
  if (min === 0 && max === 1) return `${whole}?`;
  return min === max ? `${whole}{${min}}` : `${whole}{${min},${max}}`;
}

function atomText(source: string, flags: string): string {
  const plain = source.length === 1 && !'.()[]{}*+?|^$\\'.includes(source);
  if (plain && !(flags.includes('i') && /\p{L}/u.test(source)) && source.charCodeAt(0) < 0xd800) return source;
  return characterClass(source, flags);
}

const classes = new Map<string, string>();
/** At most so many sets are cached: rules have few different ones. */
const mostClasses = 1000;

/** The set of characters that an atom takes, found by trying each with JavaScript's engine. */
function characterClass(source: string, flags: string): string {
  const key = `${flags}/${source}`;
  const known = classes.get(key);
  if (known !== undefined) return known;
  const test = new RegExp(`^${source}$`, flags);
  const taken: [number, number][] = [];
  const left: [number, number][] = [];
  for (let code = 0; code < 0x1_0000; code += 1) {
    if (code === 0xd800) code = 0xe000;
    const ranges = test.test(String.fromCharCode(code)) ? taken : left;
    const last = ranges.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  // A set that takes one half of a character beyond U+FFFF takes the whole character.
  const beyond = test.test('\ud83d');
  const text = beyond ? negated(left) : positive(taken);
  if (classes.size < mostClasses) classes.set(key, text);
  return text;
}

function positive(taken: readonly [number, number][]): string {
  if (taken.length === 0) return '[^\\x{0}-\\x{10ffff}]';
  const [[from, to]] = taken as [[number, number]];
  return taken.length === 1 && from === to ? character(from) : `[${taken.map(range).join('')}]`;
}

function negated(left: readonly [number, number][]): string {
  return left.length === 0 ? '(?s:.)' : `[^${left.map(range).join('')}]`;
}

function range([from, to]: readonly [number, number]): string {
  return from === to ? character(from) : `${character(from)}${to === from + 1 ? '' : '-'}${character(to)}`;
}

function character(code: number): string {
  const text = String.fromCharCode(code);
  if (/[\w ,:;=@/!"'#%&<>~`]/.test(text)) return text;
  return code > 32 && code < 127 ? `\\${text}` : `\\x{${code.toString(16)}}`;
}
