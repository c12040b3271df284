/**
 * A key as a step of a path. Paths go where values must not, so that a key that is data itself, such as the address in
 * `{"jane@example.org": {"role": "host"}}`, is written `*`.
 */
export function stepOf(key: string): string {
  return isName(key) ? key : anyKey;
}

/** Whether a key is a name that a programmer gave, rather than data. */
export function isName(key: string): boolean {
  return !data.test(key);
}

/** What stands in a path for a key that is data. */
const anyKey = '*';

/** An address, a number of five digits or more, a UUID, a MAC address, or what is still percent-encoded. */
const data = /[@%]|\d{5}|[0-9a-f]{8}-[0-9a-f]{4}-|(?:[0-9a-f]{2}[:-]){5}/i;
