import { readsLikeIpv4 } from './address.ts';

/** Maximum number of hops from one message. */
const mostHops = 32;

/**
 * Hops on a session's path that its messages name, as `kind=address` or `kind=name` (`sip-via=198.51.100.9`). The kinds are those of
 * `telltale.flow.hops`. Values that are neither an address nor a host name are skipped.
 */
export class HopList {
  readonly #hops = new Set<string>();

  get texts(): string[] {
    return [...this.#hops];
  }

  /** Adds a machine on the path: a proxy, a relay, the target of a redirect. */
  add(kind: string, host: string): void {
    const bare = bareHost(host);
    if (bare !== '' && this.#hops.size < mostHops) this.#hops.add(`${kind}=${bare}`);
  }

  /**
   * Adds a person's own device. Its full address would identify the person, so only its network is kept, /24 or /48, which is enough to locate
   * its country. Names are skipped.
   */
  addPerson(kind: string, host: string): void {
    const network = networkOf(bareHost(host));
    if (network !== '' && this.#hops.size < mostHops) this.#hops.add(`${kind}=${network}`);
  }
}

/** `address:port`, `[address]:port`; '' if the address or port is invalid. */
export function endpointText(ip: string, port: number): string {
  const bare = bareHost(ip);
  if (port < 1 || port > 65_535) return '';
  if (readsLikeIpv4(bare)) return `${bare}:${port}`;
  // The host of a URL is in the canonical form of RFC 5952.
  return ipv6.test(bare) && URL.canParse(`http://[${bare}]`) ? `${new URL(`http://[${bare}]`).hostname}:${port}` : '';
}

const ipv6 = /^[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}$/;
/** Maximum length of a host with brackets, zone and port; the name alone has up to 253 bytes (RFC 1035, section 2.3.4). */
const longestHost = 300;
const hostName = /^(?=.{1,253}$)[a-z\d_](?:[a-z\d_-]{0,62})(?:\.[a-z\d_-]{1,63})+$/;

/** The host in `host`, `host:port`, `[address]:port`, in lower case; '' if it is not one that can be reached. */
function bareHost(text: string): string {
  if (text.length > longestHost) return '';
  const lower = text.trim().toLowerCase().replace(/^"|"$/g, '').split('%', 1)[0]!;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(lower)?.[1];
  const host = bracketed ?? (ipv6.test(lower) ? lower : lower.replace(/:\d{1,5}$/, ''));
  if (host === '0.0.0.0' || host === '::') return '';
  return readsLikeIpv4(host) || ipv6.test(host) || hostName.test(host) ? host : '';
}

/** `198.51.100.0/24`, `2001:db8:1::/48`; '' if it is not an address. */
function networkOf(host: string): string {
  if (readsLikeIpv4(host)) return `${host.slice(0, host.lastIndexOf('.'))}.0/24`;
  if (!ipv6.test(host)) return '';
  // An IPv4-mapped address ends with the IPv4 address.
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/.exec(host)?.[1];
  if (mapped !== undefined) return networkOf(mapped);
  const [before = '', after] = host.split('::');
  const groups = before === '' ? [] : before.split(':');
  const rest = after === undefined || after === '' ? [] : after.split(':');
  while (after !== undefined && groups.length + rest.length < 8) groups.push('0');
  return `${[...groups, ...rest].slice(0, 3).map((group) => Number.parseInt(group || '0', 16).toString(16)).join(':')}::/48`;
}
