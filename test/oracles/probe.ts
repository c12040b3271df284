import { CaptureError } from '#capture';
import type { Message } from '#dissect';
import { dissectFlows } from '../../libs/dissect/testing/dissect-capture.ts';
import { AnswerList, type Answers, type Topic } from './answers.ts';

/** The answers of the probe's decoders and dissectors for a capture; none for another file. */
export function askProbe(capture: Buffer): Answers {
  const collector = new Collector();
  try {
    dissectFlows(capture, (flow) => {
      if (flow.transport === 'tcp' || flow.transport === 'udp') {
        collector.list.add('connection', connection(flow.transport, [flow.sourceIp, flow.sourcePort], [flow.destinationIp, flow.destinationPort]));
      }
      const greeted = new Set<string>();
      return (message) => { collector.message(message, greeted); };
    });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  return collector.list.answers;
}

/** Fields that are compared as they are. */
const fieldTopics: Record<string, Topic | undefined> = {
  'dns.question.name': 'dns.question', 'http.request.header.host': 'http.host', 'stun.username': 'stun.username',
  'stun.ice_username': 'stun.username',
  'sip.from.uri': 'sip.from', 'sip.from.phone': 'sip.from', 'sip.to.uri': 'sip.to', 'sip.to.phone': 'sip.to',
  'smtp.mail_from': 'mail', 'smtp.rcpt_to': 'mail',
  'mqtt.connect.client_id': 'mqtt.client', 'mqtt.topic': 'mqtt.topic', 'mqtt.connect.username': 'login', 'snmp.community': 'snmp.community',
  'snmp.user': 'snmp.community',
  'radius.user_name': 'login', 'rdp.login.user_name': 'login',
};

class Collector {
  readonly list = new AnswerList();

  /** @param greeted the names that were already listed for this message's flow */
  message(message: Message, greeted: Set<string>): void {
    const { list } = this;
    const { protocol, facts, fields } = message;
    list.add('protocol', protocol);
    // tshark names the parts of a request in HTTP/2 otherwise; a test of the dissector compares them.
    if (message.encryption.reason === 'HTTP/2') return;
    if (protocol === 'http') this.#http(message);
    for (const { path, value } of fields) {
      const topic = fieldTopics[path];
      if (topic === 'sip.from' || topic === 'sip.to') list.add(topic, value.replace(/^sips?:/, '').replace(/@.*$/, ''));
      else if (topic !== undefined) list.add(topic, topic === 'http.host' ? value.toLowerCase() : value);
      else if (path.endsWith('.login.user_name')) list.add('login', value);
    }
    if (/dns|llmnr/.test(protocol)) for (const ip of facts['dns.resolved_ip'] ?? []) list.add('dns.address', ip);
    const name = facts['tls.client.server_name'];
    if (name !== undefined && !greeted.has(name)) {
      greeted.add(name);
      list.add(`${protocol as 'tls' | 'dtls' | 'quic'}.server_name`, name);
    }
    if (protocol === 'tls' && facts['telltale.tls.alpn'] !== undefined && !greeted.has('ALPN')) {
      greeted.add('ALPN');
      for (const alpn of facts['telltale.tls.alpn']) list.add('tls.alpn', alpn);
    }
    list.add('server_name', name);
    for (const shown of facts['telltale.tls.certificate_names'] ?? []) list.add('certificate', shown);
    list.add('tls.ja4', facts['telltale.tls.ja4']);
    list.add('tls.ja4.digests', facts['telltale.tls.ja4'] && ja4Digests(facts['telltale.tls.ja4']));
    if (protocol === 'stun') this.#stun(message);
    if (protocol === 'sip') this.#sip(message);
  }

  #http({ facts }: Message): void {
    const status = facts['http.response.status_code'];
    if (status !== undefined) return this.list.add('http.status', String(status));
    const query = facts['url.query'];
    const target = `${facts['url.path'] ?? ''}${query === undefined ? '' : `?${query}`}`;
    this.list.add('http.request', `${facts['http.request.method']} ${target}`);
    this.list.add('http.method', facts['http.request.method']);
    this.list.add('http.target', target);
    this.list.add('http.domain', facts['url.domain']);
  }

  #sip({ facts }: Message): void {
    const status = facts['telltale.sip.status_code'];
    if (status === undefined) this.list.add('sip.method', facts['telltale.sip.method']);
    else this.list.add('sip.status', String(status));
    for (const ip of facts['telltale.session.ip'] ?? []) this.list.add('sip.address', ip);
  }

  #stun({ facts }: Message): void {
    const { list } = this;
    list.add('stun.message', 'message');
    list.add('stun.type', facts['telltale.stun.type']);
    list.add('stun.mapped', facts['telltale.stun.mapped_ip']);
    list.add('stun.relayed', facts['telltale.stun.relayed_ip']);
    for (const ip of facts['telltale.stun.peer_ip'] ?? []) list.add('stun.peer', ip);
    list.add('stun.realm', facts['telltale.stun.realm']);
    list.add('stun.software', facts['telltale.stun.software']);
  }
}

/** A fingerprint without the letters for server name and protocol, and with zeros for the digest of nothing: nDPI has its own ideas of these. */
export function ja4Digests(fingerprint: string): string {
  return `${fingerprint.slice(0, 3)}${fingerprint.slice(4, 8)}${fingerprint.slice(10)}`.replaceAll('e3b0c44298fc', '000000000000');
}

/** Transport and endpoints in alphabetical order: who opened a flow that was caught in the middle is a guess. */
export function connection(transport: string, ...ends: [ip: string, port: number][]): string {
  return [transport, ...ends.map(([ip, port]) => `${ip}/${port}`).toSorted()].join(' ');
}
