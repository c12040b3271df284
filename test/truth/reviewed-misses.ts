import type { FieldRecall } from './recall.ts';

/*
 * Misses that were looked into: `field file -missed`, grouped by the reason.
 */

/** Values that identify nobody by the definitions of the catalogue (docs/identifiers.md). */
const noIdentifiers: Record<string, string> = {
  'A name that a system or a maker gives to all its devices (`isHostName`).': `
    browser.response_computer_name suricata-verify/base64-decode-5885/input.pcap -1
    browser.response_computer_name suricata-verify/tls/tls-subjectaltname/input.pcap -1
    dhcp.fqdn.name ndpi/pcap/gnutella.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/496bf85e1bd58578.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/55cce0492e95181e.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/63cb202b33743fe9.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/87a49194fd3b289c.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/97752cb08d231a90.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/cf6a6b1744db1cab.pcap -1
    dhcp.option.hostname ndpi/fuzz-pcap/dfe8a6770dd1417c.pcap -1
    dhcp.option.hostname ndpi/pcap/1kxun.pcap -1
    dhcp.option.hostname ndpi/pcap/gnutella.pcap -1
    dhcp.option.hostname ndpi/pcap/teams.pcap -1
    dhcp.option.hostname ndpi/pcap/telegram.pcap -1
    dhcp.option.hostname ndpi/pcap/zoom.pcap -1
    dhcp.option.hostname zeek/Traces/dhcp/dhcp_discover_param_req_and_client_id.pcap -1
    dhcp.option.hostname zeek/Traces/dhcp/dhcp_time_and_nameserver.pcap -1
    dhcp.option.hostname zeek/Traces/dhcp/hw-type0.pcap -1
    dhcpv6.client_domain ndpi/pcap/gnutella.pcap -1
    dhcpv6.client_domain suricata-verify/base64-decode-5885/input.pcap -1
    dns.resp.name[mdns] ndpi/pcap/gnutella.pcap -1
    dns.resp.name[mdns] ndpi/pcap/tls_certificate_too_long.pcap -1
    nbdgm.source_name ndpi/pcap/gnutella.pcap -1
    nbdgm.source_name suricata-verify/base64-decode-5885/input.pcap -1
    nbdgm.source_name suricata-verify/tls/tls-subjectaltname/input.pcap -1
    nbns.name[registration] ndpi/pcap/gnutella.pcap -2
    ntlmssp.auth.hostname suricata-verify/bug-5162/input.pcap -1
    steam_ihs_discovery.body_status_hostname ndpi/pcap/steam.pcapng -1`,
  'The product id that a maker installs on all its computers.': `
    rdp.client.digProductId ndpi/pcap/rdp3.pcap -1`,
  'The placeholder of a multicast address, which no device has.': `
    dhcp.hw.mac_addr[relayed] tcpdump/dhcp-rfc4388.pcap -1`,
  'A default that guards nothing.': `
    hsrp.auth_data ndpi/pcap/hsrp0.pcap -1
    hsrp.auth_data tcpdump/HSRP_election.pcap -1
    hsrp.auth_data tcpdump/HSRP_failover.pcap -1
    hsrp.auth_data tcpdump/erspan-type-ii-2.pcap -1
    snmp.community ndpi/pcap/snmp.pcap -1
    snmp.community suricata-verify/firewall/ruletype-firewall-54-snmp-v1-trap/public-wiresharkwiki-c06-snmpv1-trap-app-r1-1-12.pcap -1
    snmp.community zeek/Traces/snmp/leak_test.pcapng -1
    snmp.community zeek/Traces/snmp/snmp-oid-subidentifier-too-long.pcap -1
    snmp.community zeek/Traces/snmp/snmpv1_get.pcap -1
    snmp.community zeek/Traces/snmp/snmpv1_trap.pcap -1
    snmp.community zeek/Traces/snmp/snmpv2_get.pcap -1
    snmp.community zeek/Traces/snmp/snmpwalk-short.pcap -1`,
  'Gnutella proves by it which version of a program it is.': `
    http.request.line[x-token] ndpi/pcap/gnutella.pcap -2`,
  'A model, a flag, a time stamp, a probe of a scanner, or the name of a node of Celery.': `
    http.request.uri.query.parameter[imei] ndpi/pcap/1kxun.pcap -1
    http.request.uri.query.parameter[pass] ndpi/pcap/WebattackRCE.pcap -1
    http.request.uri.query.parameter[sid] ndpi/pcap/1kxun.pcap -1
    json.member_with_value[device_name] ndpi/pcap/webex.pcap -1
    json.member_with_value[hostname] ndpi/pcap/amqp.pcap -1`,
  'tshark takes a word of the line, or of the text, for the field.': `
    imap.request.password ndpi/pcap/imap.pcap -1
    syslog.hostname tcpdump/syslog_udp.pcap -1`,
  'A name that is drawn for each session (RFC 7022, section 4.2).': `
    rtcp.sdes.text ndpi/pcap/sip.pcap -1
    rtcp.sdes.text suricata-verify/sip-method/sip.pcap -1`,
  'A damaged packet: what is left is no name, and no digest.': `
    sip.auth.digest.response ndpi/pcap/fuzz-2006-06-26-2594.pcap -1
    sip.from.user ndpi/pcap/fuzz-2006-06-26-2594.pcap -1
    sip.to.user ndpi/pcap/fuzz-2006-06-26-2594.pcap -1
    vrrp.auth_string tcpdump/icmp-icmp_print-oobr-2.pcap -1`,
  'The name of the field where a name belongs.': `
    snmp.msgUserName zeek/Traces/snmp/leak_test.pcapng -1
    snmp.msgUserName zeek/Traces/snmp/snmpv3_get_next.pcap -1`,
  'The answer of a machine, whose password is drawn and long: nobody can try it.': `
    ntlmssp.ntlmv2_response.ntproofstr suricata-verify/bug-5162/input.pcap -1`,
  'Only unprintable bytes.': `
    stun.att.username ndpi/pcap/teams.pcap -1`,
};

/** Values that do. */
const missedIdentifiers: Record<string, string> = {
  'PAP right on PPPoE runs below IP: no flow is there to tell it with, so that it is only counted.': `
    pap.password zeek/Traces/pppoe.pcap -1
    pap.peer_id zeek/Traces/pppoe.pcap -1`,
};

const byCase = new Map<string, { missed: string; reason: string; state: 'none' | 'missed' }>();
for (const [state, reasons] of [['none', noIdentifiers], ['missed', missedIdentifiers]] as const) {
  for (const [reason, cases] of Object.entries(reasons)) {
    for (const line of cases.trim().split('\n')) {
      const [field, file, missed] = line.trim().split(' ') as [string, string, string];
      byCase.set(`${field} ${file}`, { missed, reason, state });
    }
  }
}

/**
 * What the list says about a miss. `none`: the values are not identifiers; `missed`: they are. An entry for a miss that no longer exists,
 * and should be removed, is `unreviewed` too.
 */
export function reviewMiss({ file, field, missed }: FieldRecall): 'agreed' | 'none' | 'missed' | 'unreviewed' {
  const known = byCase.get(`${field} ${file}`);
  if ((known?.missed ?? '-0') !== `-${missed.length}`) return 'unreviewed';
  return known?.state ?? 'agreed';
}

export function reasonOfMiss({ file, field }: FieldRecall): string {
  return byCase.get(`${field} ${file}`)?.reason ?? '';
}
