import { BlockList, isIPv6 } from 'node:net';

/** Address ranges of the monitored side where nothing else is configured (RFC 1918, 3927, 4193, 4291, 6598). */
export const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', 'fc00::/7', 'fe80::/10'];

const mostKnown = 16_384;

/** Tells which endpoint of a flow is the monitored one. */
export class MonitoredNetworks {
  readonly #list = new BlockList();
  /** Of addresses asked for lately: flows of one host follow each other. */
  readonly #known = new Map<string, boolean>();

  /** @throws {TypeError} when an entry is not CIDR notation */
  constructor(networks: readonly string[] = privateNetworks) {
    for (const network of networks) {
      const [address, prefix] = network.split('/');
      const length = Number(prefix);
      if (!address || !Number.isInteger(length)) throw new TypeError(`monitored network ${JSON.stringify(network)}: expected CIDR notation such as 10.0.0.0/8`);
      this.#list.addSubnet(address, length, isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  /** The subject is the monitored address of the two; when both or neither are, it is the source. */
  subjectIsDestination(sourceIp: string, destinationIp: string): boolean {
    return !this.#contains(sourceIp) && this.#contains(destinationIp);
  }

  #contains(ip: string): boolean {
    let isMonitored = this.#known.get(ip);
    if (isMonitored === undefined) {
      isMonitored = this.#list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.set(ip, isMonitored);
    }
    return isMonitored;
  }
}
