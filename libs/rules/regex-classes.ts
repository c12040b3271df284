/** Sets of characters that PCRE has names for and JavaScript has not, as the inside of a class. pcre2pattern(3), without its Unicode properties. */

/** Characters that `\h` matches. */
export const horizontalSpace = '\\t \\u00a0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000';
/** Characters that `\v` matches. */
export const verticalSpace = '\\n\\v\\f\\r\\x85\\u2028\\u2029';

/** `[:alpha:]` and the other POSIX classes by name, in ASCII. */
export const posixClasses: ReadonlyMap<string, string> = new Map([
  ['alpha', 'A-Za-z'], ['digit', '0-9'], ['alnum', '0-9A-Za-z'], ['upper', 'A-Z'], ['lower', 'a-z'], ['xdigit', '0-9A-Fa-f'], ['word', '\\w'],
  ['space', ' \\t-\\r'], ['blank', ' \\t'], ['cntrl', '\\0-\\x1f\\x7f'], ['print', ' -~'], ['graph', '!-~'], ['ascii', '\\0-\\x7f'],
  ['punct', '!-\\/:-@\\[-`{-~'],
]);

/** All characters that are not in the set, as the inside of a class. */
export function complement(set: string): string {
  const test = new RegExp(`[${set}]`);
  const ranges: [from: number, to: number][] = [];
  for (let code = 0; code <= 0xffff; code += 1) {
    if (test.test(String.fromCharCode(code))) continue;
    const last = ranges.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  const text = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
  return ranges.map(([from, to]) => (from === to ? text(from) : `${text(from)}-${text(to)}`)).join('');
}
