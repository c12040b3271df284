import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnswerList, type Topic } from './answers.ts';
import type { OracleCase } from './case.ts';
import { addressOf } from './values.ts';

/** Fields of EVE and what they are compared as; `[]` is any element. */
const fields: Record<string, Topic | undefined> = {
  'http.hostname': 'http.domain', 'http.status': 'http.status', 'http.http_method': 'http.method', 'http.url': 'http.target',
  'dns.rrname': 'dns.question', 'dns.queries[].rrname': 'dns.question', 'dns.answers[].rdata': 'dns.address', 'dns.grouped.A[]': 'dns.address',
  'tls.sni': 'tls.server_name', 'tls.ja4': 'tls.ja4', 'quic.ja4': 'tls.ja4', 'tls.client_alpns[]': 'tls.alpn',
  'smtp.mail_from': 'mail', 'smtp.rcpt_to[]': 'mail',
  'mqtt.connect.client_id': 'mqtt.client', 'mqtt.connect.username': 'login', 'mqtt.publish.topic': 'mqtt.topic',
  'mqtt.subscribe.topics[].topic': 'mqtt.topic',
  'snmp.community': 'snmp.community', 'sip.method': 'sip.method', 'krb5.cname': 'login', 'pgsql.request.startup_parameters.user': 'login',
  'rdp.cookie': 'login', 'smb.ntlmssp.user': 'login',
};

/** Event types, and applications of flows, whose protocol we should name too. */
const protocols: Record<string, string | undefined> = {
  http: 'http', http2: 'http', doh2: 'http', tls: 'tls', dns: 'dns', llmnr: 'llmnr', mdns: 'mdns', smtp: 'smtp', ftp: 'ftp', sip: 'sip',
  mqtt: 'mqtt', snmp: 'snmp', quic: 'quic',
  dhcp: 'dhcp', krb5: 'kerberos', ldap: 'ldap', pop3: 'pop3', imap: 'imap', pgsql: 'postgresql', rdp: 'rdp', smb: 'smb', ssh: 'ssh',
  websocket: 'websocket', rfb: 'rfb', nfs: 'nfs',
  dcerpc: 'dcerpc',
};

interface Expectation {
  readonly test: string;
  readonly count: number;
  readonly match: Record<string, unknown>;
}

/** Events that Suricata's tests expect of their captures: some of what it says, so that only what we lack is a disagreement. */
export function suricataCases(folder: string, files: readonly string[]): OracleCase[] {
  const path = join(folder, 'suricata-verify/EXPECTED_EVE.ndjson');
  if (!existsSync(path)) return [];
  const expectations = readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Expectation);
  const lists = new Map<string, AnswerList>();
  for (const { test, count, match } of expectations) {
    const file = captureOf(folder, files, test);
    if (file === null || count === 0) continue;
    const list = lists.get(file) ?? new AnswerList();
    lists.set(file, list);
    const type = String(match['event_type'] ?? '');
    list.add('protocol', protocols[type === 'flow' ? String(match['app_proto'] ?? '') : type]);
    for (const [key, value] of Object.entries(match)) addValue(list, key.replace(/\[\d+\]/g, '[]'), value);
  }
  return [...lists].map(([file, { answers }]) => ({
    oracle: 'suricata',
    file,
    theirs: answers,
    topics: [...answers.keys()],
    isPartial: true,
    isDistinct: true,
  }));
}

function addValue(list: AnswerList, key: string, value: unknown): void {
  if (Array.isArray(value)) {
    for (const one of value) addValue(list, `${key}[]`, one);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) addValue(list, `${key}.${name}`, one);
  } else {
    const topic = fields[key];
    if (topic === undefined) return;
    const written = String(value);
    // The target of CONNECT is a host, which we report as such.
    if (topic === 'http.target' && !written.startsWith('/')) return;
    list.add(
      topic,
      topic === 'dns.address'
        ? addressOf(written)
        : topic === 'mail'
          ? written.replace(/^<|>$/g, '')
          : topic === 'http.domain'
            ? written.replace(/^\[|\]$/g, '')
            : written,
    );
  }
}

/** The capture of a test; null for a test with two, which does not say which one it means. */
function captureOf(folder: string, files: readonly string[], test: string): string | null {
  const inside = join('suricata-verify', test);
  if (!existsSync(join(folder, inside))) return null;
  const captures = readdirSync(join(folder, inside)).map((name) => join(inside, name)).filter((name) => files.includes(name));
  return captures.length === 1 ? captures[0]! : null;
}
