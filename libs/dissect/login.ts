import type { NamedValue } from './named-value.ts';

/* The values of a login, under the same names in all protocols. */

export function userName(value: string): NamedValue {
  return { name: 'login.user_name', key: 'user_name', value };
}

export function password(value: string): NamedValue {
  return { name: 'login.password', key: 'password', value };
}

/**
 * A client's proof of its password, computed from that and the server's challenge: whoever has both can guess passwords offline. In hexadecimal,
 * or as written.
 */
export function response(value: Buffer | string): NamedValue {
  return { name: 'login.response', key: 'login_response', value: typeof value === 'string' ? value : value.toString('hex') };
}

/** User names under which a server lets anyone in (RFC 1635, and others in use). */
const guests = new Set(['anonymous', 'ftp', 'guest']);

/** A user name and a password; a guest's password is by convention a mail address, or anything. */
export function credentials(user: string, secret: string): NamedValue[] {
  return [userName(user), passwordOf(user, secret)];
}

/** The password of that user. */
export function passwordOf(user: string, secret: string): NamedValue {
  if (!guests.has(user.toLowerCase())) return password(secret);
  return { name: 'login.anonymous_password', key: 'anonymous_password', value: secret };
}
