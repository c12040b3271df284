/** Keys that say their value is a digest of an identifier, and of which: `imei_md5`, `idfaSha1`, `sha256_email`, `hashedEmail`, `email_hash`. */
const withAlgorithm = /^(?:(.{2,40}?)[_-]?(md5|sha1|sha256)|(md5|sha1|sha256)[_-]?(.{2,40}))$/i;
const hashed = /^(?:hashed?[_-]?(.{3,40})|(.{3,40}?)[_-]?hash(?:ed)?)$/i;

/**
 * Of advertising services, whose parameters hold nothing but digests: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters
 */
const advertisers = new Map([['em', 'email'], ['ph', 'phone']]);

const algorithms: Record<number, string | undefined> = { 32: 'md5', 40: 'sha1', 64: 'sha256' };

export interface DigestKey {
  /** Name of the identifier. */
  readonly key: string;
  readonly algorithm: string;
}

/**
 * What a key says is hashed, and how, if `value` is such a digest in hexadecimal; else null.
 * A digest of an identifier follows a person as well as the identifier does.
 */
export function parseDigestKey(key: string, value: string): DigestKey | null {
  const algorithm = algorithms[value.length];
  if (algorithm === undefined || !/^[0-9a-fA-F]+$/.test(value)) return null;
  const named = withAlgorithm.exec(key);
  if (named !== null) return (named[2] ?? named[3]!).toLowerCase() === algorithm ? { key: named[1] ?? named[4]!, algorithm } : null;
  const match = hashed.exec(key);
  if (match !== null) return { key: match[1] ?? match[2]!, algorithm };
  const parameter = algorithm === 'sha256' ? advertisers.get(key.toLowerCase()) : undefined;
  return parameter === undefined ? null : { key: parameter, algorithm };
}
