import { decodeUtf8 } from './urlencoded.ts';

/** With brackets, zone and port; a name alone has 253 characters (RFC 1035, section 2.3.4). */
const longestAuthority = 320;

/**
 * Hosts by what was written of them, met lately: messages repeat a few dozen. As copies, since a part of a text keeps all of it alive, and a
 * flow keeps its host: it would keep the head of its first request.
 */
const knownHosts = new Map<string, string | null>();
const mostKnownHosts = 1024;

/**
 * The host that `host`, `host:port` or `[address]:port` names (RFC 3986, section 3.2.2), in lower case; an IPv6 address without its brackets and
 * zone, as RFC 5952 writes it. Empty when none is written, null when it is none.
 *
 * A name is one that DNS could look up, with the underscores that are in use, and without the dot of the root. One beyond ASCII stays as it was
 * written: identifiers in it are redacted by how they stood. `authority` has one character per byte.
 */
export function hostOf(authority: string): string | null {
  if (authority === '') return '';
  if (authority.length > longestAuthority) return null;
  let host = knownHosts.get(authority);
  if (host === undefined) {
    if (knownHosts.size >= mostKnownHosts) knownHosts.clear();
    host = readHost(authority);
    knownHosts.set(copyOf(authority), (host = host && copyOf(host)));
  }
  return host;
}

function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

function readHost(authority: string): string | null {
  const address = /^\[([\da-f:.]+)(?:%[\w.%-]+)?\](?::\d*)?$/i.exec(authority)?.[1];
  if (address !== undefined) return URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : null;
  const name = decodeUtf8(authority.replace(/:\d*$/, '')).toLowerCase().replace(/(?<=.)\.$/, '');
  return name === '' || hostName.test(name) ? name : null;
}

/** Labels of letters and digits of any script, hyphens and underscores. An IPv4 address has the form of one. */
const hostName = /^(?=.{1,253}$)[\p{L}\p{M}\p{N}_-]{1,63}(?:\.[\p{L}\p{M}\p{N}_-]{1,63})*$/u;
