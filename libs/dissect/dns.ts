import { parseDns, type DnsMessage } from './dns-message.ts';
import { FieldList } from './fieldlist.ts';
import { hostNames } from './host-names.ts';
import { createMessage, type Encryption, type Message, type NameResolution, type Origin } from './message.ts';
import type { DissectEnvironment } from './options.ts';

/** DNS itself, and its two variants for the local network (RFC 6762, RFC 4795). */
export type DnsProtocol = 'dns' | 'mdns' | 'llmnr';

const cleartext: Encryption = { verdict: 'cleartext', reason: 'DNS' };

/** Parses a message and counts anything malformed in it; counting the message is left to the caller. Null if it is not DNS at all. */
export function readDns(bytes: Buffer, protocol: DnsProtocol, origin: Origin, environment: DissectEnvironment): Message | null {
  const dns = parseDns(bytes);
  if (dns === null) return null;
  if (!dns.complete) environment.counters.add(protocol, 'malformed records');
  return dnsMessage(dns, createMessage(protocol, cleartext, origin), environment);
}

/** Fills in the contents of a parsed DNS message. mDNS and LLMNR responses name hosts of the local network and do not feed a name cache. */
function dnsMessage(dns: DnsMessage, message: Message, environment: DissectEnvironment): Message {
  const { facts, protocol } = message;
  const fields = new FieldList(message, environment);
  for (const question of dns.questions) {
    facts['dns.question.name'] ??= question.name;
    facts['dns.question.type'] ??= typeName(question.type);
    fields.add('dns.question.name', '', question.name);
  }
  fields.add('dns.opt.client_subnet', 'dns_client_subnet', dns.clientSubnet);
  if (protocol === 'mdns' || protocol === 'llmnr')
    for (const { path, key, value } of hostNames(dns, protocol)) fields.add(path, key, value);
  if (!dns.isResponse) return message;
  const asked = dns.questions[0];
  const resolution = asked === undefined ? null : resolve(dns, asked.name);
  for (const alias of resolution?.aliases ?? []) fields.add('dns.answer.cname', '', alias);
  const addresses =
    resolution === null ? dns.answers.filter((answer) => answer.address !== '').map((answer) => answer.address) : resolution.addresses;
  if (addresses.length > 0) facts['dns.resolved_ip'] = addresses;
  if (protocol === 'dns' && resolution !== null && addresses.length > 0) message.resolution = resolution;
  return message;
}

/** Follows the CNAMEs from the queried name to its addresses. Records for other names are not trusted. */
function resolve(dns: DnsMessage, name: string): NameResolution {
  const chain = new Set([name]);
  const addresses: string[] = [];
  let ttl = Infinity;
  for (const answer of dns.answers) {
    if (!chain.has(answer.name)) continue;
    if (answer.canonicalName !== '') chain.add(answer.canonicalName);
    else if (answer.address !== '') addresses.push(answer.address);
    else continue;
    ttl = Math.min(ttl, answer.ttl);
  }
  return { name, addresses, aliases: [...chain].slice(1), ttl: Number.isFinite(ttl) ? ttl : 0 };
}

/** Record types by number (IANA, Domain Name System Parameters); others are `TYPE65280` (RFC 3597, section 5). */
const typeNames: Record<number, string | undefined> = {
  1: 'A', 2: 'NS', 5: 'CNAME', 6: 'SOA', 10: 'NULL', 12: 'PTR', 13: 'HINFO', 15: 'MX', 16: 'TXT', 17: 'RP', 18: 'AFSDB', 24: 'SIG',
  25: 'KEY', 28: 'AAAA',
  29: 'LOC', 33: 'SRV', 35: 'NAPTR', 37: 'CERT', 39: 'DNAME', 41: 'OPT', 43: 'DS', 44: 'SSHFP', 46: 'RRSIG', 47: 'NSEC', 48: 'DNSKEY', 50: 'NSEC3',
  51: 'NSEC3PARAM', 52: 'TLSA', 59: 'CDS', 60: 'CDNSKEY', 64: 'SVCB', 65: 'HTTPS', 99: 'SPF', 249: 'TKEY', 250: 'TSIG', 251: 'IXFR',
  252: 'AXFR', 255: 'ANY', 257: 'CAA',
};

function typeName(type: number): string {
  return typeNames[type] ?? `TYPE${type}`;
}
