import type { Message } from '#dissect';
import type { IngestCounters } from './counters.ts';
import { httpMessages, type HeaderList } from './http-exchange.ts';
import { addField, addLogin, certificateMessage, certificateNames, cleartext, dnsMessage, encrypted, message, tlsMessage } from './messages.ts';
import { count, object, objects, text, texts, type Row } from './row.ts';

/** Reads an event's object for a protocol, which is under the protocol's name. */
type EventReader = (event: Row, micros: number, counters: IngestCounters) => Message[];

/** Readers of the events that are about a message, by event type. */
export const suricataEvents: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
  ['http', http],
  ['dns', dns],
  ['tls', (event, micros) => {
    const tls = object(event, 'tls');
    const hello = tlsMessage('tls', text(tls, 'sni'), texts(tls, 'client_alpns'), micros);
    const names = certificateNames(text(tls, 'subject'), texts(tls, 'subjectaltname'));
    return names.length === 0 ? [hello] : [hello, certificateMessage(names, micros)];
  }],
  ['quic', (event, micros) => [tlsMessage('quic', text(object(event, 'quic'), 'sni'), [], micros)]],
  ['smtp', smtp],
  ['ftp', ftp],
  ['pop3', (event, micros) => {
    const request = object(object(event, 'pop3'), 'request');
    const pop3 = message('pop3', cleartext('POP3'), 'source', micros);
    addCommand(pop3, 'pop3', text(request, 'command'), texts(request, 'args').join(' '));
    return [pop3];
  }],
  ['sip', valuesOf('sip', { uri: 'uri', request_line: 'request_line' })],
  ['mqtt', (event, micros) => {
    const mqtt = message('mqtt', cleartext('MQTT'), 'source', micros);
    const connect = object(object(event, 'mqtt'), 'connect');
    const publish = object(object(event, 'mqtt'), 'publish');
    addField(mqtt, 'mqtt.connect.client_id', text(connect, 'client_id'), 'mqtt_client_id');
    addField(mqtt, 'mqtt.connect.username', text(connect, 'username'));
    addField(mqtt, 'mqtt.connect.password', text(connect, 'password'));
    addField(mqtt, 'mqtt.topic', text(publish, 'topic'));
    const payload = text(publish, 'message');
    if (payload !== '') mqtt.payload = Buffer.from(payload);
    for (const topic of objects(object(object(event, 'mqtt'), 'subscribe'), 'topics')) addField(mqtt, 'mqtt.topic', text(topic, 'topic'));
    return [mqtt];
  }],
  ['ike', (_event, micros) => [message('ike', encrypted('IKE'), 'source', micros)]],
  ['ssh', (_event, micros) => [message('ssh', encrypted('SSH'), 'source', micros)]],
  ['krb5', (event, micros) => {
    const krb5 = message('kerberos', cleartext('Kerberos'), 'source', micros);
    const user = text(object(event, 'krb5'), 'cname');
    // `<empty>` where the message has none.
    if (!user.startsWith('<')) addLogin(krb5, 'kerberos', user, '');
    return [krb5];
  }],
  ['rdp', (event, micros) => {
    const rdp = message('rdp', cleartext('RDP'), 'source', micros);
    addLogin(rdp, 'rdp', text(object(event, 'rdp'), 'cookie'), '');
    const client = object(object(event, 'rdp'), 'client');
    addField(rdp, 'rdp.client_name', text(client, 'client_name'), 'netbios_name');
    addField(rdp, 'rdp.client_product_id', text(client, 'id'), 'rdp_client_product_id');
    return [rdp];
  }],
  ['snmp', (event, micros) => {
    const snmp = object(event, 'snmp');
    const isV3 = count(snmp, 'version') === 3;
    const one = message('snmp', isV3 ? encrypted('SNMPv3') : cleartext('SNMP'), 'source', micros);
    addField(one, 'snmp.community', text(snmp, 'community'), 'snmp_community');
    addField(one, 'snmp.user', text(snmp, 'usm'), 'username');
    return [one];
  }],
  ['smb', (event, micros) => {
    const smb = object(event, 'smb');
    const ntlmssp = object(smb, 'ntlmssp');
    const one = message('smb', cleartext('SMB'), 'source', micros);
    addLogin(one, 'ntlm', text(ntlmssp, 'user'), '');
    addField(one, 'ntlm.login.workstation', text(ntlmssp, 'host'), 'netbios_name');
    addField(one, 'smb.path', text(smb, 'share') || text(smb, 'filename'));
    return [one];
  }],
  ['pgsql', (event, micros) => {
    const request = object(object(event, 'pgsql'), 'request');
    const one = message('postgresql', cleartext('PostgreSQL'), 'source', micros);
    addLogin(one, 'postgresql', text(object(request, 'startup_parameters'), 'user'), text(request, 'password'));
    addField(one, 'postgresql.argument', text(request, 'simple_query'));
    return [one];
  }],
  ['ldap', (event, micros) => {
    const request = object(object(event, 'ldap'), 'request');
    const ldap = message('ldap', cleartext('LDAP'), 'source', micros);
    addLogin(ldap, 'ldap', text(object(request, 'bind_request'), 'name'), '');
    addField(ldap, 'ldap.object', text(object(request, 'search_request'), 'base_object'));
    return [ldap];
  }],
]);

