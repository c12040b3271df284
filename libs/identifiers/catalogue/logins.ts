import { normaliseHostName } from '../device-name.ts';
import { isGuest } from '../guest.ts';
import type { IdentifierKind } from '../kind.ts';
import { digestCredentials, password } from './credentials.ts';
import { deviceName } from './protocols.ts';
import { distinct } from '../opaque.ts';
import { isScanner, userName } from './accounts.ts';

/*
 * Fields of a protocol's own login. Their keys are unambiguous, so that even a word such as `password` or `guest` is taken as a value.
 */

/** Already masked before it was captured. */
const hidden = /^[*•.x]+$/i;

const isSecret = (value: string): boolean => value.length <= 1024 && !hidden.test(value);

export const loginPassword: IdentifierKind = {
  name: password.name,
  dataClass: password.dataClass,
  keys: ['password'],
  within: 'login',
  validate: isSecret,
  confidence: 99,
  traps: ['Some values are already replaced by stars or crosses.', 'The password of a guest opens nothing.'],
  source: 'RFC 1939, section 7; RFC 959, section 4.1.1; RFC 4616; RFC 9051, section 6.2.3',
  examples: {
    match: [['password', 'sesame', 'pop3.login.password'], ['password', 'password', 'ftp.login.password']],
    noMatch: [['password', 'XXXXXX', 'imap.login.password'], ['password', 'password', 'url.query.password']],
  },
};

/** Guests send an address, a program's name or anything else. It is nobody's credential, and at best hints at who they are. */
export const guestPassword: IdentifierKind = {
  name: password.name,
  dataClass: password.dataClass,
  keys: ['anonymous_password'],
  within: 'login',
  validate: isSecret,
  confidence: 30,
  traps: ['It protects nothing; its confidence is below that at which rules speak of a credential.'],
  source: 'RFC 1635',
  examples: {
    match: [['anonymous_password', 'IEUser@', 'ftp.login.anonymous_password']],
    noMatch: [['anonymous_password', 'IEUser@', 'url.query.anonymous']],
  },
};

export const loginName: IdentifierKind = {
  name: userName.name,
  dataClass: userName.dataClass,
  keys: ['user_name'],
  within: 'login',
  validate: (value) => value.length <= 256 && !/\p{Cc}/u.test(value) && !hidden.test(value) && !isGuest(value) && !isScanner(value),
  confidence: 95,
  traps: ['Some names are those by which a server lets everybody in.', 'Scanners log in under names of their own.'],
  source: 'RFC 1939, section 7; RFC 959, section 4.1.1; RFC 4616; RFC 9051, section 6.2.3',
  examples: {
    match: [
      ['user_name', 'jane', 'pop3.login.user_name'],
      ['user_name', 'DOMAIN\\\\jane', 'imap.login.user_name'],
    ],
    noMatch: [
      ['user_name', 'anonymous', 'ftp.login.user_name'],
      ['user_name', 'DefaultAccount', 'ntlm.login.user_name'],
      ['user_name', 'nmap', 'rdp.login.user_name'],
      ['user_name', 'login', 'url.query.user_name'],
    ],
  },
};

/**
 * The account of a computer in a Windows domain, with which it logs in automatically all day: its name and a dollar sign. It identifies the device,
 * not a person. It is normalised as the device's name elsewhere (DHCP, NetBIOS).
 */
export const machineAccount: IdentifierKind = {
  name: deviceName.name,
  dataClass: deviceName.dataClass,
  keys: [
    '*_user_name', '*_username', 'account_name', 'user', 'account', 'sam_account_name', 'logon_name', 'login_name', 'user_principal_name',
  ],
  validate: (value) => /^(?:[\w.-]{1,64}\\{1,2})?[A-Za-z0-9][\w-]{0,14}\$(?:@[\w.-]{1,253})?$/.test(value),
  normalise: (value) => normaliseHostName(value.slice(value.lastIndexOf('\\') + 1, value.lastIndexOf('$'))),
  confidence: 80,
  traps: ['Names of persons do not end in a dollar sign.'],
  source: '[MS-ADA3], section 2.222 (sAMAccountName); [MS-KILE], section 3.3.5.1.1',
  examples: {
    match: [
      ['user_name', 'HARBOUR-PC7$', 'kerberos.login.user_name'],
      ['user_name', 'DC2$', 'smb.login.user_name'],
      ['Account Name', 'EXAMPLE\\HARBOUR-PC7$'],
      ['SubjectUserName', 'HARBOUR-PC7$'],
      ['user_principal_name', 'harbour-pc7$@corp.example.org'],
    ],
    noMatch: [
      ['account_name', 'jane'],
      ['user', '$'],
      ['price', 'A100$'],
    ],
  },
};

/** The response to a login challenge, sent instead of the password: whoever captures both can try passwords offline. */
export const loginResponse: IdentifierKind = {
  name: digestCredentials.name,
  dataClass: digestCredentials.dataClass,
  keys: ['login_response'],
  within: 'login',
  validate: (value) => /^(?:(?:md5)?[0-9a-f]{32,128}|[a-z0-9+/]{24,88}={0,2})$/i.test(value) && distinct(value) >= 5,
  confidence: 90,
  traps: ['The challenge proves nothing.', 'A guest logs in with an empty answer.'],
  source: 'RFC 2195; RFC 5802, section 3; RFC 6143, section 7.2.2; [MS-NLMP], section 2.2.2; '
    + 'https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html',
  examples: {
    match: [
      ['login_response', '7d1c0e523a9b4f7e8c215b0d9a6e4f13a17c3e90', 'mysql.login.response'],
      ['login_response', 'md54ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2', 'postgresql.login.response'],
      ['login_response', 'kQ7Zm2XvT8hDrThB3W6RvBhYkybhCkuoElkQ7Zm2XvA=', 'postgresql.login.response'],
    ],
    noMatch: [
      ['login_response', '00000000000000000000000000000000', 'vnc.login.response'],
      ['login_response', '7d1c0e523a9b4f7e8c215b0d9a6e4f13a17c3e90', 'url.query.login_response'],
    ],
  },
};
