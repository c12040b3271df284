import { Cidr } from './cidr.ts';

/**
 * - `global`: an address that the tables may be asked about.
 * - `local`: never leaves the monitored network (private, loopback, link-local, multicast …), so it is in no jurisdiction.
 * - `reserved`: it says nothing about a place (documentation, carrier NAT, transition mechanisms, future use).
 */
export type AddressScope = 'global' | 'local' | 'reserved';

/**
 * IANA special-purpose registries (RFC 6890; https://www.iana.org/assignments/iana-ipv4-special-registry/, iana-ipv6-special-registry).
 * Prefix tables do carry countries for some of these (203.0.113.0/24 is AU, 2001:db8::/32 is JP by registry), so these ranges are checked first.
 */
const ranges: readonly (readonly [string, Exclude<AddressScope, 'global'>])[] = [
  ['0.0.0.0/8', 'local'], // This network, RFC 791
  ['10.0.0.0/8', 'local'], // Private use, RFC 1918
  ['100.64.0.0/10', 'reserved'], // Carrier-grade NAT, RFC 6598: some carrier's, which one is unknown
  ['127.0.0.0/8', 'local'], // Loopback, RFC 1122
  ['169.254.0.0/16', 'local'], // Link-local, RFC 3927
  ['172.16.0.0/12', 'local'],
  ['192.0.0.0/24', 'reserved'], // IETF protocol assignments, RFC 6890
  ['192.0.2.0/24', 'reserved'], // Documentation, RFC 5737
  ['192.88.99.0/24', 'reserved'], // 6to4 relay anycast, RFC 7526
  ['192.168.0.0/16', 'local'],
  ['198.18.0.0/15', 'reserved'], // Benchmarking, RFC 2544
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'local'], // Multicast, RFC 5771
  ['255.255.255.255/32', 'local'], // Limited broadcast, RFC 919
  ['240.0.0.0/4', 'reserved'], // Future use, RFC 1112
  ['::/127', 'local'], // Unspecified and loopback, RFC 4291
  ['::ffff:0:0/96', 'reserved'], // IPv4-mapped: not an address on any wire
  ['::/96', 'reserved'], // IPv4-compatible, deprecated
  ['64:ff9b::/96', 'reserved'], // NAT64, RFC 6052
  ['64:ff9b:1::/48', 'reserved'], // Local-use NAT64, RFC 8215
  ['100::/64', 'reserved'], // Discard only, RFC 6666
  ['2001::/23', 'reserved'], // IETF protocol assignments, among them Teredo 2001::/32 (RFC 4380) and ORCHID
  ['2001:db8::/32', 'reserved'], // Documentation, RFC 3849
  ['2002::/16', 'reserved'], // 6to4, RFC 3056
  ['3fff::/20', 'reserved'], // Documentation, RFC 9637
  ['5f00::/16', 'reserved'], // Segment routing SIDs, RFC 9602
  ['fc00::/7', 'local'], // Unique local, RFC 4193
  ['fe80::/10', 'local'], // Link-local
  ['ff00::/8', 'local'], // Multicast
];

/** The ranges as blocks; where they nest, the narrower one decides. */
export const specialRanges: readonly { cidr: Cidr; scope: Exclude<AddressScope, 'global'> }[] =
  ranges.map(([text, scope]) => ({ cidr: Cidr.parse(text)!, scope }));
