import { BlockList, isIP, isIPv6 } from 'node:net';
import { parseAddress } from '#capture';

/** Monitored networks if nothing else is configured (RFC 1918, 3927, 4193, 4291, 6598). */
export const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', 'fc00::/7', 'fe80::/10'];

const mostKnown = 16_384;

/** A range of IPv4 addresses. */
interface Range {
  readonly mask: number;
  /** The masked bits that all its addresses share. */
  readonly network: number;
}

/** Determines which endpoint of a flow is the monitored one. */
export class MonitoredNetworks {
  /** All ranges, to check whether there are any and which IPv6 range holds an address. */
  readonly #list = new BlockList();
  /** The IPv4 ranges, compared here, since a call to the platform would create an object per address. */
  readonly #ranges: Range[] = [];
  /** Results for recent IPv6 addresses, since flows of one host follow each other. */
  readonly #known = new Map<string, boolean>();

  /** @throws {TypeError} if an entry is not in CIDR notation */
  constructor(networks: readonly string[] = privateNetworks) {
    for (const network of networks) {
      const [, address = '', prefix] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
      const length = Number(prefix);
      if (Number.isNaN(length) || isIP(address) === 0 || length > (isIPv6(address) ? 128 : 32))
        throw new TypeError(`the monitored network ${JSON.stringify(network)} cannot be used: expected CIDR notation such as 10.0.0.0/8`);
      this.#list.addSubnet(address, length, isIPv6(address) ? 'ipv6' : 'ipv4');
      const range = rangeOf(address, length);
      if (range !== null) this.#ranges.push(range);
    }
  }

  /** The subject is the monitored endpoint; if both or neither are monitored, it is the source. */
  subjectIsDestination(sourceIp: string, destinationIp: string): boolean {
    return !this.#contains(sourceIp) && this.#contains(destinationIp);
  }

  #contains(ip: string): boolean {
    if (ip.includes(':')) return this.#containsIpv6(ip);
    const word = wordOf(ip);
    return this.#ranges.some(({ mask, network }) => (word & mask) === network);
  }

  #containsIpv6(ip: string): boolean {
    let isMonitored = this.#known.get(ip);
    if (isMonitored === undefined) {
      isMonitored = this.#list.check(ip, 'ipv6');
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.set(ip, isMonitored);
    }
    return isMonitored;
  }
}

/** Prefix length of the IPv6 range of mapped IPv4 addresses (RFC 4291, section 2.5.5.2). */
const mappedBits = 96;
const mapped = parseAddress('::ffff:0.0.0.0');

/** The IPv4 addresses in a network, which may be an IPv6 network with mapped ones; null if there are none. */
function rangeOf(address: string, prefix: number): Range | null {
  const bytes = parseAddress(address);
  const isOfIpv6 = bytes.length === mapped.length;
  if (isOfIpv6) for (let bit = 0; bit < Math.min(prefix, mappedBits); bit++) if (bitAt(bytes, bit) !== bitAt(mapped, bit)) return null;
  const length = isOfIpv6 ? Math.max(0, prefix - mappedBits) : prefix;
  const mask = length === 0 ? 0 : -1 << (32 - length);
  return { mask, network: bytes.readInt32BE(bytes.length - 4) & mask };
}

function bitAt(bytes: Buffer, bit: number): number {
  return (bytes[bit >> 3]! >> (7 - (bit & 7))) & 1;
}

/** The 32 bits of an IPv4 address in dotted form. */
function wordOf(ip: string): number {
  let word = 0;
  let byte = 0;
  for (let i = 0; i < ip.length; i++) {
    const code = ip.charCodeAt(i);
    if (code !== 0x2e) byte = byte * 10 + code - 0x30;
    else {
      word = (word << 8) | byte;
      byte = 0;
    }
  }
  return (word << 8) | byte;
}
