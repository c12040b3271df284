import { hash } from 'node:crypto';

/** The parts of a ClientHello that make up its fingerprint: without GREASE, in their original order. */
export interface HelloFeatures {
  version: number;
  ciphers: number[];
  extensions: number[];
  signatures: number[];
  hasServerName: boolean;
  /** First ALPN protocol, null if there is none. */
  protocol: Buffer | null;
}

const carriers = { tls: 't', quic: 'q', dtls: 'd' } as const;
const versions: Record<number, string | undefined> = {
  0x0304: '13', 0x0303: '12', 0x0302: '11', 0x0301: '10', 0x0300: 's3', 0x0002: 's2', 0xfeff: 'd1', 0xfefd: 'd2', 0xfefc: 'd3',
};
const SERVER_NAME = 0;
const ALPN = 16;

/**
 * The JA4 fingerprint (FoxIO, technical_details/JA4.md): `t13d1516h2_8daaf6152771_e5627efa2ab1` consists of the carrier, version, whether SNI is
 * present, numbers of ciphers and extensions, and ALPN; a digest of the sorted ciphers; and one of the sorted extensions, with the signature
 * algorithms.
 */
export function ja4(hello: HelloFeatures, carrier: keyof typeof carriers): string {
  const start = carriers[carrier] + (versions[hello.version] ?? '00') + (hello.hasServerName ? 'd' : 'i') + twoDigits(hello.ciphers.length);
  const extensions = hello.extensions.filter((type) => !isGrease(type));
  const rest = extensions.filter((type) => type !== SERVER_NAME && type !== ALPN);
  const signatures = hello.signatures.length === 0 ? '' : `_${listed(hello.signatures)}`;
  const features = rest.length === 0 ? '' : sorted(rest) + signatures;
  return `${start}${twoDigits(extensions.length)}${endsOf(hello.protocol)}_${digest(sorted(hello.ciphers))}_${digest(features)}`;
}

/** Values that clients send at random so that servers stay tolerant (RFC 8701): 0x0a0a, 0x1a1a, … 0xfafa. */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

/** The newest version offered; DTLS versions count down. 0 if there is none. */
export function newestVersion(offered: readonly number[], carrier: keyof typeof carriers): number {
  if (offered.length === 0) return 0;
  return carrier === 'dtls' ? Math.min(...offered) : Math.max(...offered);
}

/** Four-digit numbers sort like their text. */
function sorted(values: readonly number[]): string {
  return listed(Uint16Array.from(values).sort());
}

function listed(values: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < values.length; i++) text += (i === 0 ? '' : ',') + hexadecimal[values[i]! >> 8]! + hexadecimal[values[i]! & 0xff]!;
  return text;
}

const hexadecimal = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function twoDigits(count: number): string {
  return Math.min(count, 99).toString().padStart(2, '0');
}

/** First and last character; if either is not a letter or digit, those of the protocol's hexadecimal form. */
function endsOf(protocol: Buffer | null): string {
  if (protocol === null || protocol.length === 0) return '00';
  const text = protocol.toString('latin1');
  const ends = text[0]! + text.at(-1)!;
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends;
  const digits = protocol.toString('hex');
  return digits[0]! + digits.at(-1)!;
}

/** Digests of recently seen lists: a few libraries produce nearly all hellos. */
const digests = new Map<string, string>();
const mostDigests = 1024;

function digest(text: string): string {
  if (text === '') return '000000000000';
  let known = digests.get(text);
  if (known === undefined) {
    if (digests.size >= mostDigests) digests.clear();
    digests.set(text, (known = hash('sha256', text, 'hex').slice(0, 12)));
  }
  return known;
}
