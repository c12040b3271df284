import type { IdentifierKind } from './kind.ts';

/** Kinds by the names that announce them: in lower case, without separators, most specific first. */
export type KindsByName = ReadonlyMap<string, readonly IdentifierKind[]>;

/** Indexes the kinds by those of their keys (see {@link IdentifierKind.keys}) that satisfy `accept`. */
export function kindsByName(kinds: readonly IdentifierKind[], accept: (key: string) => boolean = () => true): KindsByName {
  const byName = new Map<string, IdentifierKind[]>();
  for (const kind of kinds) {
    for (const key of kind.keys) {
      if (!accept(key)) continue;
      const name = nameOfKey(key);
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [kind]);
      else if (!known.includes(kind)) known.push(kind);
    }
  }
  return byName;
}

export function nameOfKey(key: string): string {
  return key.replace(/^\*_/, '').replaceAll('_', '');
}
