import { isBirthDate, normaliseBirthDate } from '../birth-date.ts';
import type { IdentifierKind } from '../kind.ts';
import { literal } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';

/** United States Social Security number. */
export const socialSecurityNumber: IdentifierKind = {
  name: 'us_ssn',
  dataClass: 'direct',
  keys: ['*_ssn', 'social_security_number', 'social_security_no', 'social_security', 'soc_sec', 'ss_number', 'ssn_number', 'us_ssn', 'ssno'],
  validate: isSocialSecurityNumber,
  normalise: (value) => value.replaceAll(/\D/g, ''),
  mask: (value) => `******${value.replaceAll(/\D/g, '').slice(-2)}`,
  confidence: 92,
  traps: [
    'The nine digits have no check digit, so that a key is required.',
    'Areas 000, 666 and 900 to 999, group 00 and serial 0000 are never given.', 'Some numbers come from advertisements (`078-05-1120`).',
    'Telephone numbers and ZIP+4 codes may have the same length.',
  ],
  source: 'https://www.ssa.gov/employer/randomization.html; 20 CFR 422.103',
  examples: {
    match: [['ssn', '536-22-8714'], ['socialSecurityNumber', '536228714'], 'applicant ssn=536-22-8714&zip=98101'],
    noMatch: [
      ['ssn', '666-22-8714'], ['ssn', '078-05-1120'], ['ssn', '000-00-0000'], ['ssn', '936-22-8714'], ['ssn', '123-45-6789'], ['zip', '536-22-8714'],
      '536-22-8714', ['ssn', '536-00-8714'], ['ssn', '8714'],
    ],
  },
};

/** Numbers from advertisements, and numbers that people enter when they do not want to give their own. */
const voided = new Set(['078051120', '219099999', '123456789', '987654321', '111223333', '123121234']);

function isSocialSecurityNumber(value: string): boolean {
  if (!/^(?!000|666|9)\d{3}([- ]?)(?!00)\d{2}\1(?!0000)\d{4}$/.test(value)) return false;
  const digits = value.replaceAll(/\D/g, '');
  return !voided.has(digits) && new Set(digits).size > 2;
}

/**
 * The identifier of a Windows account, within a domain or on a single machine. Accounts are numbered from 1000; below that, only the administrator
 * (500) is used by a person. The others are built in (guest 501, krbtgt 502) or groups (512 and up), and the same in every domain.
 */
const accountSid = /(?<![\w-])S-1-5-21-\d{1,10}-\d{1,10}-\d{1,10}-(?:500|[1-9]\d{3,9})(?![\w-])/y;

export const windowsSid: IdentifierKind = {
  name: 'windows_sid',
  dataClass: 'account',
  keys: ['sid', 'user_sid', 'security_id', 'object_sid', 'account_sid', 'primary_sid', 'logon_sid', 'owner_sid', 'target_user_sid'],
  validate: (value) => /^S-1-5-21-(?:\d{1,10}-){3}(?:500|[1-9]\d{3,9})$/i.test(value),
  shape: patternShape({ anchors: [literal('S-1')], confidence: 95, pattern: accountSid }),
  normalise: (value) => value.toUpperCase(),
  confidence: 97,
  traps: [
    'Well-known identifiers such as S-1-5-18 are the same on all machines.', 'The identifier of a domain has one number less.',
    'Groups and built-in accounts of a domain are no person (`…-501` is the guest, `…-513` are all users).',
  ],
  source: '[MS-DTYP], section 2.4.2.4 (well-known SID structures)',
  examples: {
    match: [
      'Security ID: S-1-5-21-1004336348-1177238915-682003330-1107 Account', ['objectSid', 'S-1-5-21-1004336348-1177238915-682003330-1107'],
      ['sid', 'S-1-5-21-1004336348-1177238915-682003330-500'],
    ],
    noMatch: [
      'S-1-5-18', 'Security ID: S-1-5-21-1004336348-1177238915-682003330', ['sid', 'S-1-5-32-544'],
      ['sid', 'S-1-5-21-1004336348-1177238915-682003330-513'], 'User: S-1-5-21-1004336348-1177238915-682003330-501 logged off',
    ],
  },
};

/** Together with a name or a postcode, a date of birth identifies most people. */
export const birthDate: IdentifierKind = {
  name: 'birth_date',
  dataClass: 'person',
  keys: ['*_date_of_birth', 'dob', '*_birth_date', 'birthdate', '*_birthday', 'birth_day', 'user_birthday', 'bday', 'geburtsdatum', 'date_naissance'],
  validate: isBirthDate,
  normalise: normaliseBirthDate,
  confidence: 85,
  traps: ['Programs write `1970-01-01` or `1900-01-01` when they do not know the date.', 'A year alone says too little.'],
  source: 'OpenID Connect Core 1.0, section 5.1 (birthdate); HL7 v2.5.1, section 3.4.2.7',
  examples: {
    match: [['dob', '1987-11-23'], ['birthDate', '19871123'], ['date_of_birth', '23.11.1987'], ['birthday', '11/23/1987']],
    noMatch: [['dob', '1970-01-01'], ['birthday', '1987'], ['birthday', 'today'], ['date', '1987-11-23'], ['dob', '1987-23-45']],
  },
};
