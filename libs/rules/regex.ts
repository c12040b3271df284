import { ambiguousLoop } from './regex-ambiguity.ts';
import { parseRegex } from './regex-syntax.ts';

/** Characters of a value that a regular expression is shown; what stands behind them does not count. Bounds the time of polynomial patterns. */
export const regexSubjectLimit = 4096;

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
 * Compiles the pattern of a `|re` value. What PCRE writes otherwise than JavaScript is translated: flags, `(?i)`, are read as modifiers of
 * the whole pattern wherever they stand, `\A` and `\Z` as `^` and `$`, `(?P<name>` as `(?<name>`.
 * @throws RegexRefused for what JavaScript cannot read, and for patterns whose time can grow exponentially with the value: a loop in which
 * some text can be read in two ways.
 */
export function compileRegex(source: string, flags: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(source);
  const shift = inline?.[0].length ?? 0;
  let inlineFlags = inline?.[1] ?? '';
  const pattern = source.slice(shift).replace(/\\[^]|\(\?P<|\(\?([ims]+)\)/g, (text, given: string | undefined) => {
    if (given === undefined) return text === '(?P<' ? '(?<' : text === '\\A' ? '^' : text === '\\Z' || text === '\\z' ? '$' : text;
    inlineFlags += given;
    return '';
  });
  const allFlags = [...new Set(flags + inlineFlags)].join('');
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, allFlags);
  } catch (error) {
    throw new RegexRefused((error as Error).message.replace(/^Invalid regular expression: /, ''), 0);
  }
  const loop = ambiguousLoop(parseRegex(pattern, allFlags));
  if (loop !== undefined) throw new RegexRefused('this repetition can read a text in several ways: its time can grow exponentially', loop + shift);
  return regex;
}
