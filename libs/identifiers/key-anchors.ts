import { digits, eitherCase, sequence, type Sequence } from './scan/anchor.ts';

/** What may stand between the words of a key. */
const separators = '_.$-';
const signs = '=:>';
/** What may follow a key's last letter: the number of the second of several, a sign, or what closes a quote. */
const followers = `${digits}${separators}${signs}"'\\`;

/**
 * Where a key with one of these names (lower case, without separators) may end in front of a sign: its last two letters; its last letter
 * alone, where a separator stands before it; anything at all where a space stands in front of the sign.
 */
export function keyAnchors(names: Iterable<string>): Sequence[] {
  const lastButOne = new Map<string, Set<string>>();
  for (const name of names) {
    const last = name.at(-1)!;
    lastButOne.set(last, (lastButOne.get(last) ?? new Set()).add(name.at(-2)!));
  }
  const last = [...lastButOne.keys()].join('');
  const letters = last.replaceAll(/\d/g, '');
  return [
    ...[...lastButOne].map(([character, before]) => sequence(eitherCase([...before].join('')), eitherCase(character), followers)),
    sequence(separators, eitherCase(letters), followers),
    sequence(eitherCase(letters) + digits + separators, ' ', signs),
  ];
}
