/**
 * Keys that tell that their value is the digest of an identifier, and of which: `imei_md5`, `idfaSha1`, `sha256_email`, `hashedEmail`, `email_hash`.
 */
const withAlgorithm = /^(?:(.{2,40}?)[_-]?(md5|sha1|sha256)|(md5|sha1|sha256)[_-]?(.{2,40}))$/i;
const hashed = /^(?:hashed?[_-]?(.{3,40})|(.{3,40}?)[_-]?hash(?:ed)?)$/i;

/** Parameters of advertising services that contain only digests: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters */
const advertisers = new Map([['em', 'email'], ['ph', 'phone']]);

const algorithms: Record<number, string | undefined> = { 32: 'md5', 40: 'sha1', 64: 'sha256' };

export interface DigestKey {
  /** Name of the identifier. */
  readonly key: string;
  readonly algorithm: string;
}

/**
 * The identifier that is hashed according to the key, and the algorithm, if `value` is such a digest in hexadecimal; else null. The digest of an
 * identifier tracks a person as well as the identifier itself.
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
