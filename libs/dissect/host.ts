import { decodeUtf8 } from './urlencoded.ts';

/** Maximum length, with brackets, zone and port; a name alone has up to 253 characters (RFC 1035, section 2.3.4). */
const longestAuthority = 320;

/**
 * Recently seen hosts by their text in the message: messages repeat a few dozen. Hosts are copied, since a slice keeps its whole string in
 * memory: a flow, which keeps its host, would keep the head of its first request.
 */
const knownHosts = new Map<string, string | null>();
const mostKnownHosts = 1024;

/**
 * The host of `host`, `host:port` or `[address]:port` (RFC 3986, section 3.2.2), in lower case; an IPv6 address without brackets and zone, in the
 * form of RFC 5952. Empty if none is given, null if it is invalid.
 *
 * A name is accepted if DNS could resolve it; underscores, which are in use, are allowed, and a trailing dot is removed. A non-ASCII name stays
 * as it was written, since identifiers in it are redacted by their original text. `authority` has one character per byte.
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

/** Labels of letters and digits of any script, hyphens and underscores. IPv4 addresses match too. */
const hostName = /^(?=.{1,253}$)[\p{L}\p{M}\p{N}_-]{1,63}(?:\.[\p{L}\p{M}\p{N}_-]{1,63})*$/u;