function valuesOf(protocol: string, names: Readonly<Record<string, string>>): EventReader {
  return (event, micros) => {
    const one = message(protocol, cleartext(protocol.toUpperCase()), 'source', micros);
    const values = object(event, protocol);
    for (const [from, to] of Object.entries(names)) addField(one, `${protocol}.${to}`, text(values, from));
    return [one];
  };
}

/** HTTP/1 and, since Suricata 6, HTTP/2, whose method and target are among its headers. */
function http(event: Row, micros: number, counters: IngestCounters): Message[] {
  const http = object(event, 'http');
  const request = headersOf(http, 'request_headers');
  const response = headersOf(http, 'response_headers');
  const named = (headers: HeaderList, name: string): string => headers.find(([one]) => one.toLowerCase() === name)?.[1] ?? '';
  const single: HeaderList = [
    ['Host', text(http, 'hostname') || named(request, ':authority')],
    ['User-Agent', text(http, 'http_user_agent')],
    ['Referer', text(http, 'http_refer')],
    ['Cookie', text(http, 'cookie')],
    ['X-Forwarded-For', text(http, 'xff')],
  ];
  const url = text(http, 'url') || named(request, ':path');
  return httpMessages({
    // A response whose request was not seen has neither method nor target.
    method: text(http, 'http_method') || named(request, ':method'),
    target: url.startsWith('/libhtp::request_uri_not_seen') ? '' : url,
    requestHeaders: [...single.filter(([name, value]) => value !== '' && named(request, name.toLowerCase()) === ''), ...request],
    requestBody: bodyOf(http, 'http_request_body'),
    status: count(http, 'status') || Number(named(response, ':status')) || 0,
    responseHeaders: response,
    responseBody: bodyOf(http, 'http_response_body'),
    encryption: cleartext(text(http, 'version') === '2' ? 'HTTP/2' : 'HTTP/1'),
  }, micros, counters);
}

function headersOf(http: Row | undefined, column: string): HeaderList {
  return objects(http, column).map((header) => [text(header, 'name'), text(header, 'value')]);
}

/** A body, in base64 or else with unprintable bytes replaced by dots. */
function bodyOf(http: Row | undefined, column: string): Buffer | null {
  const base64 = text(http, column);
  if (base64 !== '') return Buffer.from(base64, 'base64');
  const printable = text(http, `${column}_printable`);
  return printable === '' ? null : Buffer.from(printable);
}

/** Version 1 has one record per event, version 2 the answers in a list, version 3 (Suricata 8) the questions too. */
function dns(event: Row, micros: number): Message[] {
  const dns = object(event, 'dns');
  const question = objects(dns, 'queries')[0] ?? dns;
  const type = text(dns, 'type');
  if (type !== 'answer' && type !== 'response')
    return [dnsMessage({ name: text(question, 'rrname'), type: text(question, 'rrtype'), answers: [], ttl: 0 }, micros)];
  const answers = objects(dns, 'answers');
  const records = answers.length > 0 ? answers : [dns ?? {}];
  const addresses = records.filter((record) => /^A{1,4}$/.test(text(record, 'rrtype')) && text(record, 'rdata') !== '');
  const grouped = object(dns, 'grouped');
  return [dnsMessage({
    name: text(question, 'rrname'),
    type: text(question, 'rrtype'),
    answers: addresses.length > 0 ? addresses.map((record) => text(record, 'rdata')) : [...texts(grouped, 'A'), ...texts(grouped, 'AAAA')],
    ttl: addresses.length > 0 ? Math.min(...addresses.map((record) => count(record, 'ttl'))) : 0,
  }, micros)];
}

/** The address in `<address>`, as envelopes have it. */
function mailbox(path: string): string {
  return /^<(.*)>$/.exec(path)?.[1] ?? path;
}

function smtp(event: Row, micros: number): Message[] {
  const smtp = object(event, 'smtp');
  const email = object(event, 'email');
  const mail = message('smtp', cleartext('SMTP'), 'source', micros);
  addField(mail, 'smtp.helo', text(smtp, 'helo'));
  addField(mail, 'smtp.mail_from', mailbox(text(smtp, 'mail_from')));
  for (const recipient of texts(smtp, 'rcpt_to')) addField(mail, 'smtp.rcpt_to', mailbox(recipient));
  for (const name of ['from', 'to', 'cc', 'bcc', 'reply_to', 'subject', 'x_mailer', 'user_agent', 'received']) {
    for (const value of texts(email, name)) addField(mail, `smtp.header.${name}`, value);
  }
  for (const url of texts(email, 'url')) addField(mail, 'smtp.body.url', url);
  return [mail];
}

function ftp(event: Row, micros: number): Message[] {
  const ftp = object(event, 'ftp');
  const one = message('ftp', cleartext('FTP'), 'source', micros);
  addCommand(one, 'ftp', text(ftp, 'command'), text(ftp, 'command_data'));
  return [one];
}

/** Adds a command of FTP or POP3. By convention the password of an anonymous login is an e-mail address, not a secret. */
function addCommand(to: Message, protocol: string, command: string, argument: string): void {
  switch (command.toUpperCase()) {
    case 'USER': addLogin(to, protocol, argument, ''); break;
    case 'PASS': if (!argument.includes('@')) addField(to, `${protocol}.login.password`, argument); break;
    default: addField(to, `${protocol}.argument`, argument);
  }
}
