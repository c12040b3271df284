/** Names by which servers take everybody in (RFC 1635, and by custom). */
const guests = new Set(['anonymous', 'ftp', 'guest']);

/** Whether a login under the name is nobody's. */
export function isGuest(name: string): boolean {
  return guests.has(name.toLowerCase());
}
