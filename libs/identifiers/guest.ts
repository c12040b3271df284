/** Names by which servers admit anybody (RFC 1635, and by convention), and accounts that Windows keeps for itself and nobody logs in with. */
const guests = new Set(['anonymous', 'ftp', 'guest', 'defaultaccount', 'wdagutilityaccount']);

/** Whether a login under the name identifies nobody. */
export function isGuest(name: string): boolean {
  return guests.has(name.toLowerCase());
}
