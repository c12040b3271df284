/** Names by which servers admit anybody (RFC 1635, and by convention). */
const guests = new Set(['anonymous', 'ftp', 'guest']);

/** Whether a login under the name identifies nobody. */
export function isGuest(name: string): boolean {
  return guests.has(name.toLowerCase());
}
