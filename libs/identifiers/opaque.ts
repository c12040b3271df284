/** Values without a structure of their own: distinguishes an id, a token or a password from a placeholder, a flag or a word. */

const uuid = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;

const placeholders = new Set((
  'true false null nil undefined none nan unknown unset empty default 0 00 -1 n/a na no yes on off void optout opt-out deprecated '
  + 'string number integer object function value id uid userid user_id user-id username user_name deviceid device_id roomid room_id '
  + 'xxx xxxx yyy redacted masked hidden removed anonymous guest placeholder password passwd token test123 not_set notset not-set'
).split(' '));

const template = /^[{<[(%$:#@].*[}>\])%$]$|^\$\{|^\{\{|^%[sd@]|^__[A-Z]|^:[a-z]|^\$[A-Za-z_]/;
const fileName = /\.(?:png|jpe?g|gif|svg|webp|ico|css|m?js|html?|php|aspx?|jsp|json|xml|mp[34]|m3u8|ts|woff2?|ttf)$/i;

/** RFC 9562 text form, neither nil nor max (sections 5.9 and 5.10), and not a single digit repeated. */
export function isUuid(value: string): boolean {
  return uuid.test(value) && !isOneCharacter(value);
}

/** `000`, `xx`, `11111`, `00000000-0000-…`: nothing but zeros, crosses or signs, or any other character at least five times. */
export function isOneCharacter(value: string): boolean {
  let seen = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0x2d || code === 0x3a || code === 0x7b || code === 0x7d) continue;
    if (seen !== 0 && code !== seen) return false;
    seen = code;
  }
  return seen === 0 || value.length >= 5 || (value.length >= 2 && /^[^1-9A-Za-wy-z]/.test(value));
}

/** A flag, an absent value, a template such as `{user_id}` or `%s`, or one character repeated. */
export function isPlaceholder(value: string): boolean {
  return value === '' || value === '0' || placeholders.has(value.toLowerCase()) || template.test(value) || isOneCharacter(value);
}

/** Can be the id of something: 1 to 128 characters without spaces, not a placeholder, URL, file name or fraction. */
export function isId(value: string): boolean {
  return value.length <= 128
    && /^[\p{L}\p{N}_+@~$-][\p{L}\p{N}._@:|+~=$/-]*$/u.test(value)
    && !isPlaceholder(value)
    && !value.includes('://')
    && !fileName.test(value)
    && !/^-?\d+\.\d*$/.test(value);
}

/** An {@link isId} that was not chosen as a word: at least `length` characters, with digits and some variety. */
export function isMachineId(value: string, length = 6): boolean {
  return value.length >= length && isId(value) && /\d/.test(value) && distinct(value) >= 4 && !isTimestamp(value) && !isVersion(value);
}

/** Hexadecimal digits, between `least` and `most` of them, with enough variety not to be a counter or placeholder. */
export function isHex(value: string, least: number, most: number): boolean {
  return value.length >= least && value.length <= most && /^[0-9a-fA-F]+$/.test(value) && distinct(value) >= 5;
}

/** Seconds, milliseconds or microseconds since 1970, between 2001 and 2065. */
export function isTimestamp(value: string): boolean {
  return /^[12]\d{9}(?:\d{3}){0,2}$/.test(value) && Number(value.slice(0, 10)) < 3_000_000_000;
}

/** Milliseconds or microseconds since 1970, between 2001 and 2065. Excludes ten digits, which may be an account as well as seconds. */
export function isFineTimestamp(value: string): boolean {
  return value.length > 10 && isTimestamp(value);
}

/** `v1.2`, `10.20.31.42`: version numbers. */
export function isVersion(value: string): boolean {
  return /^v?\d{1,4}(?:\.\d{1,5}){1,4}$/.test(value);
}

/** Number of distinct characters among the first 256. */
export function distinct(value: string): number {
  return new Set(value.length > 256 ? value.slice(0, 256) : value).size;
}

/**
 * Whether a value has the variety of a machine-generated token: 8 to 4096 characters, and either hexadecimal or a UUID, or letters and digits mixed,
 * or long and of changing case. Words, timestamps, versions and lists of numbers do not.
 */
export function isRandomToken(value: string): boolean {
  if (value.length < 8 || value.length > 4096 || isPlaceholder(value) || /[\s"'<>{}\\]/.test(value) || value.includes('://')) return false;
  if (uuid.test(value)) return true;
  if (distinct(value) < 5 || isTimestamp(value) || isVersion(value) || fileName.test(value)) return false;
  if (/^\d+$/.test(value)) return value.length >= 12;
  if (/^\d{4}-\d\d-\d\dT?[\d:.Z+-]*$/.test(value)) return false;
  const digits = value.match(/\d/g)?.length ?? 0;
  const letters = value.match(/[A-Za-z]/g)?.length ?? 0;
  if (digits >= 2 && letters >= 2) return digits + letters >= value.length / 2 && !isDottedName(value);
  if (digits >= 8) return digits >= 12 && distinct(value) >= 8;
  const changesOfCase = value.match(/[a-z][A-Z]|[A-Z][a-z]/g)?.length ?? 0;
  return value.length >= 16 && changesOfCase >= 4 && /^[A-Za-z0-9_+/=-]+$/.test(value) && !isCamelCase(value);
}

/** `com.example.app2`, `v2.home.page1`: words joined by dots. */
function isDottedName(value: string): boolean {
  return /^[a-z]{2,}\d{0,2}(?:[._-][a-z]{2,}\d{0,2})+$/i.test(value);
}

function isCamelCase(value: string): boolean {
  return /^[_$]*[A-Za-z]?[a-z]+(?:[A-Z][a-z]{2,})+$/.test(value);
}

/** A plausible password: at least 3 characters, not a placeholder, and not already masked by stars or crosses. */
export function isPassword(value: string): boolean {
  return value.length >= 3 && value.length <= 256 && !isPlaceholder(value) && !/^[*•.x]+$/i.test(value) && !/[\r\n\0]/.test(value);
}

/** The default spelling: without surrounding space and quotes; a UUID in lower case without braces. */
export function normaliseOpaque(value: string): string {
  const bare = value.trim().replace(/^"(.*)"$/, '$1');
  return uuid.test(bare) ? bare.toLowerCase().replace(/[{}]/g, '') : bare;
}

/** Like {@link normaliseOpaque}, for hexadecimal ids whose case is not significant. */
export function normaliseHex(value: string): string {
  return normaliseOpaque(value).toLowerCase();
}

export function normaliseDigits(value: string): string {
  return value.replaceAll(/\D/g, '');
}
