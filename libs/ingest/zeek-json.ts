import type { RowFormat } from './json-lines.ts';
import type { LogSource } from './log.ts';
import { text, type Row } from './row.ts';
import { ZeekRows } from './zeek.ts';

/** Zeek's JSON writer: one object per line, columns under their full names (`id.orig_h`). `_path` is present only if configured. */
export function zeekJson(source: LogSource): RowFormat {
  const rows = new ZeekRows(source);
  const named = pathOfName(source.name);
  return {
    name: 'zeek',
    claims: (row) => '_path' in row || 'uid' in row || 'id.orig_h' in row || ('ts' in row && !('event_type' in row)),
    row: (row, line, number) => rows.row(text(row, '_path') || named || pathOfColumns(row), row, line, number),
  };
}

const known = new RegExp(`(?:^|[^a-z])(${
  'conn|dns|http|ssl|quic|smtp|ftp|sip|mqtt_connect|mqtt_publish|mqtt_subscribe|ntlm|kerberos|snmp|socks|irc|rdp|radius|ldap|ldap_search|dhcp'
  + '|tunnel|mysql|redis|postgresql|smb_files|smb_mapping|syslog|websocket|ssh|rfb|weird|files|x509|notice'
})(?=[^a-z_]|$)`);

/** The log's path from its file name: `http.log`, `http.2024-01-01.log.gz`, `http_20240101.log`. */
function pathOfName(name: string): string {
  return known.exec(name.replace(/_(?=\d)/, '.'))?.[1] ?? '';
}

/** Columns that only one log has. */
const telling: readonly (readonly [column: string, path: string])[] = [
  ['conn_state', 'conn'], ['qtype', 'dns'], ['rcode', 'dns'], ['query', 'dns'], ['ssl_history', 'ssl'], ['cipher', 'ssl'], ['established', 'ssl'],
  ['mailfrom', 'smtp'], ['helo', 'smtp'], ['community', 'snmp'], ['request_type', 'kerberos'], ['request_from', 'sip'], ['call_id', 'sip'],
  ['tunnel_type', 'tunnel'], ['msg_types', 'dhcp'], ['seen_bytes', 'files'], ['desktop_name', 'rfb'],
  ['data_channel.passive', 'ftp'], ['client_initial_dcid', 'quic'], ['uri', 'http'], ['status_code', 'http'],
];

function pathOfColumns(row: Row): string {
  return telling.find(([column]) => column in row)?.[1] ?? '';
}
