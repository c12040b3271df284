import { readsLikeIpv4 } from './address.ts';

/** Hops that one message may tell. */
const mostHops = 32;

/**
 * Places on a session's path that its messages name, as `kind=address` or `kind=name` (`sip-via=198.51.100.9`). Kinds are those of
 * `telltale.flow.hops`. What is neither an address nor a host name is left out.
 */
export class HopList {
  readonly #hops = new Set<string>();

  get texts(): string[] {
    return [...this.#hops];
  }

  /** A machine of the path: a proxy, a relay, a redirection's target. */
  add(kind: string, host: string): void {
    const bare = bareHost(host);
    if (bare !== '' && this.#hops.size < mostHops) this.#hops.add(`${kind}=${bare}`);
  }

  /**
   * Somebody's own device. Who has an address knows a person: only its network is told, /24 or /48, which is enough to say in which
   * country it is. Names are left out.
   */
  addPerson(kind: string, host: string): void {
    const network = networkOf(bareHost(host));
    if (network !== '' && this.#hops.size < mostHops) this.#hops.add(`${kind}=${network}`);
  }
}

/** `address:port`, `[address]:port`; '' for what is no address, or no port. */
export function endpointText(ip: string, port: number): string {
  const bare = bareHost(ip);
  if (port < 1 || port > 65_535) return '';
  if (readsLikeIpv4(bare)) return `${bare}:${port}`;
  // A URL's host is in the canonical form of RFC 5952.
  return ipv6.test(bare) && URL.canParse(`http://[${bare}]`) ? `${new URL(`http://[${bare}]`).hostname}:${port}` : '';
}

const ipv6 = /^[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}$/;
/** Bytes of a host with brackets, zone and port; the name alone has 253 (RFC 1035, section 2.3.4). */
const longestHost = 300;
const hostName = /^(?=.{1,253}$)[a-z\d_](?:[a-z\d_-]{0,62})(?:\.[a-z\d_-]{1,63})+$/;

/** Host of `host`, `host:port`, `[address]:port`, in lower case; '' when it is none that leads anywhere. */
function bareHost(text: string): string {
  if (text.length > longestHost) return '';
  const lower = text.trim().toLowerCase().replace(/^"|"$/g, '').split('%', 1)[0]!;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(lower)?.[1];
  const host = bracketed ?? (ipv6.test(lower) ? lower : lower.replace(/:\d{1,5}$/, ''));
  if (host === '0.0.0.0' || host === '::') return '';
  return readsLikeIpv4(host) || ipv6.test(host) || hostName.test(host) ? host : '';
}

/** `198.51.100.0/24`, `2001:db8:1::/48`; '' for what is no address. */
function networkOf(host: string): string {
  if (readsLikeIpv4(host)) return `${host.slice(0, host.lastIndexOf('.'))}.0/24`;
  if (!ipv6.test(host)) return '';
  // A mapped address is the IPv4 address at its end.
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/.exec(host)?.[1];
  if (mapped !== undefined) return networkOf(mapped);
  const [before = '', after] = host.split('::');
  const groups = before === '' ? [] : before.split(':');
  const rest = after === undefined || after === '' ? [] : after.split(':');
  while (after !== undefined && groups.length + rest.length < 8) groups.push('0');
  return `${[...groups, ...rest].slice(0, 3).map((group) => Number.parseInt(group || '0', 16).toString(16)).join(':')}::/48`;
}
