import { Jurisdictions } from './jurisdictions.ts';

/** Values of placeholders, by name without the percent signs. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

/** What rules may refer to besides fields. Any other name is a located error. */
export interface Vocabulary {
  /** Values for `|expand`. */
  readonly placeholders: Placeholders;
  /** Kinds of the identifier catalogue, and the data class of each. */
  readonly kinds: ReadonlyMap<string, string>;
  /** Named sets of countries. */
  readonly jurisdictions: Jurisdictions;
  /** Ids of the policies in use. */
  readonly policies: readonly string[];
}

export const noVocabulary: Vocabulary = { placeholders: new Map(), kinds: new Map(), jurisdictions: Jurisdictions.none, policies: [] };

/** ` (did you mean "imei"?)` for a name that resembles a known one; otherwise the known names, if they are few. */
export function hintFor(name: string, known: Iterable<string>): string {
  const names = [...known];
  const [nearest] = names.map((one) => ({ one, distance: editDistance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, distance }) => distance <= Math.max(2, one.length / 4))
    .toSorted((a, b) => a.distance - b.distance);
  if (nearest) return ` (did you mean "${nearest.one}"?)`;
  return names.length > 0 && names.length <= 12 ? ` (there are ${names.join(', ')})` : '';
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[to.length]!;
}
