import type { FieldList, FrameMap, Place } from './fieldlist.ts';
import type { Header } from './http-head.ts';
import { ntlmLogin } from './ntlm.ts';
import { isName, stepOf } from './path.ts';
import { addPairs, decodeUrl, decodeUtf8, encodingOf } from './urlencoded.ts';

/** Adds one field per header, and one per cookie. `frames` maps the positions in the headers to packets. */
export function addHeaders(list: FieldList, prefix: string, headers: readonly Header[], frames: FrameMap): void {
  for (const header of headers) {
    const path = headerPath(prefix, header.name);
    if (header.name === 'cookie') {
      addCookies(list, header, { path, frames, encoding: '' });
    } else if (header.name === 'set-cookie') {
      const attributes = header.value.indexOf(';');
      addCookie(list, attributes < 0 ? header.value : header.value.slice(0, attributes), header.start, { path, frames, encoding: '' });
    } else {
      list.add(path, header.written, decodeUtf8(header.value), '', frames.frameAt(header.end - 1));
      if (header.name === 'authorization' || header.name === 'proxy-authorization') addNtlm(list, header, frames);
      if (header.name === 'referer' || header.name === 'location') addUrlQuery(list, header, { path: `${path}.query`, frames, encoding: '' });
    }
  }
}

/** Paths of recently seen header names, per prefix: messages repeat a few dozen of them. */
const knownPaths = new Map<string, Map<string, string>>();
const mostKnownPaths = 1024;

function headerPath(prefix: string, name: string): string {
  let paths = knownPaths.get(prefix);
  if (paths === undefined || paths.size >= mostKnownPaths) knownPaths.set(prefix, (paths = new Map()));
  let path = paths.get(name);
  if (path === undefined) paths.set(name, (path = `${prefix}.${stepOf(name)}`));
  return path;
}

function addCookies(list: FieldList, header: Header, place: Place): void {
  const { value } = header;
  let start = 0;
  while (start < value.length) {
    let end = value.indexOf(';', start);
    if (end < 0) end = value.length;
    addCookie(list, value.slice(start, end), header.start + start, place);
    start = end + 1;
  }
}

/** Adds `name=value`. Values are opaque according to RFC 6265, but in practice percent-encoded, and sometimes quoted. */
function addCookie(list: FieldList, text: string, position: number, { path, frames }: Place): void {
  const equals = text.indexOf('=');
  const name = equals < 0 ? '' : decodeUtf8(text.slice(0, equals).trim());
  let written = text.slice(equals + 1).trim();
  if (written.length >= 2 && written.startsWith('"') && written.endsWith('"')) written = written.slice(1, -1);
  const frame = frames.frameAt(position + text.trimEnd().length - 1);
  if (!isName(name)) list.add(path, '', name, '', frame);
  list.add(name === '' ? path : `${path}.${stepOf(name)}`, name, decodeUrl(written), encodingOf(written), frame);
}

/** Adds user, domain and workstation of an NTLM login, also inside SPNEGO (RFC 4559). */
function addNtlm(list: FieldList, header: Header, frames: FrameMap): void {
  const credentials = /^(?:NTLM|Negotiate) +([A-Za-z0-9+/]{16,16384}={0,2})$/i.exec(header.value);
  if (credentials === null) return;
  const frame = frames.frameAt(header.end - 1);
  for (const { name, key, value } of ntlmLogin(Buffer.from(credentials[1]!, 'base64'))) list.add(`http.${name}`, key, value, 'base64', frame);
}

function addUrlQuery(list: FieldList, header: Header, place: Place): void {
  const mark = header.value.indexOf('?');
  if (mark < 0) return;
  const fragment = header.value.indexOf('#', mark);
  const query = header.value.slice(mark + 1, fragment < 0 ? undefined : fragment);
  addPairs(list, query, header.start + mark + 1, place);
}
