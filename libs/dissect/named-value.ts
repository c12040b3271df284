import type { Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** A value, its key, the rest of its path after the protocol, and its encoding, if any. */
export interface NamedValue {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly encoding?: string;
}

/**
 * Adds separate values, such as those of a login: `smb.login.user_name`. Empty ones are skipped. Unlike a `FieldList`, it does not expand a value
 * that looks like JSON, as a password may.
 */
export function addNamed(
  { protocol, sender, frame, fields }: Message, values: readonly NamedValue[], { options, counters }: DissectEnvironment,
): void {
  for (const { name, key, value, encoding = '' } of values) {
    if (value === '') continue;
    if (fields.length < options.maxFields) fields.push({ path: `${protocol}.${name}`, key, value, encoding, sender, frame });
    else counters.add(protocol, 'bounded fields');
  }
}
