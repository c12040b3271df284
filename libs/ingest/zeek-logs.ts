import type { Message } from '#dissect';
import type { IngestCounters } from './counters.ts';
import { httpMessages } from './http-exchange.ts';
import { addField, addLogin, cleartext, dnsMessage, encrypted, message, tlsMessage } from './messages.ts';
import { count, text, texts, type Row } from './row.ts';

export interface ZeekLog {
  /** For a log without a `proto` column: the name of the IP protocol. */
  readonly transport: string | ((row: Row) => string);
  messages(row: Row, micros: number, counters: IngestCounters): Message[];
}

/** The logs whose rows are about a message, by path. https://docs.zeek.org/en/master/script-reference/log-files.html */
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
    uri: 'uri', request_from: 'from', request_to: 'to', response_from: 'from', response_to: 'to', reply_to: 'reply_to', request_path: 'via',
    subject: 'subject', user_agent: 'user_agent', call_id: 'call_id',
  })],
  ['mqtt_connect', { transport: 'tcp', messages: (row, micros) => {
    const mqtt = message('mqtt', cleartext('MQTT'), 'source', micros);
    addField(mqtt, 'mqtt.connect.client_id', text(row, 'client_id'), 'mqtt_client_id');
    addField(mqtt, 'mqtt.connect.will_topic', text(row, 'will_topic'), 'topic');
    addField(mqtt, 'mqtt.connect.will_payload', text(row, 'will_payload'));
    return [mqtt];
  } }],
  ['mqtt_publish', { transport: 'tcp', messages: (row, micros) => {
    const mqtt = message('mqtt', cleartext('MQTT'), isFalse(row, 'from_client') ? 'destination' : 'source', micros);
    addField(mqtt, 'mqtt.topic', text(row, 'topic'));
    const payload = text(row, 'payload');
    if (payload !== '') mqtt.payload = Buffer.from(payload);
    return [mqtt];
  } }],
  ['mqtt_subscribe', columns('tcp', 'mqtt', { topics: 'topic' })],
  ['ntlm', { transport: 'tcp', messages: (row, micros) => {
    const ntlm = message('ntlm', cleartext('NTLM'), 'source', micros);
    addLogin(ntlm, 'ntlm', text(row, 'username'), '');
    addField(ntlm, 'ntlm.login.workstation', text(row, 'hostname'), 'netbios_name');
    addField(ntlm, 'ntlm.login.domain', text(row, 'domainname'));
    return [ntlm];
  } }],
  ['kerberos', { transport: 'tcp', messages: (row, micros) => {
    const kerberos = message('kerberos', cleartext('Kerberos'), 'source', micros);
    // `user/REALM`, or `host$/REALM` for a machine.
    const user = text(row, 'client').split('/')[0]!;
    if (!user.endsWith('$')) addLogin(kerberos, 'kerberos', user, '');
    return [kerberos];
  } }],
  ['snmp', { transport: 'udp', messages: (row, micros) => {
    const isV3 = text(row, 'version') === '3';
    const snmp = message('snmp', isV3 ? encrypted('SNMPv3') : cleartext('SNMP'), 'source', micros);
    // For SNMPv3 the column holds the user, which its messages show in clear.
    if (isV3) addField(snmp, 'snmp.user', text(row, 'community'), 'username');
    else addField(snmp, 'snmp.community', text(row, 'community'), 'snmp_community');
    return [snmp];
  } }],
  ['socks', { transport: 'tcp', messages: (row, micros) => {
    const socks = message('socks', cleartext('SOCKS'), 'source', micros);
    addLogin(socks, 'socks', text(row, 'user'), text(row, 'password'));
    addField(socks, 'socks.request.host', text(row, 'request.host') || text(row, 'request.name'), '');
    return [socks];
  } }],
  ['irc', { transport: 'tcp', messages: irc }],
  ['rdp', { transport: 'tcp', messages: (row, micros) => {
    const rdp = message('rdp', cleartext('RDP'), 'source', micros);
    addLogin(rdp, 'rdp', text(row, 'cookie'), '');
    addField(rdp, 'rdp.client_name', text(row, 'client_name'), 'netbios_name');
    addField(rdp, 'rdp.client_product_id', text(row, 'client_dig_product_id'), 'rdp_client_product_id');
    return [rdp];
  } }],
  ['rfb', columns('tcp', 'rfb', { desktop_name: 'desktop_name' })],
  ['radius', { transport: 'udp', messages: (row, micros) => {
    const radius = message('radius', cleartext('RADIUS'), 'source', micros);
    const user = text(row, 'username');
    const station = text(row, 'mac');
    addField(radius, 'radius.user_name', user, /^\d{14,15}$/.test(user) ? 'radius_imsi' : 'username');
    addField(radius, 'radius.calling_station_id', station, /^\+?\d{7,15}$/.test(station) ? 'phone' : 'mac');
    return [radius];
  } }],
  ['dhcp', { transport: 'udp', messages: (row, micros) => {
    const dhcp = message('dhcp', cleartext('DHCP'), 'source', micros);
    addField(dhcp, 'dhcp.host_name', text(row, 'host_name'), 'dhcp_host_name');
    addField(dhcp, 'dhcp.client_fqdn', text(row, 'client_fqdn'), 'dhcp_host_name');
    return [dhcp];
  } }],
  ['ldap', { transport: 'tcp', messages: (row, micros) => {
    const ldap = message('ldap', cleartext('LDAP'), 'source', micros);
    if (text(row, 'opcode') === 'bind simple') {
      const password = text(row, 'argument');
      addLogin(ldap, 'ldap', text(row, 'object'), password === 'REDACTED' ? '' : password);
    } else {
      addField(ldap, 'ldap.object', text(row, 'object'));
      addField(ldap, 'ldap.argument', text(row, 'argument'));
    }
    return [ldap];
  } }],
  ['ldap_search', columns('tcp', 'ldap', { base_object: 'object', filter: 'filter' })],
  ['mysql', { transport: 'tcp', messages: (row, micros) => {
    const mysql = message('mysql', cleartext('MySQL'), 'source', micros);
    if (text(row, 'cmd') === 'login') addLogin(mysql, 'mysql', text(row, 'arg'), '');
    else addField(mysql, 'mysql.argument', text(row, 'arg'));
    return [mysql];
  } }],
  ['postgresql', { transport: 'tcp', messages: (row, micros) => {
    const postgresql = message('postgresql', cleartext('PostgreSQL'), 'source', micros);
    addLogin(postgresql, 'postgresql', text(row, 'user'), '');
    addField(postgresql, 'postgresql.argument', text(row, 'frontend_arg'));
    return [postgresql];
  } }],
  ['redis', columns('tcp', 'redis', { 'cmd.key': 'key', 'cmd.value': 'value' })],
  ['files', { transport: 'tcp', messages: (row, micros) => {
    const name = text(row, 'filename');
    if (name === '') return [];
    const protocol = text(row, 'source').toLowerCase();
    const file = message(protocol, cleartext(protocol.toUpperCase()), isFalse(row, 'is_orig') ? 'destination' : 'source', micros);
    addField(file, `${protocol}.file_name`, name);
    return [file];
  } }],
  ['tunnel', { transport: tunnelTransport, messages: (row, micros) => {
    // Its content has rows of its own; this one names the ends of the tunnel.
    if (text(row, 'action') !== 'Tunnel::DISCOVER') return [];
    return [message(tunnelType(row), { verdict: 'opaque', reason: 'tunnel' }, 'source', micros)];
  } }],
  ['smb_files', columns('tcp', 'smb', { path: 'path', name: 'name' })],
  ['smb_mapping', columns('tcp', 'smb', { path: 'path' })],
  ['syslog', { transport: 'udp', messages: (row, micros) => {
    const syslog = message('syslog', cleartext('syslog'), 'source', micros);
    syslog.payload = Buffer.from(text(row, 'message'));
    return [syslog];
  } }],
  ['websocket', { transport: 'tcp', messages: (row, micros, counters) => httpMessages({
    method: 'GET', target: text(row, 'uri'), requestHeaders: [['Host', text(row, 'host')], ['User-Agent', text(row, 'user_agent')]],
    requestBody: null, status: 0, responseHeaders: [], responseBody: null, encryption: cleartext('WebSocket'),
  }, micros, counters) }],
  ['ssh', { transport: 'tcp', messages: (_row, micros) => [message('ssh', encrypted('SSH'), 'source', micros)] }],
]);

