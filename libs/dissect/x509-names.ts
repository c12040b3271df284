import { berAt, type BerElement } from './ber.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_ID = 0x06;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
/** id-at-commonName and id-ce-subjectAltName. */
const commonName = '550403';
const subjectAltName = '551d11';

const maxNames = 64;

/**
 * The names of an X.509 certificate (RFC 5280, section 4.1): the subject's common name, and the DNS names among the alternative ones. In lower
 * case, each once; empty when the bytes are none.
 */
export function certificateNames(der: Buffer): string[] {
  const names = new Set<string>();
  const certificate = berAt(der, 0);
  const signed = certificate === null ? null : children(der, certificate)[0];
  if (signed === undefined || signed === null || signed.tag !== SEQUENCE) return [];
  const parts = children(der, signed).filter(({ tag }) => tag !== VERSION);
  // Serial number, algorithm, issuer, validity, subject.
  const subject = parts[4];
  if (subject?.tag === SEQUENCE) addCommonName(der, subject, names);
  const extensions = parts.find(({ tag }) => tag === EXTENSIONS);
  const list = extensions === undefined ? undefined : children(der, extensions)[0];
  for (const extension of list === undefined ? [] : children(der, list)) addAlternativeNames(der, extension, names);
  return [...names];
}

/** The elements in a constructed one, up to the first that does not fit. */
function children(der: Buffer, { start, end }: BerElement): BerElement[] {
  const found: BerElement[] = [];
  for (let position = start; position < end && found.length < 256;) {
    const element = berAt(der, position, end);
    if (element === null) break;
    found.push(element);
    position = element.end;
  }
  return found;
}

function addCommonName(der: Buffer, subject: BerElement, names: Set<string>): void {
  for (const set of children(der, subject)) {
    if (set.tag !== SET) continue;
    for (const attribute of children(der, set)) {
      const [type, value] = children(der, attribute);
      if (value !== undefined && isObject(der, type, commonName)) names.add(der.toString('utf8', value.start, value.end).toLowerCase());
    }
  }
}

function addAlternativeNames(der: Buffer, extension: BerElement, names: Set<string>): void {
  const parts = children(der, extension);
  const value = parts.at(-1);
  if (value?.tag !== OCTET_STRING || !isObject(der, parts[0], subjectAltName)) return;
  const list = berAt(der, value.start, value.end);
  for (const name of list === null ? [] : children(der, list)) {
    if (name.tag === DNS_NAME && names.size < maxNames) names.add(der.toString('latin1', name.start, name.end).toLowerCase());
  }
}

function isObject(der: Buffer, element: BerElement | undefined, id: string): boolean {
  return element?.tag === OBJECT_ID && der.toString('hex', element.start, element.end) === id;
}
