import { catalogue } from './catalogue.ts';
import type { DataClass } from './kind.ts';

/**
 * Kinds of values that recur in payloads of unknown protocols. They are not in the catalogue: such values are recognised by their behaviour, not by
 * their form.
 */
export const inferredKinds = { user: 'inferred_user_id', room: 'inferred_room_id' } as const;

const classes = new Map<string, DataClass>([
  ...catalogue.map(({ name, dataClass }): [string, DataClass] => [name, dataClass]),
  [inferredKinds.user, 'account'],
  [inferredKinds.room, 'room'],
]);

/** The data class of the kind; undefined if there is no such kind. */
export function dataClassOf(kind: string): DataClass | undefined {
  return classes.get(kind);
}
