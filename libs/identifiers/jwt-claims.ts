/** A claim about the bearer of a token. */
export interface Claim {
  /** Name, preceded by those of its parents: `realm_access.sid`. */
  path: string;
  key: string;
  value: string;
}

const mostClaims = 64;
const deepest = 4;

/** The strings and numbers among the claims of a JSON Web Token (RFC 7519, section 4), whose second part anyone can read. */
export function claimsOf(token: string): Claim[] {
  const claims: Claim[] = [];
  try {
    collect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')), { path: '', key: '', depth: 0 }, claims);
  } catch {
    // The claims of an encrypted token (RFC 7516) cannot be read.
  }
  return claims;
}

function collect(value: unknown, place: Pick<Claim, 'path' | 'key'> & { depth: number }, claims: Claim[]): void {
  if (claims.length >= mostClaims) return;
  const { path, key, depth } = place;
  if (typeof value === 'string' || typeof value === 'number') claims.push({ path, key, value: String(value) });
  else if (typeof value === 'object' && value !== null && depth < deepest) {
    for (const [name, inner] of Object.entries(value)) {
      // Elements of a list are claims under its name.
      const at = Array.isArray(value) ? { path, key } : { path: path === '' ? name : `${path}.${name}`, key: name };
      collect(inner, { ...at, depth: depth + 1 }, claims);
    }
  }
}
