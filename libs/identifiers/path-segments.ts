import type { Field } from '#dissect';
import { geoPosition } from './catalogue/accounts.ts';
import type { KeyNames } from './key-names.ts';
import type { IdentifierKind } from './kind.ts';
import { isMachineId, isUuid } from './opaque.ts';
import { isPosition } from './position.ts';

/** Collections whose members are persons, devices and rooms; others, such as `customers`, are often an advertiser's. */
const collections = new Set('user member account device room meeting conference conversation chat call'.split(' '));

/** Shorter names, such as `sn` and `did`, have other meanings in paths. */
const leastName = 4;
const longestName = 32;

/** Bound on the segments of a path that are examined. */
const mostSegments = 64;

/** A path without a match contains no named identifier: few paths get further. */
const promising = /\d{4}|\/(?:user|member|account|device|room|meeting|conference|conversation|chat|call)s?\//i;

/**
 * Identifiers in a URL path or MQTT topic that are named by the preceding segment: `/users/4711`, `/room/MAx7Kq2P`, `/imei/490154203237518`; also
 * positions, which need no name. A bare word such as the name in `/user/jonas/api` counts only if it also occurs in another field of the message, as
 * in a cookie named after the user: most words in this place are verbs.
 */
export function identifiersInPath(path: string, keyNames: KeyNames, fields: readonly Field[]): { kind: IdentifierKind; value: string }[] {
  if (!promising.test(path)) return [];
  const found: { kind: IdentifierKind; value: string }[] = [];
  const segments = path.split('/', mostSegments);
  for (let i = 0; i < segments.length; i++) {
    const name = segments[i - 1] ?? '';
    const value = segments[i]!;
    if (value.length < 2) continue;
    const kind = collections.has(singularOf(name)) ? memberOf(singularOf(name), value, keyNames, fields) : announcedBy(name, value, keyNames);
    if (kind !== undefined) found.push({ kind, value });
  }
  return found;
}

function singularOf(name: string): string {
  return name.toLowerCase().replace(/s$/, '');
}

function memberOf(collection: string, value: string, keyNames: KeyNames, fields: readonly Field[]): IdentifierKind | undefined {
  const word = /^[a-z][a-z._-]{3,31}$/i.test(value);
  const isMember = word ? isConfirmed(value, fields) : isNumberOfSomething(value) || isUuid(value) || isMachineId(value);
  if (!isMember) return undefined;
  const announcement = keyNames.announced(word ? collection : `${collection}_id`) ?? keyNames.announced(collection);
  return announcement?.kinds.find((candidate) => candidate.within === undefined && candidate.validate(value));
}

/** A segment that follows the name of a kind, if that kind has a form of its own; or a position. */
function announcedBy(name: string, value: string, keyNames: KeyNames): IdentifierKind | undefined {
  if (isPosition(value)) return geoPosition;
  if (name.length < leastName || name.length > longestName || !/\d{4}/.test(value)) return undefined;
  const announcement = keyNames.announced(name);
  if (announcement === null || announcement.loose) return undefined;
  return announcement.kinds.find(
    ({ within, dataClass, validate }) => within === undefined && (dataClass === 'device' || dataClass === 'direct') && validate(value),
  );
}

/** Digits that are not a year. */
function isNumberOfSomething(value: string): boolean {
  return /^\d{2,20}$/.test(value) && !/^(?:19|20)\d\d$/.test(value);
}

/** Whether the word also occurs on its own as another field's value, or at the end of a cookie's name. */
function isConfirmed(word: string, fields: readonly Field[]): boolean {
  return fields.some(({ path, key, value }) => path !== 'url.path' && (value === word || key.endsWith(`-${word}`) || key.endsWith(`_${word}`)));
}
