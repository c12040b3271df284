/** A key that says its value is a digest of an identifier: `imei_md5`, `idfaSha1`. */
const digestKey = /^(.{2,40}?)[_-]?(md5|sha1|sha256)$/i;
const digits: Record<string, number> = { md5: 32, sha1: 40, sha256: 64 };

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
  if (value.length !== 32 && value.length !== 40 && value.length !== 64) return null;
  const match = digestKey.exec(key);
  if (match === null || !/^[0-9a-fA-F]+$/.test(value)) return null;
  const algorithm = match[2]!.toLowerCase();
  return digits[algorithm] === value.length ? { key: match[1]!, algorithm } : null;
}
