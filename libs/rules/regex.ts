import { ambiguousLoop } from './regex-ambiguity.ts';
import { engineLimit, linearMachine, thirdRepetition, waysToRead } from './regex-linear.ts';
import { translatePcre, type TranslatedRegex } from './regex-pcre.ts';
import { RegexRefused } from './regex-refused.ts';
import { parseRegex } from './regex-syntax.ts';

/** Characters of a value that a regular expression is shown; what stands behind them does not count. Bounds the time of polynomial patterns. */
export const regexSubjectLimit = 4096;
/** Ways to read a text that counted repetitions inside each other may give the engine that goes back. */
const mostWays = 1e12;

/** Of compiled patterns that were translated, where each character comes from. */
const origins = new WeakMap<RegExp, readonly number[]>();

/** A RegExp writes a bare `/` of its pattern as two characters. */
function offsetsInSource({ source }: RegExp, { pattern, offsets }: TranslatedRegex): number[] {
  let at = 0;
  return Array.from({ length: source.length }, (_, i) => offsets[source[i] === pattern[at] ? at++ : at] ?? 0);
}

/** Offset in the pattern as it was written of what stands at `offset` of its compiled form. */
export function writtenOffset(regex: RegExp, offset: number): number {
  return origins.get(regex)?.[offset] ?? offset;
}

/**
 * Compiles the pattern of a `|re` value, written for PCRE, for {@link regexMatcher}.
 * @throws RegexRefused for what has no counterpart in JavaScript, and for patterns whose time can grow exponentially with the value (a loop in
 * which some text can be read in two ways), or as a high power of its length (three repetitions without an end), when a back reference, an atomic
 * group or their size keeps them from the machine that never goes back.
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
  const loop = ambiguousLoop(tree) ?? (waysToRead(tree) > mostWays ? 0 : undefined);
  if (loop === undefined && engineLimit(tree) !== undefined) return regex;
  const machine = linearMachine(tree);
  if (machine && machine.leftOut === undefined) return regex;
  const why = machine ? `runs ${machine.leftOut}` : 'takes a pattern of this size';
  const time =
    loop === undefined
      ? 'with this repetition the time can grow with the fourth power of the value'
      : 'the time of this repetition can grow exponentially';
  throw new RegexRefused(`${time}, and no engine that is linear ${why}`, translated.offsets[loop ?? thirdRepetition(tree)] ?? 0);
}
