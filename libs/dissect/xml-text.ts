/** Matches only at the beginning of a name, so that it is not tried again at each of its characters. */
const attribute = /(?<![\w:.-])([\w:.-]{1,128})\s{0,8}=\s{0,8}(?:"([^"]*)"|'([^']*)')/g;

/** Names and values of the attributes of a tag. */
export function xmlAttributes(tag: string): (readonly [name: string, value: string])[] {
  return Array.from(tag.matchAll(attribute), ([, name, double, single]) => [name!, xmlText(double ?? single ?? '')] as const);
}

const entities = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"]]);

/** Decodes text: resolves the predefined entities (XML 1.0, section 4.6), and removes CDATA markers. */
export function xmlText(written: string): string {
  const text = written.replaceAll(/<!\[CDATA\[([^]*?)\]\]>/g, '$1').trim();
  return text.includes('&') ? text.replaceAll(/&(\w{1,8});/g, (whole, name: string) => entities.get(name) ?? whole) : text;
}
