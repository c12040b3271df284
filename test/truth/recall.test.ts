import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capturesFolder, withoutCaptures } from '../oracles/captures.ts';
import { identifiersIn } from './identifying-fields.ts';
import { compareIdentifiers } from './recall.ts';
import { Totals } from './recall-totals.ts';
import { reviewMiss } from './reviewed-misses.ts';

/** Captures that together have every field in which tshark finds an identifier in any capture; against-tshark.ts runs it on all. */
const share = `
  ndpi/pcap/1kxun.pcap ndpi/pcap/TivoDVR.pcap ndpi/pcap/WebattackRCE.pcap ndpi/pcap/ajp.pcap ndpi/pcap/amqp.pcap ndpi/pcap/anyconnect-vpn.pcap
  ndpi/pcap/diameter.pcap ndpi/pcap/dns_fragmented.pcap ndpi/pcap/gnutella.pcap ndpi/pcap/gtp_c.pcap ndpi/pcap/hsrp0.pcap ndpi/pcap/http_auth.pcap
  ndpi/pcap/http_ua_splitted_in_two_pkts.pcapng ndpi/pcap/imap.pcap ndpi/pcap/oicq.pcap ndpi/pcap/pop3.pcap ndpi/pcap/rsh.pcap ndpi/pcap/rtsp.pcap
  ndpi/pcap/smtp.pcap ndpi/pcap/steam.pcapng ndpi/pcap/teams.pcap ndpi/pcap/webex.pcap suricata-verify/base64-decode-5885/input.pcap
  suricata-verify/bug-3616-smtp/input.pcap suricata-verify/bug-8278-krb5-02/evasion.1.flow.2.segments.pcap
  suricata-verify/bug-8489/bug-8489-01/bug-8489-01.pcap suricata-verify/http-auth-bearer/input.pcap suricata-verify/http-urldecode-body/input.pcap
  suricata-verify/mqtt-events-unintroduced/input.pcap suricata-verify/pgsql/pgsql-pwd-output-disabled/input.pcap
  suricata-verify/sip-compact-form/sip_compact_form.pcap suricata-verify/sip-method/sip.pcap suricata-verify/smb-version-keyword/input.pcap
  suricata-verify/imap-detection/input.pcap tcpdump/dhcp-rfc4388.pcap tcpdump/icmp-icmp_print-oobr-2.pcap tcpdump/ipv4_tcp_http_xml_tso.pcap
  tcpdump/lwapp-data.pcap tcpdump/syslog_udp.pcap zeek/Traces/dce-rpc/mapi.pcap zeek/Traces/http/zero-length-bodies-with-drops.pcap
  zeek/Traces/irc-basic.pcap zeek/Traces/ldap/ldap-add.pcap zeek/Traces/mount/mount-unmount-bad-auth-flavor.pcap
  zeek/Traces/mysql/plain-amazon-rds.pcap
  zeek/Traces/pppoe.pcap zeek/Traces/radius/radius_localhost.pcap zeek/Traces/rdp/rdp-unknown-keyboard.pcap zeek/Traces/rfb/vnc-mac-to-linux.pcap
  zeek/Traces/snmp/leak_test.pcapng zeek/Traces/socks-auth.pcap tcpdump/ripv2_auth.pcap zeek/Traces/smb/smb311.pcap`.trim().split(/\s+/);

const withoutTshark = spawnSync('tshark', ['--version']).error ? 'SKIPPED: tshark is not installed, so recall is not measured' : false;
const skip = withoutCaptures() || withoutTshark;
if (skip) process.stderr.write(`${skip}\n`);

test('what tshark names by its fields is found, or the list says why not', { skip, timeout: 600_000 }, async () => {
  const totals = new Totals();
  const unreviewed: string[] = [];
  for await (const one of compareIdentifiers(capturesFolder, share.filter((file) => existsSync(join(capturesFolder, file))))) {
    totals.add(one);
    if (reviewMiss(one) === 'unreviewed') unreviewed.push(`${one.field} ${one.file} -${one.missed.length}`);
  }
  assert.deepEqual(unreviewed, []);
  assert.ok(totals.recall() >= 0.98 && totals.recall(true) >= 0.95, `${totals.recall()}, by field ${totals.recall(true)}`);
});

test('a field identifies by its own meaning, or by its key', () => {
  const row = (cells: Record<string, string[]>) => identifiersIn(new Map(Object.entries(cells))).map(({ field, value }) => `${field}=${value}`);
  assert.deepEqual(row({ 'mqtt.clientid': ['harbour-7'], 'http.cookie_pair': ['lang=en', 'JSESSIONID=3A9C61E8'], 'snmp.community': ['-'] }), [
    'mqtt.clientid=harbour-7',
    'http.cookie_pair[jsessionid]=3A9C61E8',
  ]);
  assert.deepEqual(row({ 'ftp.request.command': ['CWD', 'USER'], 'ftp.request.arg': ['x', 'jane'] }), ['ftp.request.arg[user]=jane']);
  assert.deepEqual(row({ 'stun.att.username': ['jane'] }), ['stun.att.username=jane']);
  assert.deepEqual(row({ 'stun.att.username': ['k7/P:QW58'], 'stun.att.priority': ['1845501695'] }), [], 'a check of ICE');
  assert.deepEqual(row({ 'dhcp.hw.mac_addr': ['3c:15:c2:9a:01:fe'], 'dhcp.type': ['1'], 'dhcp.ip.relay': ['0.0.0.0'] }), [], 'on its own network');
});
