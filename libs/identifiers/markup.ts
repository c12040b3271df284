/**
 * Keys and values that markup and lists of parameters keep apart: `<key>uid</key><string>42</string>`, `name="uid" value="42"`, `<uid
 * type="n">42</uid>`. Each question is about one name that was found in any text, which may be a part of a document, or hold one; a body that is a
 * document of XML is read by its structure before (`xml.ts` of the dissectors).
 */

/** Characters of a value, and of an opening tag. */
const longestValue = 4096;
const longestTag = 256;

/** Where a value stands; the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What stands between the name of a value and the value: the tags of property lists and XML-RPC, attributes of a form, members of an object. */
const between =
  /(?:<\/(?:\w{1,16}:)?(?:key|name|n)>\s{0,32}<(?:\w{1,16}:)?(?:value|string|integer|real|v)(?:\s[^<>]{0,64})?>(?:\s{0,32}<(?:string|i4|i8|int|double)>)?|["']\s{1,8}(?:type=["']\w{1,16}["']\s{1,8})?(?:value|content)\s?=\s?["']|\\?["']\s?,\s{0,32}\\?["'](?:value|val|v)\\?["']\s?:\s?\\?["']?)/iy;

/** Whether a name that ends at `end` may have its value further on. */
export function mayBePaired(text: string, end: number): boolean {
  switch (text[end]) {
    case '<': return text[end + 1] === '/';
    case '"': case "'": case '\\': return true;
    default: return false;
  }
}

/** The value whose name ends at `end`, on the other side of tags, of an attribute, or of a member of the same object. */
export function pairedValue(text: string, end: number): Span | null {
  between.lastIndex = end;
  const match = between.exec(text);
  if (match === null) return null;
  return spanOf(text, between.lastIndex, endsOf(match[0].at(-1)!));
}

/** What ends a value, by the character in front of it. */
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

/** Whether the name at `start` begins a tag, with or without a prefix (`<m:accountNumber>`). */
export function isOpeningTag(text: string, start: number): boolean {
  return text[beforePrefix(text, start)] === '<';
}

/** What the closing tag with the name at `start` closes, where its opening tag has attributes; one without is read from there. */
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

/** Index of the character in front of a name, and of its prefix if it has one. */
function beforePrefix(text: string, start: number): number {
  let at = start - 1;
  if (text[at] !== ':') return at;
  while (at > 0 && start - at < 24 && /[\w.:-]/.test(text[at]!)) at--;
  return at;
}
