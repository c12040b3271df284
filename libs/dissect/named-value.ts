import type { Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** A value, its key, the rest of its path behind the protocol, and what it was encoded in, if in anything. */
export interface NamedValue {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly encoding?: string;
}

/**
 * Adds values that stand alone, such as those of a login: `smb.login.user_name`. Empty ones are left out; unlike a `FieldList`, it takes a value that
 * reads like JSON, which a password may, for what it is.
 */
export function addNamed({ protocol, sender, frame, fields }: Message, values: readonly NamedValue[], { options, counters }: DissectEnvironment): void {
  for (const { name, key, value, encoding = '' } of values) {
    if (value === '') continue;
    if (fields.length < options.maxFields) fields.push({ path: `${protocol}.${name}`, key, value, encoding, sender, frame });
    else counters.add(protocol, 'bounded fields');
  }
}
