import type { NamedValue } from './named-value.ts';

/* What a login tells, under the same names in all protocols. */

export function userName(value: string): NamedValue {
  return { name: 'login.user_name', key: 'user_name', value };
}

export function password(value: string): NamedValue {
  return { name: 'login.password', key: 'password', value };
}

/**
 * What a client proves its password with, made from that and the server's challenge: whoever has both can try passwords offline. In hexadecimal, or
 * as written.
 */
export function response(value: Buffer | string): NamedValue {
  return { name: 'login.response', key: 'login_response', value: typeof value === 'string' ? value : value.toString('hex') };
}

/** Names by which a server takes everybody in (RFC 1635, and what is in use). */
const guests = new Set(['anonymous', 'ftp', 'guest']);

/** A user name and a password; the password of a guest is by custom an address, or anything. */
export function credentials(user: string, secret: string): NamedValue[] {
  return [userName(user), passwordOf(user, secret)];
}

/** The password of that user. */
export function passwordOf(user: string, secret: string): NamedValue {
  if (!guests.has(user.toLowerCase())) return password(secret);
  return { name: 'login.anonymous_password', key: 'anonymous_password', value: secret };
}
