import { ambiguousLoop } from './regex-ambiguity.ts';
import { backtrackingLimit, isSlowToBacktrack, thirdRepetition, waysToMatch } from './regex-backtracking.ts';
import { linearMachine } from './regex-linear.ts';
import { translatePcre, type TranslatedRegex } from './regex-pcre.ts';
import { RegexRefused } from './regex-refused.ts';
import { parseRegex } from './regex-syntax.ts';

/** A regular expression sees so many characters of a value and ignores the rest. Bounds the time of polynomial patterns. */
export const regexSubjectLimit = 4096;
/** Ways to match a text that nested counted repetitions may leave a backtracking engine to try. */
const mostWays = 1e12;

/** For compiled patterns, the offset in the original that each character comes from. */
const origins = new WeakMap<RegExp, readonly number[]>();

/** The offsets of the translation for `RegExp.source`, which writes a bare `/` as two characters. */
function offsetsInSource({ source }: RegExp, { pattern, offsets }: TranslatedRegex): number[] {
  let at = 0;
  return Array.from({ length: source.length }, (_, i) => offsets[source[i] === pattern[at] ? at++ : at] ?? 0);
}

/** The offset in the original pattern that `offset` in the compiled one comes from. */
export function writtenOffset(regex: RegExp, offset: number): number {
  return origins.get(regex)?.[offset] ?? offset;
}

/**
 * Compiles the pattern of a `|re` value, written for PCRE, for {@link regexMatcher}.
 * @throws RegexRefused for what has no counterpart in JavaScript, and for patterns whose time can grow exponentially with the value (a loop that
 * can match some text in two ways) or with a high power of its length (three unbounded repetitions), when a back reference, an atomic group or their
 * size rules out the linear machine.
 */
export function compileRegex(source: string, flags: string): RegExp {
  const translated = translatePcre(source, flags);
  let regex: RegExp;
  try {
    regex = new RegExp(translated.pattern, translated.flags);
  } catch (error) {
    throw new RegexRefused((error as Error).message.replace(/^Invalid regular expression: [^]*: /, ''), 0);
  }
  origins.set(regex, offsetsInSource(regex, translated));
  const tree = parseRegex(translated.pattern, translated.flags);
  const loop = ambiguousLoop(tree) ?? (waysToMatch(tree) > mostWays ? 0 : undefined);
  if (loop === undefined && backtrackingLimit(tree) !== undefined) return regex;
  const machine = linearMachine(tree);
  if (machine && machine.leftOut === undefined) return regex;
  const why = machine ? `supports ${machine.leftOut}` : 'supports a pattern of this size';
  const time =
    loop === undefined
      ? 'with this repetition the time can grow with the fourth power of the length of the value'
      : 'with this repetition the time can grow exponentially with the length of the value';
  throw new RegexRefused(`${time}, and no engine that needs only linear time ${why}`, translated.offsets[loop ?? thirdRepetition(tree)] ?? 0);
}

/**
 * A test for a compiled pattern. JavaScript's engine backtracks, and may take time exponential in the value, or polynomial of a degree as high as
 * the number of successive repetitions. Patterns that could take long run on a machine that follows all alternatives at once. What that cannot
 * decide exactly (back references, atomic groups) passes on to JavaScript's engine, which then sees as much as {@link backtrackingLimit} allows.
 */
export function regexMatcher(regex: RegExp): (value: string) => boolean {
  const tree = parseRegex(regex.source, regex.flags);
  const machine = isSlowToBacktrack(tree) ? linearMachine(tree) : undefined;
  if (!machine) return (value) => regex.test(value);
  const { search } = machine;
  if (machine.leftOut === undefined) return search;
  const limit = backtrackingLimit(tree) ?? Infinity;
  return (value) => {
    const shown = value.length > limit ? value.slice(0, limit) : value;
    return search(shown) && regex.test(shown);
  };
}
