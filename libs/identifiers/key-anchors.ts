import { any, caseless, digits, eitherCase, lowerCase, sequence, type Sequence } from './scan/anchor.ts';

/** Separators between the words of a key. */
const separators = '_.$-';
const signs = '=:>';
/** Characters that may follow a name within a key, as in a number or an id of the site that distinguishes several. */
const continued = `${digits}ABCDEF${separators}`;
/** Characters that may follow the last letter of a key: those, a sign, a closing quote or its escape, or the start of a closing tag. */
const followers = `${continued}${signs}"'\\<`;

/**
 * Anchors for the end of a key with one of these names (lower case, without separators) before a sign: its last two letters; its last letter alone,
 * after a separator; any character, if a space precedes the sign. `ASPSESSIONIDQACBDRTS` ends in letters of its site.
 */
export function keyAnchors(names: Iterable<string>): Sequence[] {
  const lastButOne = new Map<string, Set<string>>();
  const single = new Set<string>();
  for (const name of names) {
    const last = name.at(-1)!;
    if (name.length === 1) single.add(last);
    else lastButOne.set(last, (lastButOne.get(last) ?? new Set()).add(name.at(-2)!));
  }
  const last = [...new Set([...lastButOne.keys(), ...single])].join('');
  const letters = last.replaceAll(/\d/g, '');
  return [
    ...[...lastButOne].map(([character, before]) => sequence(eitherCase([...before].join('')), eitherCase(character), followers)),
    sequence(separators, eitherCase(letters), followers),
    sequence(eitherCase(`${letters}abcdef`) + digits + separators, ' ', signs),
    // A name of one letter is a camelCase hump, or begins a longer key: a key has at least two characters.
    ...[...single].flatMap((letter) => [sequence(lowerCase + digits, letter.toUpperCase(), followers), sequence(eitherCase(letter), continued, any)]),
    caseless('aspsessionid'),
  ];
}
