/**
 * Keys and values separated by markup or in lists of parameters: `<key>uid</key><string>42</string>`, `name="uid" value="42"`, `<uid
 * type="n">42</uid>`. Each function examines one name found in any text, which may be part of a document or contain one. The body of a complete XML
 * document is parsed beforehand (`xml.ts` of the dissectors).
 */

/** Maximum length, in characters, of a value and of an opening tag. */
const longestValue = 4096;
const longestTag = 256;

/** Position of a value; the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Separates a name from its value: the tags of property lists and XML-RPC, attributes of a form, members of an object. */
const between =
  /(?:<\/(?:\w{1,16}:)?(?:key|name|n)>\s{0,32}<(?:\w{1,16}:)?(?:value|string|integer|real|v)(?:\s[^<>]{0,64})?>(?:\s{0,32}<(?:string|i4|i8|int|double)>)?|["']\s{1,8}(?:type=["']\w{1,16}["']\s{1,8})?(?:value|content)\s?=\s?["']|\\?["']\s?,\s{0,32}\\?["'](?:value|val|v)\\?["']\s?:\s?\\?["']?)/iy;

/** Whether the value of a name that ends at `end` may follow further on. */
export function mayBePaired(text: string, end: number): boolean {
  switch (text[end]) {
    case '<': return text[end + 1] === '/';
    case '"': case "'": case '\\': return true;
    default: return false;
  }
}

/** The value of the name that ends at `end`, separated from it by tags, or in another attribute or member of the same object. */
export function pairedValue(text: string, end: number): Span | null {
  between.lastIndex = end;
  const match = between.exec(text);
  if (match === null) return null;
  return spanOf(text, between.lastIndex, endsOf(match[0].at(-1)!));
}

/** The end of a value, by the character before it. */
function endsOf(opening: string): RegExp {
  switch (opening) {
    case '>': return /</;
    case '"': return /["\\]/;
    case "'": return /['\\]/;
    default: return /[\s,}\]]/;
  }
}

function spanOf(text: string, start: number, ends: RegExp): Span | null {
  const limit = Math.min(text.length, start + longestValue);
  let end = start;
  while (end < limit && !ends.test(text[end]!)) end++;
  return end === start || end === limit ? null : { start, end };
}

/** Whether the name at `start` is that of an opening tag, with or without a prefix (`<m:accountNumber>`). */
export function isOpeningTag(text: string, start: number): boolean {
  return text[beforePrefix(text, start)] === '<';
}

/**
 * The content of the element whose closing tag has the name at `start`, if its opening tag has attributes; one without attributes is read from its
 * opening tag.
 */
export function contentBefore(text: string, start: number): Span | null {
  const slash = beforePrefix(text, start);
  if (text[slash] !== '/' || text[slash - 1] !== '<') return null;
  const end = slash - 1;
  const tagEnd = text.lastIndexOf('>', end);
  if (tagEnd < 0 || end - tagEnd > longestValue || tagEnd + 1 === end) return null;
  const tag = text.lastIndexOf('<', tagEnd);
  const name = text.slice(slash + 1, text.indexOf('>', start));
  const hasAttributes = tag >= 0 && tagEnd - tag < longestTag && text.startsWith(name, tag + 1) && /\s/.test(text[tag + 1 + name.length] ?? '');
  return hasAttributes ? { start: tagEnd + 1, end } : null;
}

/** Index of the character before a name, including its prefix if it has one. */
function beforePrefix(text: string, start: number): number {
  let at = start - 1;
  if (text[at] !== ':') return at;
  while (at > 0 && start - at < 24 && /[\w.:-]/.test(text[at]!)) at--;
  return at;
}
