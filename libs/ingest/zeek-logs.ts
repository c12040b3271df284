import type { Message } from '#dissect';
import { httpMessages } from './http-exchange.ts';
import { addField, addLogin, cleartext, dnsMessage, encrypted, message, tlsMessage } from './messages.ts';
import { count, text, texts, type Row } from './row.ts';

export interface ZeekLog {
  /** Where the log has no `proto` column. */
  readonly transport: 'tcp' | 'udp';
  messages(row: Row, micros: number): Message[];
}

/** The logs whose rows tell about a message, by path. https://docs.zeek.org/en/master/script-reference/log-files.html */
export const zeekLogs: ReadonlyMap<string, ZeekLog> = new Map<string, ZeekLog>([
  ['dns', { transport: 'udp', messages: (row, micros) => [dnsMessage({
    name: text(row, 'query'), type: text(row, 'qtype_name'), answers: texts(row, 'answers'), ttl: least(texts(row, 'TTLs')),
  }, micros)] }],
  ['http', { transport: 'tcp', messages: http }],
  ['ssl', { transport: 'tcp', messages: (row, micros) => [tlsMessage('tls', text(row, 'server_name'), texts(row, 'next_protocol'), micros)] }],
  ['quic', { transport: 'udp', messages: (row, micros) => [tlsMessage('quic', text(row, 'server_name'), texts(row, 'client_protocol'), micros)] }],
  ['smtp', { transport: 'tcp', messages: smtp }],
  ['ftp', { transport: 'tcp', messages: ftp }],
  ['sip', columns('udp', 'sip', {
    uri: 'uri', request_from: 'from', request_to: 'to', response_from: 'from', response_to: 'to', reply_to: 'reply_to', request_path: 'via', subject: 'subject',
    user_agent: 'user_agent', call_id: 'call_id',
  })],
  ['mqtt_connect', columns('tcp', 'mqtt', { client_id: 'client_id', will_topic: 'will_topic', will_payload: 'will_payload' })],
  ['mqtt_publish', columns('tcp', 'mqtt', { topic: 'topic', payload: 'payload' })],
  ['mqtt_subscribe', columns('tcp', 'mqtt', { topics: 'topic' })],
  ['ntlm', { transport: 'tcp', messages: (row, micros) => {
    const ntlm = message('ntlm', cleartext('NTLM'), 'source', micros);
    addLogin(ntlm, 'ntlm', text(row, 'username'), '');
    addField(ntlm, 'ntlm.hostname', text(row, 'hostname'));
    return [ntlm];
  } }],
  ['kerberos', { transport: 'tcp', messages: (row, micros) => {
    const kerberos = message('kerberos', cleartext('Kerberos'), 'source', micros);
    // `user/REALM`, or `host$/REALM` of a machine.
    const user = text(row, 'client').split('/')[0]!;
    if (!user.endsWith('$')) addLogin(kerberos, 'kerberos', user, '');
    return [kerberos];
  } }],
  ['snmp', { transport: 'udp', messages: (row, micros) => {
    const isV3 = text(row, 'version') === '3';
    const snmp = message('snmp', isV3 ? encrypted('SNMPv3') : cleartext('SNMP'), 'source', micros);
    addField(snmp, 'snmp.community', text(row, 'community'));
    return [snmp];
  } }],
  ['socks', { transport: 'tcp', messages: (row, micros) => {
    const socks = message('socks', cleartext('SOCKS'), 'source', micros);
    addLogin(socks, 'socks', text(row, 'user'), text(row, 'password'));
    addField(socks, 'socks.request.host', text(row, 'request.host') || text(row, 'request.name'), '');
    return [socks];
  } }],
  ['irc', columns('tcp', 'irc', { nick: 'nick', user: 'username', value: 'argument', addl: 'argument', command: 'command' })],
  ['rdp', columns('tcp', 'rdp', { cookie: 'username' })],
  ['radius', columns('udp', 'radius', { username: 'username', mac: 'mac', tunnel_client: 'tunnel_client' })],
  ['ldap', columns('tcp', 'ldap', { object: 'object', argument: 'argument' })],
  ['ldap_search', columns('tcp', 'ldap', { base_object: 'object', filter: 'filter' })],
  ['mysql', columns('tcp', 'mysql', { arg: 'argument' })],
  ['postgresql', columns('tcp', 'postgresql', { user: 'username', frontend_arg: 'argument' })],
  ['redis', columns('tcp', 'redis', { 'cmd.key': 'key', 'cmd.value': 'value' })],
  ['smb_files', columns('tcp', 'smb', { path: 'path', name: 'name' })],
  ['smb_mapping', columns('tcp', 'smb', { path: 'path' })],
  ['syslog', { transport: 'udp', messages: (row, micros) => {
    const syslog = message('syslog', cleartext('syslog'), 'source', micros);
    syslog.payload = Buffer.from(text(row, 'message'));
    return [syslog];
  } }],
  ['websocket', { transport: 'tcp', messages: (row, micros) => httpMessages({
    method: 'GET', target: text(row, 'uri'), requestHeaders: [['Host', text(row, 'host')], ['User-Agent', text(row, 'user_agent')]], requestBody: null,
    status: 0, responseHeaders: [], responseBody: null, encryption: cleartext('WebSocket'),
  }, micros) }],
  ['ssh', { transport: 'tcp', messages: (_row, micros) => [message('ssh', encrypted('SSH'), 'source', micros)] }],
]);

