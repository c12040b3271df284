/** Credentials of an Authorization or Proxy-Authorization header. RFC 9110, section 11.6.2. */
export interface Credentials {
  scheme: 'basic' | 'bearer' | 'digest';
  /** Decoded `user:password`, the token verbatim, or the response of a digest. */
  value: string;
  /** The credentials as written in the header. */
  written: string;
}

const form = /^\s*(basic|bearer|token|oauth|jwt|apikey)\s+([A-Za-z0-9._~+/-]{1,8192}=*)\s*$/i;

const shortestKey = 'authorization'.length;

export function isAuthorizationKey(key: string): boolean {
  return key.length >= shortestKey && /^(?:proxy-|x-)?authorization$/i.test(key);
}

/** `response` of RFC 7616, section 3.4; the other parameters are read as assignments. */
const digestResponse = /^\s*digest\s[^]{0,4096}?\bresponse\s*=\s*"?([0-9a-f]{32}|[0-9a-f]{64})"?/i;

/**
 * The credentials of the schemes Basic (RFC 7617), Bearer (RFC 6750), Digest (RFC 7616), OAuth and Token; null for other schemes and for malformed
 * headers.
 */
export function parseAuthorization(header: string): Credentials | null {
  const digest = digestResponse.exec(header);
  if (digest !== null) return { scheme: 'digest', value: digest[1]!, written: digest[1]! };
  const match = form.exec(header);
  if (match === null) return null;
  const written = match[2]!;
  if (match[1]!.toLowerCase() !== 'basic') return { scheme: 'bearer', value: written, written };
  const decoded = Buffer.from(written, 'base64').toString('utf8');
  return /^[^\p{Cc}:\uFFFD]*:[^\p{Cc}\uFFFD]*$/u.test(decoded) ? { scheme: 'basic', value: decoded, written } : null;
}
