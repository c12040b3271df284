/**
 * Which of the values that tshark extracts from a capture are identifiers by the meaning of their field in the protocol's own definition:
 * decided without looking at the catalogue.
 */

/** A value of a field that identifies somebody or something. `field` is tshark's name, with the key in brackets where that matters. */
export interface Told {
  readonly field: string;
  readonly value: string;
}

/** The cells of one frame: every value of each column. */
export type Row = ReadonlyMap<string, readonly string[]>;

interface Source {
  readonly columns: readonly string[];
  read(row: Row, tell: (field: string, value: string) => void): void;
}

/** Fields that hold an identifier and nothing else. */
const plain = [
  // Telephony, presence and calls.
  'sip.from.user', 'sip.to.user', 'sip.contact.user', 'sip.auth.username', 'sip.auth.digest.response', 'sip.pai.user', 'sip.ppi.user',
  'sdp.email', 'sdp.phone',
  'sdp.key_and_salt', 'oicq.qqid', 'xmpp.from', 'xmpp.to', 'xmpp.iq.bind.jid', 'iax2.iax.username', 'iax2.iax.calling_number',
  'iax2.iax.called_number', 'h225.h323_ID', 'skinny.callingPartyName',
  'isup.calling', 'isup.called', 'quake.control.player_info.name',
  // Web.
  'http.authbasic',
  // Mail.
  'imap.request.username', 'imap.request.password',
  // Logins.
  'telnet.auth.name', 'kerberos.CNameString', 'ntlmssp.auth.username', 'ntlmssp.auth.hostname', 'ntlmssp.negotiate.callingworkstation',
  'ldap.name', 'ldap.simple',
  'radius.User_Name', 'radius.User_Password', 'radius.Calling_Station_Id', 'snmp.msgUserName', 'snmp.community', 'mqtt.clientid',
  'mqtt.username', 'mqtt.passwd', 'smb.account', 'smb2.acct',
  'mysql.user', 'mysql.passwd', 'pgsql.password', 'socks.username', 'socks.password', 'rlogin.client_user_name', 'rlogin.server_user_name',
  'rsh.client_username', 'rsh.server_username',
  'exec.username', 'exec.password', 'eap.identity', 'pap.peer_id', 'pap.password', 'chap.name', 'isakmp.id.data.user_fqdn',
  'ajp13.authorization', 'hsrp.auth_data',
  'rpc.auth.machinename', 'vrrp.auth_string', 'rip.auth.passwd', 'ospf.auth.simple', 'vnc.auth_response',
  'ntlmssp.ntlmv2_response.ntproofstr', 'l2tp.avp.proxy_authen_name', 'smb_netlogon.user_name', 'smpp.system_id', 'smpp.password',
  // Subscribers.
  'smpp.source_addr', 'smpp.destination_addr', 'radius.3GPP_IMSI', 'radius.3GPP_IMEISV', 'diameter.3GPP-IMSI', 'diameter.Public-Identity',
  'l2tp.avp.calling_number',
  'e212.imsi', 'e164.msisdn', 'gtp.ext_imeisv', 'gtpv2.mei', 'diameter.User-Name', 'diameter.Subscription-Id-Data', 'diameter.Calling-Station-Id',
  // Names of devices on their network, and where a client is.
  'dhcp.option.hostname', 'dhcp.fqdn.name', 'dhcpv6.client_domain', 'browser.response_computer_name',
  'steam_ihs_discovery.body_status_hostname', 'steam_ihs_discovery.body_status_macaddresses',
  'steam_ihs_discovery.body_status_user_steamid', 'steam_ihs_discovery.body_authrequest_devicename',
  'tivoconnect.identity', 'syslog.hostname', 'rdp.client.name', 'rdp.client.digProductId', 'vnc.desktop_name', 'dns.opt.client.addr4',
  'dns.opt.client.addr6', 'x509ce.rfc822Name', 'rtsp.session',
] as const;