/** A log whose columns are values of one message: the column's name, and the name of the value in the message. */
function columns(transport: 'tcp' | 'udp', protocol: string, names: Readonly<Record<string, string>>): ZeekLog {
  return {
    transport,
    messages(row, micros) {
      const one = message(protocol, cleartext(protocol.toUpperCase()), 'source', micros);
      for (const [column, name] of Object.entries(names)) for (const value of texts(row, column)) addField(one, `${protocol}.${name}`, value);
      return [one];
    },
  };
}

function http(row: Row, micros: number): Message[] {
  const user = text(row, 'username');
  const password = text(row, 'password');
  const hasPassword = password !== '' && password !== '<hidden>';
  const messages = httpMessages({
    method: text(row, 'method'),
    target: text(row, 'uri'),
    requestHeaders: [
      ['Host', text(row, 'host')], ['User-Agent', text(row, 'user_agent')], ['Referer', text(row, 'referrer')], ['Origin', text(row, 'origin')],
      ['Cookie', text(row, 'cookie')],
      ['Authorization', hasPassword ? `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` : ''],
      ...texts(row, 'proxied').map(proxyHeader),
    ],
    requestBody: null, status: count(row, 'status_code'), responseHeaders: [], responseBody: null,
    encryption: cleartext('HTTP/1'),
  }, micros);
  if (user !== '' && !hasPassword && messages[0]) addLogin(messages[0], 'http.request', user, '');
  return messages;
}

/** `X-FORWARDED-FOR -> 192.0.2.1`. */
function proxyHeader(written: string): [string, string] {
  const [name, value = ''] = written.split(' -> ');
  return [name!, value];
}

function smtp(row: Row, micros: number): Message[] {
  const isOverTls = row['tls'] === true || row['tls'] === 'T';
  const mail = message('smtp', isOverTls ? encrypted('STARTTLS') : cleartext('SMTP'), 'source', micros);
  addField(mail, 'smtp.mail_from', text(row, 'mailfrom'));
  for (const recipient of texts(row, 'rcptto')) addField(mail, 'smtp.rcpt_to', recipient);
  for (const column of ['from', 'to', 'cc', 'reply_to']) for (const address of texts(row, column)) addField(mail, `smtp.header.${column}`, address);
  for (const column of ['subject', 'user_agent', 'x_originating_ip', 'first_received', 'second_received']) addField(mail, `smtp.header.${column}`, text(row, column));
  return [mail];
}

function ftp(row: Row, micros: number): Message[] {
  const command = message('ftp', cleartext('FTP'), 'source', micros);
  addLogin(command, 'ftp', text(row, 'user'), text(row, 'password'));
  addField(command, 'ftp.argument', text(row, 'arg'));
  return [command];
}

function least(ttls: readonly string[]): number {
  const seconds = ttls.map(Number).filter((ttl) => ttl >= 0);
  return seconds.length > 0 ? Math.min(...seconds) : 0;
}
