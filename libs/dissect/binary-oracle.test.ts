import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import type { Message } from './dissect.ts';
import { dissectCapture } from './testing/dissect-capture.ts';

/**
 * Agreement with tshark on the fields of binary protocols in real captures. Compared are the values in a file, with the number of occurrences
 * (`distinct`: without). A case may state how many of ours and of tshark's have no counterpart, and why; anything else is an error.
 */
interface Case {
  files: string[];
  /** Fields of tshark, and its filter for packets. */
  theirs: string[];
  filter: string;
  ours: (message: Message) => readonly (string | undefined)[];
  distinct?: true;
  missing?: number;
  extra?: number;
  reason?: string;
}

const captures = join(process.env['TELLTALE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'captures');
const isAble = existsSync(captures) && spawnSync('tshark', ['--version']).status === 0;

const at =
  (...paths: string[]) =>
  (message: Message): string[] =>
    message.fields.filter(({ path }) => paths.includes(path)).map(({ value }) => value);
const serverName =
  (protocol: string) =>
  (message: Message): (string | undefined)[] => [message.protocol === protocol ? message.facts['tls.client.server_name'] : undefined];
const suricata = (...names: string[]): string[] => names.map((name) => `suricata-verify/${name}/input.pcap`);

const cases: Case[] = [
  {
    files: [
      'ndpi/pcap/mqtt.pcap',
      ...suricata('mqtt31-pub-userpass', 'mqtt311-sub-userpass', 'mqtt31-unsub-userpass', 'mqtt5-pub-qos2', 'mqtt5-unsub-qos1'),
    ],
    filter: 'mqtt.clientid || mqtt.topic',
    theirs: ['mqtt.clientid', 'mqtt.username', 'mqtt.passwd', 'mqtt.topic'],
    ours: at('mqtt.connect.client_id', 'mqtt.connect.username', 'mqtt.connect.password', 'mqtt.topic'),
  },
  { files: ['ndpi/pcap/oicq.pcap'], filter: 'oicq', theirs: ['oicq.qqid'], ours: at('oicq.qq_number') },
  { files: ['ndpi/pcap/ajp.pcap'], filter: 'ajp13', theirs: ['ajp13.uri'], ours: at('url.path'),
    extra: 1, reason: 'a connection to port 8010, where tshark expects no AJP' },
  {
    files: ['ndpi/pcap/gtp_c.pcap'], filter: 'gtpv2', theirs: ['e212.imsi', 'e164.msisdn', 'gtpv2.mei'],
    ours: at('gtp.imsi', 'gtp.msisdn', 'gtp.mei'),
  },
  {
    files: ['ndpi/pcap/diameter.pcap'], filter: 'diameter',
    theirs: ['diameter.Session-Id', 'diameter.Subscription-Id-Data', 'diameter.User-Name'],
    ours: at('diameter.session_id', 'diameter.subscription_id', 'diameter.user_name'),
  },
  {
    files: ['zeek/Traces/radius/radius_localhost.pcap'], filter: 'radius', theirs: ['radius.User_Name', 'radius.Calling_Station_Id'],
    ours: at('radius.user_name', 'radius.calling_station_id'),
  },
  {
    files: [
      'ndpi/pcap/snmp.pcap', 'zeek/Traces/snmp/snmpv1_get.pcap', 'zeek/Traces/snmp/snmpv1_trap.pcap',
      'zeek/Traces/snmp/snmpv2_get_next.pcap', 'zeek/Traces/snmp/snmpv3_get_next.pcap', 'zeek/Traces/snmp/snmpwalk-short.pcap',
    ],
    filter: 'snmp && !icmp', theirs: ['snmp.community', 'snmp.msgUserName'], ours: at('snmp.community', 'snmp.user'),
  },
  {
    files: ['ndpi/pcap/iphone.pcap', 'ndpi/pcap/wechat.pcap', 'ndpi/pcap/1kxun.pcap', 'ndpi/pcap/zoom.pcap'], filter: 'dhcp.type == 1',
    theirs: ['dhcp.option.hostname', 'dhcp.fqdn.name'], ours: at('dhcp.host_name', 'dhcp.client_fqdn'),
  },
  {
    files: ['zeek/Traces/dns-edns-ecs.pcap'], filter: 'dns.opt.client.scope', theirs: ['dns.opt.client.addr4', 'dns.opt.client.addr6'],
    ours: (message) => at('dns.opt.client_subnet')(message).map((subnet) => subnet.replace(/\/.*/, '')),
  },
  {
    files: [
      'ndpi/pcap/quic-23.pcap', 'ndpi/pcap/quic-24.pcap', 'ndpi/pcap/quic-27.pcap', 'ndpi/pcap/quic_0RTT.pcap',
      'ndpi/pcap/quic_crypto_aes_auth_size.pcap', 'ndpi/pcap/quic_frags_ch_out_of_order_same_packet_craziness.pcapng',
      'ndpi/pcap/quic-forcing-vn-with-data.pcapng', 'ndpi/pcap/quic_interop_V.pcapng',
      'zeek/Traces/quic/chromium-115.0.5790.110-api-cirrus-com.pcap', 'zeek/Traces/quic/chromium-115.0.5790.110-google-de-fragmented.pcap',
      'zeek/Traces/quic/quicv2-echo-443.pcap', ...suricata('ja4-quic', 'ja4-tls-quic', 'quic-frag', 'quic-retry', 'quic-v2'),
    ],
    filter: 'quic && tls.handshake.extensions_server_name', theirs: ['tls.handshake.extensions_server_name'], ours: serverName('quic'),
    distinct: true,
  },
  {
    files: [
      'ndpi/pcap/quic.pcap', 'ndpi/pcap/quic_q39.pcap', 'ndpi/pcap/quic_q43.pcap', 'ndpi/pcap/quic_q50.pcap', ...suricata('quic-cyu'),
    ],
    filter: 'gquic.tag.sni || quic', theirs: ['gquic.tag.sni'], ours: serverName('quic'), distinct: true,
  },
  {
    files: [
      'zeek/Traces/tls/certificate-with-sct.pcap', 'zeek/Traces/tls/tls1_1.pcap', 'zeek/Traces/tls/telesec.pcap',
      'zeek/Traces/tls/ocsp-stapling.pcap', 'ndpi/pcap/viber.pcap', 'ndpi/pcap/zoom.pcap',
    ],
    filter: 'tcp && tls.handshake.type == 11', theirs: ['x509ce.dNSName'],
    ours: ({ facts }) => facts['telltale.tls.certificate_names'] ?? [], distinct: true,
  },
  {
    files: ['zeek/Traces/mysql/plain-amazon-rds.pcap', 'zeek/Traces/mysql/query-attr.pcap', 'zeek/Traces/mysql/change-user-success.pcap'],
    filter: 'mysql.passwd || mysql.auth_switch_response.data', theirs: ['mysql.user', 'mysql.passwd', 'mysql.auth_switch_response.data'],
    ours: at('mysql.login.user_name', 'mysql.login.response'), distinct: true,
  },
  {
    files: ['zeek/Traces/postgresql/greenhouse-app.pcap'], filter: 'pgsql.password', theirs: ['pgsql.password'],
    ours: at('postgresql.login.response'), distinct: true,
  },
  { files: ['zeek/Traces/rfb/vnc-mac-to-linux.pcap'], filter: 'vnc.auth_response', theirs: ['vnc.auth_response'], ours: at('rfb.login.response') },
  {
    files: ['ndpi/pcap/steam.pcapng'], filter: 'steam_ihs_discovery',
    theirs: [
      'steam_ihs_discovery.body_status_user_steamid', 'steam_ihs_discovery.body_status_macaddresses',
      'steam_ihs_discovery.body_status_hostname',
    ],
    ours: at('steam.user.steam_id', 'steam.mac', 'steam.host_name'), distinct: true,
  },
  {
    files: ['ndpi/pcap/capwap.pcap', 'tcpdump/lwapp-data.pcap'], filter: 'wlan.ssid', theirs: ['wlan.ssid'],
    ours: (message) => at('capwap.wlan.network_name', 'lwapp.wlan.network_name')(message).map((name) => Buffer.from(name).toString('hex')),
    distinct: true,
  },
];

describe('binary protocols agree with tshark', { skip: !isAble }, () => {
  for (const { files, filter, theirs, ours, distinct, missing = 0, extra = 0, reason = '' } of cases) {
    for (const file of files) {
      test(`${file} ${theirs.join(' ')}${reason === '' ? '' : ` (${reason})`}`, () => {
        const path = join(captures, file);
        const expected = order(askTshark(path, filter, theirs), distinct);
        const actual = order(dissectCapture(readFileSync(path)).messages.flatMap(ours).filter((value) => value !== undefined), distinct);
        const [lost, more] = [without(expected, actual), without(actual, expected)];
        assert.deepEqual(
          [lost.length, more.length],
          [missing, extra],
          `of ${expected.length} missing: ${lost.slice(0, 9).join(', ')}; extra: ${more.slice(0, 9).join(', ')}`,
        );
      });
    }
  }
});

/** JA4 as expected by Suricata's tests. */
test('JA4 of real ClientHellos', { skip: !isAble }, () => {
  const path = join(captures, 'suricata-verify/ja4-tls-quic/input.pcap');
  const prints = dissectCapture(readFileSync(path)).messages.flatMap(({ protocol, facts }) =>
    facts['telltale.tls.ja4'] === undefined ? [] : [`${protocol} ${facts['telltale.tls.ja4']}`],
  );
  assert.deepEqual(prints, ['tls t13d1516h2_8daaf6152771_e5627efa2ab1', 'quic q13d0310h3_55b375c5d22e_cd85d2d88918']);
});

function askTshark(path: string, filter: string, fields: readonly string[]): string[] {
  const format = ['-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=\u0001', '-E', 'separator=/t'];
  const output = execFileSync(
    'tshark',
    ['-n', '-o', 'tcp.reassemble_out_of_order:TRUE', '-r', path, '-Y', filter, ...format, ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return output
    .replaceAll('\u0001', '\n')
    .split(/[\n\t]/)
    .filter((value) => value !== '');
}

function order(values: readonly string[], distinct = false): string[] {
  return (distinct ? [...new Set(values.map((value) => value.toLowerCase()))] : [...values]).toSorted();
}

function without(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return some.filter((value) => {
    const index = left.indexOf(value);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
