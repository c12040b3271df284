import type { IdentifierKind } from '../kind.ts';
import { password } from './credentials.ts';
import { isScanner, userName } from './accounts.ts';

/*
 * What a protocol's own login carries: no key can lie here, so that a word such as `password` or `guest` is what it stands for.
 */

/** Already hidden before it was captured. */
const hidden = /^[*•.x]+$/i;

const isSecret = (value: string): boolean => value.length <= 1024 && !hidden.test(value);

export const loginPassword: IdentifierKind = {
  name: password.name,
  dataClass: password.dataClass,
  keys: ['password'],
  within: 'login',
  validate: isSecret,
  confidence: 99,
  traps: ['values already replaced by stars or crosses', 'the password of a guest'],
  source: 'RFC 1939, section 7; RFC 959, section 4.1.1; RFC 4616; RFC 9051, section 6.2.3',
  examples: {
    match: [['password', 'sesame', 'pop3.login.password'], ['password', 'password', 'ftp.login.password']],
    noMatch: [['password', 'XXXXXX', 'imap.login.password'], ['password', 'password', 'url.query.password']],
  },
};

/** A guest sends an address, a program's name or anything: a credential of nobody, and at best a hint at who it is. */
export const guestPassword: IdentifierKind = {
  name: password.name,
  dataClass: password.dataClass,
  keys: ['anonymous_password'],
  within: 'login',
  validate: isSecret,
  confidence: 30,
  traps: ['it protects nothing: below the confidence at which rules speak of a credential'],
  source: 'RFC 1635',
  examples: {
    match: [['anonymous_password', 'IEUser@', 'ftp.login.anonymous_password']],
    noMatch: [['anonymous_password', 'IEUser@', 'url.query.anonymous']],
  },
};

const guests = new Set(['anonymous', 'ftp', 'guest']);

export const loginName: IdentifierKind = {
  name: userName.name,
  dataClass: userName.dataClass,
  keys: ['user_name'],
  within: 'login',
  validate: (value) => value.length <= 256 && !/\p{Cc}/u.test(value) && !hidden.test(value) && !guests.has(value.toLowerCase()) && !isScanner(value),
  confidence: 95,
  traps: ['names by which a server takes everybody in', 'names of scanners'],
  source: 'RFC 1939, section 7; RFC 959, section 4.1.1; RFC 4616; RFC 9051, section 6.2.3',
  examples: {
    match: [['user_name', 'jane', 'pop3.login.user_name'], ['user_name', 'DOMAIN\\\\jane', 'imap.login.user_name']],
    noMatch: [['user_name', 'anonymous', 'ftp.login.user_name'], ['user_name', 'nmap', 'rdp.login.user_name'], ['user_name', 'login', 'url.query.user_name']],
  },
};
