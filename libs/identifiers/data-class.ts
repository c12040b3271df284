import { catalogue } from './catalogue.ts';
import type { DataClass } from './kind.ts';

/**
 * Kinds of values that recur in payloads of unknown protocols. They are in no catalogue: a value is of such a kind for how it behaves, not for
 * how it looks.
 */
export const inferredKinds = { user: 'inferred_user_id', room: 'inferred_room_id' } as const;

const classes = new Map<string, DataClass>([
  ...catalogue.map(({ name, dataClass }): [string, DataClass] => [name, dataClass]),
  [inferredKinds.user, 'account'],
  [inferredKinds.room, 'room'],
]);

/** What a value of the kind is about; undefined when there is no such kind. */
export function dataClassOf(kind: string): DataClass | undefined {
  return classes.get(kind);
}
