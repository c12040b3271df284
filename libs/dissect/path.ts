/**
 * A key as a step of a path. Paths end up in places where values must not, so a key that is itself data, such as the address in
 * `{"jane@example.org": {"role": "host"}}`, is replaced by `*`.
 */
export function stepOf(key: string): string {
  return isName(key) ? key : anyKey;
}

/** Whether a key is a name chosen by a programmer, rather than data. */
export function isName(key: string): boolean {
  return !data.test(key);
}

/** Replaces a key that is data in a path. */
const anyKey = '*';

/** A mail address, a number of five digits or more, a UUID, a MAC address, or text that is still percent-encoded. */
const data = /[@%]|\d{5}|[0-9a-f]{8}-[0-9a-f]{4}-|(?:[0-9a-f]{2}[:-]){5}/i;
