import type { Field } from '#dissect';
import type { KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { isMachineId, isUuid } from './opaque.ts';

/** Collections whose members are persons, devices and rooms; others, such as `customers`, are often those of an advertiser. */
const collections = new Set('user member account device room meeting conference conversation chat call'.split(' '));

/** Segments of a path that are looked at. */
const mostSegments = 64;

/**
 * Identifiers that a URL's path names by the segment before them: `/users/4711`, `/room/MAx7Kq2P`. A bare word such as the name in
 * `/user/jonas/api` counts only if it stands in another field of the request too, as in a cookie named after the user: most words in
 * this place are verbs.
 */
export function identifiersInPath(path: string, keyNames: KeyNames, fields: readonly Field[]): { kind: IdentifierKind; value: string }[] {
  const found: { kind: IdentifierKind; value: string }[] = [];
  const segments = path.split('/', mostSegments);
  for (let i = 1; i < segments.length; i++) {
    const singular = segments[i - 1]!.toLowerCase().replace(/s$/, '');
    const value = segments[i]!;
    if (!collections.has(singular) || value.length < 2) continue;
    const word = /^[a-z][a-z._-]{3,31}$/i.test(value);
    const announcement = keyNames.announced(word ? singular : `${singular}_id`) ?? keyNames.announced(singular);
    const kind = announcement?.kinds.find((candidate) => candidate.within === undefined && candidate.validate(value));
    if (kind === undefined) continue;
    if (word ? isConfirmed(value, fields) : isNumberOfSomething(value) || isUuid(value) || isMachineId(value)) found.push({ kind, value });
  }
  return found;
}

/** Digits that are no year. */
function isNumberOfSomething(value: string): boolean {
  return /^\d{2,20}$/.test(value) && !/^(?:19|20)\d\d$/.test(value);
}

/** The word stands, by itself, at the end of a cookie's name or as another field's value. */
function isConfirmed(word: string, fields: readonly Field[]): boolean {
  return fields.some(({ path, key, value }) => path !== 'url.path' && (value === word || key.endsWith(`-${word}`) || key.endsWith(`_${word}`)));
}