/** Whether a boolean column is false: `F` in TSV, `false` in JSON. */
function isFalse(row: Row, column: string): boolean {
  return row[column] === 'F' || row[column] === false;
}

/** A log whose columns are values of one message: `names` maps each column to the value's name in the message. */
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

/** `Tunnel::GRE` is `gre`. */
function tunnelType(row: Row): string {
  return text(row, 'tunnel_type').replace('Tunnel::', '').toLowerCase();
}

/** The transport that carries a tunnel, which its row does not say. */
function tunnelTransport(row: Row): string {
  switch (tunnelType(row)) {
    case 'gre': return 'gre';
    case 'ip': return 'ipv4';
    case 'socks': case 'http': return 'tcp';
    default: return 'udp';
  }
}

/** A row has one command, and the connection's nick and user at that time. */
function irc(row: Row, micros: number): Message[] {
  const one = message('irc', cleartext('IRC'), 'source', micros);
  for (const column of ['nick', 'user']) addLogin(one, 'irc', text(row, column), '');
  const value = text(row, 'value');
  switch (text(row, 'command')) {
    case 'NICK': case 'USER': addLogin(one, 'irc', value, ''); break;
    case 'JOIN': addField(one, 'irc.channel', value.replace(/^[#&+!]/, ''), 'channel_name'); break;
    default: addField(one, 'irc.argument', value);
  }
  addField(one, 'irc.argument', text(row, 'addl'));
  return [one];
}

function http(row: Row, micros: number, counters: IngestCounters): Message[] {
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
  }, micros, counters);
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
  for (const column of ['subject', 'user_agent', 'x_originating_ip', 'first_received', 'second_received'])
    addField(mail, `smtp.header.${column}`, text(row, column));
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
