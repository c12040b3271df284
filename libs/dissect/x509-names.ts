import { berAt, berChildren, berText, type BerElement } from './ber.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_ID = 0x06;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const MAIL = 0x81;
const DNS_NAME = 0x82;
const OTHER_NAME = 0xa0;
/** id-at-commonName, id-ce-subjectAltName, emailAddress (RFC 2985, section 5.2.1), and Microsoft's user principal name. */
const commonName = '550403';
const subjectAltName = '551d11';
const emailAddress = '2a864886f70d010901';
const userPrincipalName = '2b060104018237140203';

const maxNames = 64;

/** The names in an X.509 certificate, without duplicates. */
export interface CertificateNames {
  readonly common: ReadonlySet<string>;
  readonly dns: ReadonlySet<string>;
  readonly mail: ReadonlySet<string>;
  /** Directory users (user principal names). */
  readonly users: ReadonlySet<string>;
}

type Names = Record<keyof CertificateNames, Set<string>>;

/**
 * The names in an X.509 certificate (RFC 5280, section 4.1): those of its subject, and its alternative names. Empty if it is not a certificate.
 */
export function certificateNames(der: Buffer): CertificateNames {
  const names: Names = { common: new Set(), dns: new Set(), mail: new Set(), users: new Set() };
  const certificate = berAt(der, 0);
  const signed = certificate === null ? null : berChildren(der, certificate)[0];
  if (signed === undefined || signed === null || signed.tag !== SEQUENCE) return names;
  const parts = berChildren(der, signed).filter(({ tag }) => tag !== VERSION);
  // Serial number, algorithm, issuer, validity, subject.
  const subject = parts[4];
  if (subject?.tag === SEQUENCE) addSubject(der, subject, names);
  const extensions = parts.find(({ tag }) => tag === EXTENSIONS);
  const list = extensions === undefined ? undefined : berChildren(der, extensions)[0];
  for (const extension of list === undefined ? [] : berChildren(der, list)) addAlternativeNames(der, extension, names);
  return names;
}

function addSubject(der: Buffer, subject: BerElement, names: Names): void {
  for (const set of berChildren(der, subject)) {
    if (set.tag !== SET) continue;
    for (const attribute of berChildren(der, set)) {
      const [type, value] = berChildren(der, attribute);
      if (value === undefined) continue;
      if (isObject(der, type, commonName)) add(names.common, berText(der, value));
      else if (isObject(der, type, emailAddress)) add(names.mail, berText(der, value));
    }
  }
}

function addAlternativeNames(der: Buffer, extension: BerElement, names: Names): void {
  const parts = berChildren(der, extension);
  const value = parts.at(-1);
  if (value?.tag !== OCTET_STRING || !isObject(der, parts[0], subjectAltName)) return;
  const list = berAt(der, value.start, value.end);
  for (const name of list === null ? [] : berChildren(der, list)) {
    if (name.tag === DNS_NAME) add(names.dns, berText(der, name));
    else if (name.tag === MAIL) add(names.mail, berText(der, name));
    else if (name.tag === OTHER_NAME) {
      const [type, value] = berChildren(der, name);
      const user = value !== undefined && isObject(der, type, userPrincipalName) ? berAt(der, value.start, value.end) : null;
      if (user !== null) add(names.users, berText(der, user));
    }
  }
}

function add(names: Set<string>, name: string): void {
  if (names.size < maxNames) names.add(name);
}

function isObject(der: Buffer, element: BerElement | undefined, id: string): boolean {
  return element?.tag === OBJECT_ID && der.toString('hex', element.start, element.end) === id;
}
