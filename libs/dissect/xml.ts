import { stepOf } from './path.ts';
import { decodeUtf8 } from './urlencoded.ts';
import { xmlAttributes, xmlText } from './xml-text.ts';

/** Takes the text of an element without children, or an attribute: its path (`Envelope.Body.login.sessionId`), its name, and where it ends. */
export type XmlVisitor = (path: string, key: string, value: string, end: number) => void;

/** Longest tag and longest text that are read, in bytes. */
const longestTag = 4096;
const longestText = 4096;

interface Element {
  readonly name: string;
  readonly path: string;
  /** The name under which its text is reported, if an attribute gives one: `<string name="uid">`. */
  readonly key: string;
  /** Where its text may begin; -1 if it has a child. */
  textAt: number;
}

/**
 * Visits the texts and attributes of an XML document (one character per byte). Names that are next to their values are combined with them:
 * `<key>uid</key><string>42</string>` in property lists, `<name>` and `<value>` in a `<member>` of XML-RPC, `<param name="uid" value="42"/>`.
 * Truncated or malformed parts are skipped: entities defined by the document are not resolved, and elements below `maxDepth` are skipped.
 */
export function scanXml(text: string, maxDepth: number, visit: XmlVisitor): void {
  const open: Element[] = [];
  let tooDeep = 0;
  let named = '';
  let position = text.indexOf('<');
  while (position >= 0) {
    if (text.startsWith('<!--', position) || text.startsWith('<![CDATA[', position) || text[position + 1] === '?' || text[position + 1] === '!') {
      position = text.indexOf('<', endOfMarkup(text, position));
      continue;
    }
    const end = text.indexOf('>', position);
    if (end < 0) return;
    const tag = end - position <= longestTag ? text.slice(position + 1, end) : '';
    if (tag.startsWith('/')) {
      if (tooDeep > 0) {
        tooDeep--;
      } else {
        const element = open.pop();
        if (element !== undefined && element.textAt >= 0 && position - element.textAt <= longestText) {
          const value = xmlText(decodeUtf8(text.slice(element.textAt, position)));
          if (isNameOfNext(element, open.at(-1))) {
            named = value;
          } else if (value !== '') {
            visit(element.path, named === '' ? element.key : named, value, position);
            named = '';
          }
        }
      }
    } else if (tooDeep > 0 || open.length >= maxDepth) {
      if (!tag.endsWith('/')) tooDeep++;
    } else {
      const element = openElement(tag, end + 1, open.at(-1)?.path ?? '', visit);
      const parent = open.at(-1);
      if (parent !== undefined) parent.textAt = -1;
      if (element !== null && !tag.endsWith('/')) open.push(element);
    }
    position = text.indexOf('<', end);
  }
}

/** Position after a comment, a CDATA section, an instruction or a declaration. */
function endOfMarkup(text: string, at: number): number {
  const [closing, length] = text.startsWith('<!--', at)
    ? (['-->', 3] as const)
    : text.startsWith('<![CDATA[', at)
      ? ([']]>', 3] as const)
      : text[at + 1] === '?'
        ? (['?>', 2] as const)
        : (['>', 1] as const);
  const end = text.indexOf(closing, at);
  return end < 0 ? text.length : end + length;
}

/** Visits the attributes of a tag; null if it has no name. */
function openElement(tag: string, textAt: number, parent: string, visit: XmlVisitor): Element | null {
  const [written] = /^[A-Za-z_][\w:.-]{0,127}/.exec(tag) ?? [];
  if (written === undefined) return null;
  const name = localName(written);
  const path = parent === '' ? stepOf(name) : `${parent}.${stepOf(name)}`;
  const attributes =
    tag.length > written.length + 1
      ? xmlAttributes(decodeUtf8(tag.slice(written.length))).map(([key, value]) => [localName(key), value] as const)
      : [];
  const label = attributes.find(([key]) => key === 'name' || key === 'key')?.[1] ?? '';
  for (const [key, value] of attributes) {
    if (value === '' || value === label) continue;
    visit(`${path}.${stepOf(key)}`, key === 'value' && label !== '' ? label : key, value, textAt - 1);
  }
  return { name, path, key: label === '' ? name : label, textAt };
}

function isNameOfNext({ name }: Element, parent: Element | undefined): boolean {
  return (name === 'key' && parent?.name === 'dict') || (name === 'name' && parent?.name === 'member');
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
