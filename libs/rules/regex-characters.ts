import { RegexRefused } from './regex-refused.ts';

/** A character by its code, hexadecimal or octal. */
const hexadecimalPattern = /\\(?:[xu]\{([\da-fA-F]+)\}|N\{U\+([\da-fA-F]+)\}|x([\da-fA-F]{0,2})|U([\da-fA-F]{8})|u([\da-fA-F]{4}))/y;
const octalPattern = /\\(?:o\{([0-7]+)\}|(0[0-7]{0,2}))/y;

/** The character that an escape at `at` denotes by its code or name, `\\x41 \\101 \\e`, and the length of the escape; null for other escapes. */
export function characterAt(source: string, at: number): { code: number; length: number } | null {
  hexadecimalPattern.lastIndex = octalPattern.lastIndex = at;
  const [hexadecimal, octal] = [hexadecimalPattern.exec(source), octalPattern.exec(source)];
  const control = source[at] === '\\' ? controls[source[at + 1] ?? ''] : undefined;
  const code = hexadecimal ? Number.parseInt(given(hexadecimal) || '0', 16) : octal ? Number.parseInt(given(octal), 8) : control;
  if (code === undefined) return null;
  if (code > 0x10_ffff) throw new RegexRefused('no character has this number', at);
  return { code, length: hexadecimal?.[0].length ?? octal?.[0].length ?? 2 };
}

const controls: Readonly<Record<string, number>> = { e: 0x1b, a: 0x07 };

/** The first group that took part in the match. */
export function given([, ...groups]: RegExpExecArray): string {
  return groups.find((group) => group !== undefined) ?? '';
}

/** The code of a control character, written as `\\cA` and the like. */
export function controlCode(char: string | undefined, offset: number): number {
  if (char === undefined || !/[!-~]/.test(char)) throw new RegexRefused('"\\c" must be followed by a letter', offset);
  return char.toUpperCase().charCodeAt(0) ^ 0x40;
}

export function unicodeWord(letter: string): string {
  return letter === 'p' || letter === 'P' ? `a Unicode property (\\${letter})` : `\\${letter}`;
}

/** A UTF-16 unit as it is written in a pattern, inside a class or outside. */
export function characterText(code: number): string {
  const char = String.fromCharCode(code);
  if (/[\w ,:;=@"'#%&<>~`]/.test(char)) return char;
  return code > 32 && code < 127 ? `\\${char}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

export function unitsText(char: string): string {
  return Array.from({ length: char.length }, (_, i) => characterText(char.charCodeAt(i))).join('');
}
