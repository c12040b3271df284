import { hasControls } from './text.ts';

/* Recognises content by its first bytes. */

/** How many bytes are examined. */
const sampleBytes = 512;

/** Does the content begin with `{` or `[`? */
export function startsLikeJson(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 0x7b || byte === 0x5b) return true;
    if (byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return false;
  }
  return false;
}

/** Is it `key=value`, where the key is a name? */
export function looksLikeForm(bytes: Buffer): boolean {
  return /^[A-Za-z_][\w.[\]-]{0,63}=/.test(bytes.toString('latin1', 0, 80)) && !hasControls(bytes.subarray(0, sampleBytes));
}

/** What precedes JSON: a guard against inclusion as a script, a call or an assignment (JSONP), tags of a page that merely wraps it. */
const wrapper = new RegExp(
  "^\\s{0,64}(?:\\/\\*[^*]{0,128}\\*\\/\\s{0,8})?(?:\\)\\]\\}',?|while ?\\(1\\);|for ?\\(;;\\);|&&&[A-Z]+&&&" +
    '|(?:typeof [\\w$.]{1,64} ?={2,3} ?["\']function["\'] ?&& ?|try ?\\{ ?|;)?[\\w$.[\\]]{1,128} ?\\(' +
    '|(?:(?:var|let|const) )?[\\w$.[\\]"\']{1,128} ?=' +
    '|(?:<(?:html|head|body|pre|textarea|script)(?: [^<>]{0,128})?>\\s{0,8}(?:<\\/head>)?){1,6})\\s{0,8}(?=[{[])',
  'i',
);

/** Where JSON begins after a wrapper; 0 if there is none. */
export function wrappedJsonAt(bytes: Buffer): number {
  return wrapper.exec(bytes.toString('latin1', 0, sampleBytes))?.[0].length ?? 0;
}

/** XML documents that are published content: pages, pictures, feeds, site maps, service descriptions. */
const published =
  /^(?:html|svg|rss|feed|rdf|urlset|sitemapindex|stylesheet|schema|definitions|opensearchdescription|opml|wml|wap-provisioningdoc|cross-domain-policy|package|application|mpd|smoothstreamingmedia)$/i;

const root =
  /^(?:\u00ef\u00bb\u00bf)?\s{0,64}(?:<\?xml[^>]{0,256}\?>\s{0,64})?(?:<\?[^>]{0,256}\?>\s{0,64}|<!--(?:(?!-->)[^]){0,256}-->\s{0,64}|<!DOCTYPE[^>[]{0,256}>\s{0,64}){0,4}<((?:[\w-]{1,64}:)?[A-Za-z_][\w.-]{0,64})[\s/>]/i;

/** Does an XML document begin here that is not published content? Pages that omit `html` begin with one of its other tags. */
export function isXmlData(bytes: Buffer): boolean {
  const text = bytes.toString('latin1', 0, sampleBytes);
  const name = root.exec(text)?.[1];
  if (name === undefined || /<!doctype html/i.test(text) || published.test(name.replace(/^.*:/, ''))) return false;
  return (
    /^\W{0,4}\s{0,64}<\?xml/.test(text) || /^(?:\w+:)?(?:envelope|plist|methodresponse|response|result|data|error|user|session|login)$/i.test(name)
  );
}
