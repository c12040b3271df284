/** A claim of a token, for whoever carries it. */
export interface Claim {
  /** Name, with those above it: `realm_access.sid`. */
  path: string;
  key: string;
  value: string;
}

const mostClaims = 64;
const deepest = 4;

/** Strings and numbers among the claims of a JSON Web Token (RFC 7519, section 4): its second part can be read by anyone. */
export function claimsOf(token: string): Claim[] {
  const claims: Claim[] = [];
  try {
    collect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')), '', '', 0, claims);
  } catch {
    // An encrypted token (RFC 7516) holds no claims that could be read.
  }
  return claims;
}

function collect(value: unknown, path: string, key: string, depth: number, claims: Claim[]): void {
  if (claims.length >= mostClaims) return;
  if (typeof value === 'string' || typeof value === 'number') claims.push({ path, key, value: String(value) });
  else if (typeof value === 'object' && value !== null && depth < deepest) {
    for (const [name, inner] of Object.entries(value)) {
      const isElement = Array.isArray(value);
      collect(inner, isElement ? path : path === '' ? name : `${path}.${name}`, isElement ? key : name, depth + 1, claims);
    }
  }
}
