export const jwtInText = /(?<![\w.-])eyJ[\w-]{8,2048}\.[\w-]{2,6144}\.[\w-]{0,1024}/y;
const whole = /^eyJ[\w-]{8,2048}\.[\w-]{2,6144}\.[\w-]{0,1024}$/;

/** JSON Web Token (RFC 7519, 3; RFC 7515, 7.1): three base64url parts, of which the first is a JSON object with `alg`. */
export function isJwt(value: string): boolean {
  if (!whole.test(value)) return false;
  try {
    const header: unknown = JSON.parse(Buffer.from(value.slice(0, value.indexOf('.')), 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && 'alg' in header && typeof header.alg === 'string';
  } catch {
    return false;
  }
}
