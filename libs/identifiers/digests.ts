import { createHash } from 'node:crypto';

const algorithms = ['md5', 'sha1', 'sha256'] as const;

/** Lengths of 16, 20 and 32 bytes in base64 without padding, and in hexadecimal. */
const isDigestLength = new Set([22, 27, 32, 40, 43, 64]);

/** The identifier from which a digest was computed. */
export interface Digested<Identity> {
  identity: Identity;
  algorithm: (typeof algorithms)[number];
}

/** A possible digest in the spelling that {@link Digests} looks up; null if `value` cannot be one. */
export function digestOf(value: string): string | null {
  const bare = value.endsWith('=') ? value.replace(/={1,2}$/, '') : value;
  if (!isDigestLength.has(bare.length)) return null;
  if (/^[0-9a-fA-F]{32,64}$/.test(bare)) return bare.toLowerCase();
  if (bare.length === 32 || bare.length === 40 || bare.length === 64 || !/^[A-Za-z0-9+/_-]+$/.test(bare)) return null;
  return Buffer.from(bare, 'base64').toString('hex');
}

/** MD5, SHA-1 and SHA-256 of each spelling, in hexadecimal. */
export function digestsOf(spellings: Iterable<string>): { digest: string; algorithm: (typeof algorithms)[number] }[] {
  const digests: { digest: string; algorithm: (typeof algorithms)[number] }[] = [];
  for (const spelling of new Set(spellings)) {
    for (const algorithm of algorithms) digests.push({ digest: createHash(algorithm).update(spelling).digest('hex'), algorithm });
  }
  return digests;
}

/**
 * Digests of recent identifiers, so that an identifier is recognised where only its digest is sent. Keeps no raw values; the oldest identifier is
 * evicted to make room for a new one.
 */
export class Digests<Identity> {
  readonly #limit: number;
  readonly #byDigest = new Map<string, Digested<Identity> & { readonly token: string }>();
  /** Digests of each identifier, by its token, oldest first. */
  readonly #byToken = new Map<string, string[]>();

  /** @param limit number of identifiers remembered */
  constructor(limit: number) {
    this.#limit = limit;
  }

  has(token: string): boolean {
    return this.#byToken.has(token);
  }

  /** Remembers an identifier under its token, by the digests of its spellings. */
  add(token: string, spellings: readonly string[], identity: Identity): void {
    if (this.#byToken.has(token)) return;
    if (this.#byToken.size >= this.#limit) this.#forgetOldest();
    const digests = digestsOf(spellings);
    for (const { digest, algorithm } of digests) this.#byDigest.set(digest, { identity, algorithm, token });
    this.#byToken.set(token, digests.map(({ digest }) => digest));
  }

  /** The identifier of which `value` is a digest, if it was seen. */
  find(value: string): Digested<Identity> | null {
    if (this.#byDigest.size === 0) return null;
    const digest = digestOf(value);
    return digest === null ? null : this.#byDigest.get(digest) ?? null;
  }

  #forgetOldest(): void {
    const [oldest] = this.#byToken;
    if (oldest === undefined) return;
    const [token, digests] = oldest;
    this.#byToken.delete(token);
    // Another identifier may share a spelling, such as one whose case is significant.
    for (const digest of digests) if (this.#byDigest.get(digest)?.token === token) this.#byDigest.delete(digest);
  }
}