/** Key names under which web applications send identifiers: lower case, without separators. */
const identifyingKey = new RegExp(`^(?:x|client|device|user|app)?(?:${[
  'imei', 'imsi', 'meid', 'mac', 'macaddress', 'androidid', 'idfa', 'idfv', 'gaid', 'aaid', 'oaid', 'udid', 'openudid', 'advertisingid',
  'advertiserid', 'deviceid', 'did', 'hostint', 'serialnumber',
  'uid', 'userid', 'uin', 'user', 'username', 'login', 'account', 'accountid', 'accountname', 'customerid', 'memberid', 'email', 'mail',
  'phone', 'phonenumber', 'mobile', 'msisdn', 'tel',
  'firstname', 'lastname', 'fullname', 'nickname', 'displayname', 'realname', 'password', 'passwd', 'pwd', 'pass',
  'token', 'accesstoken', 'authtoken', 'refreshtoken', 'idtoken', 'apikey', 'secret', 'clientsecret', 'authorizationcode', 'sessionid',
  'session', 'sid', 'phpsessid', 'jsessionid', 'sessionkey', 'connectsid',
  'pushtoken', 'devicetoken', 'registrationid', 'roomid', 'room', 'meetingid', 'conferenceid', 'callid', 'conversationid', 'chatid',
  'lat', 'lon', 'lng', 'latitude', 'longitude', 'ssid', 'bssid', 'guid',
  'ga', 'utma', 'fbp', 'gid', 'visitorid', 'anonymousid', 'hostname', 'devicename', 'birthday', 'dob', 'ssn', 'iban',
].join('|')})$`);

/** Values that mean "none" or "nobody". */
const nobody =
  /^(?:|-|0|null|nil|none|undefined|unknown|\(null\)|<missing>|anonymous|guest|ftp|true|false|n\/a|[*x.]+(?:@.*)?|0{2,}|(?:00:){5}00|(?:ff:){5}ff|0\.0\.0\.0|02:00:00:00:00:00)$/i;

function isIdentifyingKey(key: string): boolean {
  return identifyingKey.test(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
}

/** Columns with `key=value` or `key:value`. */
function pairs(column: string, sign: '=' | ':'): Source {
  return {
    columns: [column],
    read(row, tell) {
      for (const pair of row.get(column) ?? []) {
        const at = pair.indexOf(sign);
        const key = pair.slice(0, at).trim();
        if (at > 0 && isIdentifyingKey(key)) tell(`${column}[${key.toLowerCase()}]`, decode(pair.slice(at + 1)));
      }
    },
  };
}

/** Cookies with identifying names, in values that `separator` divides. */
function cookies(column: string, separator: RegExp): Source {
  return {
    columns: [column],
    read(row, tell) {
      for (const cookie of (row.get(column) ?? []).flatMap((value) => value.split(separator))) {
        const [, key = '', value = ''] = /^\s*([^=;\s]+)=(.*)$/s.exec(cookie) ?? [];
        if (isIdentifyingKey(key)) tell(`${column}[${key.toLowerCase()}]`, decode(value));
      }
    },
  };
}

/** A name in one column, and its value at the same position of another. */
function paired(names: string, values: string, isWanted: (name: string) => boolean, read = (value: string): string => value): Source {
  return {
    columns: [names, values],
    read(row, tell) {
      const some = row.get(values) ?? [];
      (row.get(names) ?? []).forEach((name, index) => {
        if (isWanted(name)) tell(`${values}[${name.toLowerCase()}]`, read(some[index] ?? ''));
      });
    },
  };
}

/** A column in which a part of each value may identify: `part` extracts it, or returns ''. */
function part(column: string, part: (value: string) => string): Source {
  return { columns: [column], read: (row, tell) => { for (const value of row.get(column) ?? []) tell(column, part(value)); } };
}

const isCommand = (...commands: readonly string[]) => (name: string): boolean => commands.includes(name.toUpperCase());

/** Header lines: credentials, and names with which an application identifies its user and device. */
function headLines(column: string): Source {
  return {
    columns: [column],
    read(row, tell) {
      for (const line of row.get(column) ?? []) {
        const [, name = '', value = ''] = /^([\w-]+):\s*(.*?)(?:\\r\\n|\s)*$/.exec(line) ?? [];
        const key = name.toLowerCase();
        if (key === 'authorization' || key === 'proxy-authorization') {
          const [, scheme = '', rest = ''] = /^(\w+)\s+(.+)$/.exec(value) ?? [];
          if (/^(?:bearer|token|oauth)$/i.test(scheme)) tell(`${column}[bearer]`, rest);
          const digest = /response="?([0-9a-f]+)/i.exec(rest);
          if (/^digest$/i.test(scheme)) tell(`${column}[digest]`, digest?.[1] ?? '');
          if (/^digest$/i.test(scheme)) tell(`${column}[digest-username]`, /username="([^"]*)"/i.exec(rest)?.[1] ?? '');
        } else if (key === 'usn') {
          tell(`${column}[usn]`, /uuid:([^:]+)/i.exec(value)?.[1] ?? '');
        } else if (isIdentifyingKey(key)) {
          tell(`${column}[${key}]`, decode(value));
        }
      }
    },
  };
}

