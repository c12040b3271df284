import { printable } from './values.ts';

/**
 * What is compared: for each topic, the values in one capture, each as often as it occurs (for a topic in {@link distinct}: once). Names
 * are in lower case, addresses in the form of RFC 5952.
 */
export type Answers = Map<Topic, string[]>;

export const topics = {
  'http.request': 'method and target of a request',
  'http.host': 'Host of a request',
  'http.domain': 'host of a request, without its port',
  'http.method': 'method of a request',
  'http.target': 'target of a request',
  'http.status': 'status code of a response',
  'dns.question': 'name asked for, over DNS, mDNS and LLMNR',
  'dns.address': 'address in an answer',
  'tls.server_name': 'server name of a ClientHello over TCP, once per connection',
  'dtls.server_name': 'server name of a ClientHello over DTLS, once per connection',
  'quic.server_name': 'server name of a ClientHello in QUIC, once per connection',
  'tls.alpn': 'application protocols that a ClientHello over TCP offers',
  'server_name': 'server name of a ClientHello over any transport',
  'certificate': 'name in the certificate of a server, over any transport',
  'tls.ja4': 'JA4 fingerprint',
  'tls.ja4.digests': 'JA4 fingerprint without the letters for server name and protocol',
  'stun.message': 'STUN message',
  'stun.type': 'method and class of a STUN message that tells an address, a realm or a software',
  'stun.mapped': '(XOR-)MAPPED-ADDRESS',
  'stun.relayed': 'XOR-RELAYED-ADDRESS',
  'stun.peer': 'XOR-PEER-ADDRESS',
  'stun.username': 'USERNAME',
  'stun.realm': 'REALM',
  'stun.software': 'SOFTWARE',
  'sip.method': 'method of a SIP request',
  'sip.status': 'status code of a SIP response',
  'sip.from': 'user of From',
  'sip.to': 'user of To',
  'sip.address': 'addresses in Via, Contact and SDP',
  'connection': 'endpoints of a flow',
  'flow': 'endpoints, packets and bytes of an exported flow',
  'login': 'user name of a login',
  'mail': 'sender or recipient of an envelope',
  'mqtt.client': 'client identifier of MQTT',
  'mqtt.topic': 'topic of MQTT',
  'snmp.community': 'SNMP community',
  'protocol': 'application protocol that is spoken at all',
} as const;
export type Topic = keyof typeof topics;

/** Topics whose values are repeated many times; how often depends on what a tool takes for a repetition. */
export const distinct: ReadonlySet<Topic> = new Set([
  'dtls.server_name', 'quic.server_name', 'tls.ja4', 'tls.ja4.digests', 'server_name', 'certificate', 'sip.address', 'connection', 'login',
  'mail', 'mqtt.client', 'mqtt.topic', 'snmp.community', 'protocol',
]);

export class AnswerList {
  readonly answers: Answers = new Map();

  add(topic: Topic, text: string | undefined): void {
    if (text === undefined || text === '') return;
    const value = printable(text);
    const values = this.answers.get(topic);
    if (values === undefined) this.answers.set(topic, [value]);
    else if (!distinct.has(topic) || !values.includes(value)) values.push(value);
  }
}

export interface Comparison {
  readonly theirs: number;
  /** Theirs that we lack, and ours that they lack. */
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/** One topic of one capture. */
export function compare(theirs: readonly string[] = [], ours: readonly string[] = []): Comparison {
  return { theirs: theirs.length, missing: without(theirs, ours), extra: without(ours, theirs) };
}

/** The values of `some` without a counterpart in `others`. */
function without(some: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const value of others) left.set(value, (left.get(value) ?? 0) + 1);
  return some.filter((value) => {
    const count = left.get(value) ?? 0;
    if (count > 0) left.set(value, count - 1);
    return count === 0;
  });
}
