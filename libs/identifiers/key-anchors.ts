import { any, caseless, digits, eitherCase, lowerCase, sequence, type Sequence } from './scan/anchor.ts';

/** What may stand between the words of a key. */
const separators = '_.$-';
const signs = '=:>';
/** What may follow a name within a key, as a number or an id of the site, which tells several apart. */
const continued = `${digits}ABCDEF${separators}`;
/** What may follow a key's last letter: that, a sign, what closes a quote, or the tag that closes an element. */
const followers = `${continued}${signs}"'\\<`;

/**
 * Where a key with one of these names (lower case, without separators) may end in front of a sign: its last two letters; its last letter
 * alone, where a separator stands before it; anything at all where a space stands in front of the sign. `ASPSESSIONIDQACBDRTS` ends in
 * letters of its site.
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
    // A name of one letter is a hump, or begins the key and goes on: a key has two characters.
    ...[...single].flatMap((letter) => [sequence(lowerCase + digits, letter.toUpperCase(), followers), sequence(eitherCase(letter), continued, any)]),
    caseless('aspsessionid'),
  ];
}
