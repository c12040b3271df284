/** IP protocol numbers that the library supports. */
export const ICMP = 1;
export const IPV4 = 4;
export const TCP = 6;
export const UDP = 17;
export const IPV6 = 41;
export const GRE = 47;
export const ICMPV6 = 58;
export const SCTP = 132;
export const MPLS = 137;

/** TCP flags (RFC 9293, section 3.1). */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** https://www.iana.org/assignments/protocol-numbers, lower case. */
const names = new Map([
  [ICMP, 'icmp'], [2, 'igmp'], [IPV4, 'ipv4'], [TCP, 'tcp'], [8, 'egp'], [UDP, 'udp'], [33, 'dccp'], [IPV6, 'ipv6'], [46, 'rsvp'], [GRE, 'gre'],
  [50, 'esp'], [51, 'ah'], [ICMPV6, 'ipv6-icmp'], [59, 'ipv6-nonxt'], [88, 'eigrp'], [89, 'ospf'], [103, 'pim'], [108, 'ipcomp'],
  [112, 'vrrp'], [115, 'l2tp'], [SCTP, 'sctp'], [136, 'udplite'], [MPLS, 'mpls-in-ip'],
]);

/** Name of an IP protocol, or its number in decimal if it is not a common one. */
export function transportName(protocol: number): string {
  return names.get(protocol) ?? String(protocol);
}