const sources: readonly Source[] = [
  ...plain.map((column): Source => ({
    columns: [column],
    read: (row, tell) => { for (const value of row.get(column) ?? []) tell(column, value); },
  })),
  part('imf.address', (value) => /[^\s<>"',;]+@[^\s<>"',;\\]+/.exec(value.replaceAll(/\\[rnt]/g, ' '))?.[0] ?? ''),
  part('wlan.ssid', (value) => Buffer.from(value, 'hex').toString('utf8')),
  part('smtp.auth.username', fromBase64), part('smtp.auth.password', fromBase64),
  part('rdp.rt_cookie', (value) => /mstshash=(\S+)/.exec(value)?.[1] ?? ''),
  // The source of a datagram; its last byte says which service of the host it is.
  part('nbdgm.source_name', (value) => /^(.+?)<[0-9a-f]{2}>/.exec(value)?.[1] ?? ''),
  {
    // On the local network every frame has the address anyway; a relay takes it elsewhere.
    columns: ['dhcp.hw.mac_addr', 'dhcp.ip.relay', 'dhcp.type'],
    read(row, tell) {
      if (row.get('dhcp.type')?.[0] === '1' && row.get('dhcp.ip.relay')?.[0] !== '0.0.0.0')
        tell('dhcp.hw.mac_addr[relayed]', row.get('dhcp.hw.mac_addr')?.[0] ?? '');
    },
  },
  {
    // ICE generates user names for each session: its checks have a priority (RFC 8445, section 7.2.2), and its responses need no name.
    columns: ['stun.att.username', 'stun.att.priority'],
    read: (row, tell) => {
      if ((row.get('stun.att.priority') ?? []).length === 0) for (const value of row.get('stun.att.username') ?? []) tell('stun.att.username', value);
    },
  },
  headLines('http.request.line'), headLines('http.response.line'),
  // Most programs generate the RTCP name; with others it is the user's name at the device.
  part('rtcp.sdes.text', (value) => (/^\w[\w.-]*@/.test(value) ? value : '')),
  cookies('http2.headers.cookie', /;/), cookies('http2.headers.set_cookie', /;.*$/s), cookies('ajp13.cookie', /;/),
  part('http2.headers.authorization', (value) => /^Bearer\s+(\S+)/i.exec(value)?.[1] ?? ''),
  pairs('coap.opt.uri_query', '='), pairs('http.cookie_pair', '='), pairs('http.request.uri.query.parameter', '='),
  cookies('http.set_cookie', /;.*$/s),
  paired('urlencoded-form.key', 'urlencoded-form.value', isIdentifyingKey, decode),
  { columns: ['json.member_with_value'], read: pairs('json.member_with_value', ':').read },
  paired('ftp.request.command', 'ftp.request.arg', isCommand('USER', 'PASS')),
  paired('pop.request.command', 'pop.request.parameter', isCommand('USER', 'PASS')),
  paired(
    'smtp.req.command',
    'smtp.req.parameter',
    isCommand('MAIL', 'RCPT'),
    (text) => /<([^>]*)>/.exec(text)?.[1] ?? text.replace(/^\w+:\s*/, '').replace(/\s.*$/, ''),
  ),
  paired('irc.request.command', 'irc.request.command_parameter', isCommand('NICK')),
  paired('pgsql.parameter_name', 'pgsql.parameter_value', isCommand('USER')),
  {
    // A workstation's own name: not that of a group or a domain, and not a name that is queried.
    columns: ['nbns.name', 'nbns.flags.opcode'],
    read(row, tell) {
      if (row.get('nbns.flags.opcode')?.[0] !== '5') return;
      const [, name = ''] = /^(.+?)<00>/.exec(row.get('nbns.name')?.[0] ?? '') ?? [];
      tell('nbns.name[registration]', name);
    },
  },
  {
    // `Jane's device._service._tcp.local`, and a host's own addresses.
    columns: ['dns.resp.name', 'dns.resp.type', 'udp.srcport'],
    read(row, tell) {
      if (row.get('udp.srcport')?.[0] !== '5353') return;
      const types = row.get('dns.resp.type') ?? [];
      (row.get('dns.resp.name') ?? []).forEach((name, index) => {
        if ((types[index] === '1' || types[index] === '28') && /^[^.]+\.local$/.test(name)) tell('dns.resp.name[mdns]', name.replace(/\.local$/, ''));
      });
    },
  },
];

/** All columns that are requested from tshark. */
export const columns: readonly string[] = [...new Set(sources.flatMap((source) => source.columns))];

/** Frames that have any of them. */
export function identifiersIn(row: Row): Told[] {
  const told: Told[] = [];
  for (const source of sources) {
    source.read(row, (field, value) => {
      const text = value.trim().replace(/^"(.*)"$/s, '$1');
      if (!nobody.test(text)) told.push({ field, value: text });
    });
  }
  return told;
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/** Decodes percent escapes, where they are complete. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
