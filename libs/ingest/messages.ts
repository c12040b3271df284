import { createMessage, type Encryption, type Message, type NameResolution, type Sender } from '#dissect';
import { canonicalAddress } from './endpoints.ts';

const mostCertificateNames = 64;

/** A message without packets: its values have no frame. */
export function message(protocol: string, encryption: Encryption, sender: Sender, micros: number): Message {
  return createMessage(protocol, encryption, { sender, frame: 0, micros });
}

export function cleartext(reason: string): Encryption {
  return { verdict: 'cleartext', reason };
}

export function encrypted(reason: string): Encryption {
  return { verdict: 'encrypted', reason };
}

/** Adds a value under the path that it has in captures, so that rules work whatever the source. Empty values are left out. */
export function addField(to: Message, path: string, value: string, key = path.slice(path.lastIndexOf('.') + 1)): void {
  if (value !== '') to.fields.push({ path, key, value, encoding: '', sender: to.sender, frame: 0 });
}

const guests = new Set(['anonymous', 'ftp', 'guest', '<unknown>', '<hidden>']);

/** Adds the credentials of a login. An anonymous login names nobody, and its password is by convention an e-mail address (RFC 1635). */
export function addLogin(to: Message, protocol: string, user: string, password: string): void {
  if (guests.has(user.toLowerCase())) return;
  addField(to, `${protocol}.login.user_name`, user);
  if (!guests.has(password.toLowerCase())) addField(to, `${protocol}.login.password`, password);
}

export interface DnsLog {
  name: string;
  type: string;
  /** Answers as text, of which the addresses are used. */
  answers: readonly string[];
  /** Least TTL of them, seconds. */
  ttl: number;
}

/** A DNS question, with its answer where the log has one. */
export function dnsMessage({ name, type, answers, ttl }: DnsLog, micros: number): Message {
  const addresses = answers.map(canonicalAddress).filter((address) => address !== '');
  const dns = message('dns', cleartext('DNS'), addresses.length > 0 ? 'destination' : 'source', micros);
  const asked = name.replace(/\.$/, '').toLowerCase();
  if (asked !== '') dns.facts['dns.question.name'] = asked;
  if (type !== '') dns.facts['dns.question.type'] = type;
  addField(dns, 'dns.question.name', asked, '');
  if (addresses.length > 0) {
    dns.facts['dns.resolved_ip'] = addresses;
    if (asked !== '') dns.resolution = { name: asked, addresses, ttl } satisfies NameResolution;
  }
  return dns;
}

/** A handshake of TLS, or of QUIC, which holds one. */
export function tlsMessage(protocol: 'tls' | 'quic', serverName: string, alpn: readonly string[], micros: number): Message {
  const tls = message(protocol, encrypted(protocol === 'quic' ? 'QUIC' : 'TLS ClientHello'), 'source', micros);
  const name = serverName.replace(/\.$/, '').toLowerCase();
  if (name !== '') {
    tls.facts['tls.client.server_name'] = name;
    tls.facts['destination.domain'] = name;
    tls.facts['telltale.destination.domain_source'] = 'tls';
    addField(tls, 'tls.client.server_name', name, '');
  }
  if (alpn.length > 0) tls.facts['telltale.tls.alpn'] = [...alpn];
  addField(tls, 'tls.client.alpn', alpn.join(' '), '');
  return tls;
}

const commonName = /(?:^|[,+])\s*CN\s?=\s?((?:\\.|(?!\/[a-z]+=)[^,+\\])+)/gi;

/**
 * The names in the server's certificate: DNS names, and common names of its subject as Zeek and Suricata write it (`CN=a.example,O=b\\,
 * c`). Further attributes of the common name's set follow it after a slash (`CN=a.example/emailAddress=root@a.example`).
 */
export function certificateNames(subject: string, alternativeNames: readonly string[]): string[] {
  const common = [...subject.matchAll(commonName)].map((match) => match[1]!.replaceAll(/\\(.)/g, '$1').trim());
  return [...new Set([...common, ...alternativeNames].map((name) => name.toLowerCase()))].slice(0, mostCertificateNames);
}

export function certificateMessage(names: readonly string[], micros: number): Message {
  const tls = message('tls', encrypted('TLS ClientHello'), 'destination', micros);
  tls.facts['telltale.tls.certificate_names'] = [...names];
  for (const name of names) addField(tls, 'tls.certificate.name', name, 'tls_certificate_name');
  return tls;
}
