import type { DnsMessage } from './dns-message.ts';

/** A name by which a host of the local network announces itself. */
export interface HostName {
  readonly path: string;
  readonly key: string;
  readonly value: string;
}

const A = 1;
const PTR = 12;
const TXT = 16;
const AAAA = 28;
const SRV = 33;
const ANY = 255;

const mostNames = 16;

/**
 * Services whose instances are named by or after their owner (DNS-SD, RFC 6763, section 4.1.1). Printers, players and speakers are named after
 * rooms or models.
 */
const personal =
  /^(.{1,63}?)\._(?:companion-link|airplay|raop|device-info|rdlink|smb|afpovertcp|ssh|sftp-ssh|rfb|workstation|adisk|eppc|touch-able|presence|nomachine|homekit|apple-mobdev2?|airdrop|asquic)\._(?:tcp|udp)\.local$/;

/**
 * Host names in a multicast DNS (RFC 6762) or LLMNR (RFC 4795) message: those whose addresses it announces, and service instances named by
 * people. A question names some other host, unless a host uses it to check that its own name is unique.
 */
export function hostNames(dns: DnsMessage, protocol: string): HostName[] {
  const names = new Map<string, HostName>();
  const add = (path: string, key: string, value: string): void => {
    if (value !== '' && names.size < mostNames) names.set(`${key} ${value}`, { path, key, value });
  };
  if (protocol === 'llmnr') {
    if (dns.isResponse) for (const { name, type } of dns.records) if (type === A || type === AAAA) add('llmnr.host_name', 'llmnr_host_name', name);
    if (!dns.isResponse) for (const { name, type } of dns.questions) if (type === ANY) add('llmnr.host_name', 'llmnr_host_name', name);
    return [...names.values()];
  }
  for (const { name, type, target } of dns.records) {
    if (type === A || type === AAAA) add('mdns.host_name', 'mdns_host_name', withoutLocal(name));
    if (type === SRV || type === PTR) add('mdns.host_name', 'mdns_host_name', withoutLocal(target));
    if (type === SRV || type === TXT || type === PTR) add('mdns.instance_name', 'mdns_instance_name', instanceOf(type === PTR ? target : name));
  }
  return [...names.values()];
}

/** `lucas-imac` of `lucas-imac.local`; empty for service names and for other domains. */
function withoutLocal(name: string): string {
  return /^([^.]{1,63})\.local$/.exec(name)?.[1] ?? '';
}

/** A speaker's name follows the address of its device (`a1b2c3d4e5f6@living room`), a workstation's precedes it (`host [a1:b2:…]`). */
function instanceOf(name: string): string {
  const instance = personal.exec(name)?.[1] ?? '';
  return instance.replace(/^[0-9a-f]{12}@/, '').replace(/ \[[0-9a-f:]{17}\]$/, '');
}
