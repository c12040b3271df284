import type { Disagreement } from './case.ts';

/** Disagreements that were looked into: `oracle topic name -ours lacks +ours has beyond`, grouped by the reason. */
const reasons: Record<string, string> = {
  'A test of Zeek filters what Zeek reads or logs; the trace has more.': `
    zeek connection core.pcap.dynamic-filter -0 +18
    zeek connection core.pcap.read-trace-with-filter -0 +32
    zeek connection scripts.base.frameworks.analyzer.request-analyzer -0 +10
    zeek connection scripts.base.frameworks.netcontrol.packetfilter -0 +3
    zeek snmp.community scripts.base.protocols.snmp.snmp-crash-62790 -0 +1`,
  'Zeek leaves out the request of a connection that was caught in its middle.': `
    zeek http.request opt.basic -0 +1
    zeek http.host opt.basic -0 +1
    zeek http.request scripts.base.frameworks.analyzer.request-analyzer -0 +1
    zeek http.host scripts.base.frameworks.analyzer.request-analyzer -0 +1
    zeek http.request scripts.base.frameworks.logging.writer-path-conflict -0 +1
    zeek http.host scripts.base.frameworks.logging.writer-path-conflict -0 +1
    zeek http.request scripts.policy.protocols.http.header-names -0 +1
    zeek http.host scripts.policy.protocols.http.header-names -0 +1`,
  'Zeek is given the keys of the TLS connection.': `
    zeek http.request scripts.policy.protocols.ssl.decryption -1 +0
    zeek http.host scripts.policy.protocols.ssl.decryption -1 +0
    zeek http.status scripts.policy.protocols.ssl.decryption -1 +0`,
  'TLS inside the commands of GridFTP (ADAT of RFC 2228), which is not taken out.': `
    zeek certificate scripts.base.protocols.ftp.gridftp -1 +0`,
  'The test feeds Zeek\'s HTTP with bytes of its own.': `
    zeek http.request spicy.protocol-analyzer-data-in-from-tcp-to-udp -1 +0
    zeek http.status spicy.protocol-analyzer-data-in-from-tcp-to-udp -1 +0`,
  'Zeek writes 0 for a response of HTTP/0.9, which has no status.': `
    zeek http.status core.vlan-mpls -1 +0`,
  'Zeek takes NetBIOS names for DNS: they are no names of DNS.': `
    zeek dns.question opt.basic -1 +0`,
  'Zeek writes percent escapes decoded.': `
    zeek http.request scripts.base.frameworks.logging.ascii-escape-odd-url -1 +1`,
  'The test sets Zeek\'s limit to four characters.': `
    zeek login scripts.base.protocols.ftp.ftp-max-user-length -1 +1`,
  'Zeek does not log the response to what it calls cruft.': `
    zeek http.status scripts.base.protocols.http.http-11-request-then-cruft -0 +1`,
  'Blanks behind the name are no part of it here.': `
    zeek login scripts.base.protocols.rdp.rdp-unknown-keyboard -1 +1
    zeek login scripts.base.protocols.rdp.rdp-x509 -1 +1`,
  'A hello of the version before DTLS 1.0, which the definition of JA4 does not know: its version is 00 here, s3 for nDPI.': `
    ndpi tls.ja4.digests ndpi/pcap/anyconnect-vpn.pcap -1 +0
    ndpi tls.ja4.digests ndpi/pcap/dtls_old_version.pcapng -1 +0`,
  'nDPI has another digest of the extensions; ours is that of FoxIO\'s text, which Suricata\'s tests hold.': `
    ndpi tls.ja4.digests ndpi/pcap/quic-forcing-vn-with-data.pcapng -1 +0`,
  'Five bytes of a request, and then a reset: no line that could be read.': `
    suricata protocol suricata-verify/bug-3844/input.pcap -1 +0
    suricata http.target suricata-verify/bug-3844/input.pcap -1 +0`,
  'CONNECT has a host and no path; this one has neither.': `
    suricata http.target suricata-verify/bug-7851-01/connect.pcap -1 +0`,
  'A first message of DNS over TCP of 16 KB, with 1500 questions.': `
    suricata protocol suricata-verify/dns/dns-truncated-rname/poc2.pcap -1 +0`,
  'What follows CONNECT are 14 bytes that are no record of TLS.': `
    suricata protocol suricata-verify/http-connect/http-connect-tls/input.pcap -1 +0`,
  'Two bytes, from the middle of a connection: Suricata goes by the port.': `
    suricata protocol suricata-verify/mqtt-ping/input.pcap -1 +0`,
  'A client that says QUIT and nothing else: Suricata goes by the port.': `
    suricata protocol suricata-verify/smtp-quit/input.pcap -1 +0`,
  'No dissector: NFS names nobody.': `
    suricata protocol suricata-verify/nfs4-01/input.pcap -1 +0`,
  'STUN with the magic cookie of a method, or with an attribute, that tshark 4.0 does not know: it takes the message for none.': `
    tshark stun.message ndpi/fuzz-pcap/7369a089d8288351.pcap -0 +8
    tshark stun.message ndpi/fuzz-pcap/77afcba6c3b22545.pcap -0 +3
    tshark stun.message ndpi/fuzz-pcap/d72a91aaba24b585.pcap -0 +3
    tshark stun.message ndpi/fuzz-pcap/e507a7060c9ea591.pcap -0 +8
    tshark stun.message ndpi/pcap/lru_ipv6_caches.pcapng -0 +4
    tshark stun.message ndpi/pcap/stun_wa_call.pcapng -0 +104
    tshark stun.type ndpi/pcap/stun_wa_call.pcapng -0 +26
    tshark stun.relayed ndpi/pcap/stun_wa_call.pcapng -0 +26`,
  'STUN before its magic cookie, whose fields tshark names otherwise.': `
    tshark stun.message ndpi/pcap/stun_classic.pcap -0 +2
    tshark stun.type ndpi/pcap/stun_classic.pcap -0 +1
    tshark stun.mapped ndpi/pcap/stun_classic.pcap -0 +1`,
  'STUN between ICE peers inside channel data of TURN, which tshark does not open.': `
    tshark stun.message ndpi/pcap/adult_content.pcap -0 +3
    tshark stun.type ndpi/pcap/adult_content.pcap -0 +1
    tshark stun.mapped ndpi/pcap/adult_content.pcap -0 +1
    tshark stun.username ndpi/pcap/adult_content.pcap -0 +3
    tshark stun.software ndpi/pcap/adult_content.pcap -0 +1`,
  'Microsoft\'s TURN does not pad attributes: behind one of odd length tshark loses its place.': `
    tshark stun.type ndpi/pcap/teams.pcap -0 +4
    tshark stun.mapped ndpi/pcap/teams.pcap -0 +4
    tshark stun.relayed ndpi/pcap/teams.pcap -0 +4
    tshark stun.realm ndpi/pcap/teams.pcap -0 +4`,
  'A USERNAME of bytes is no name.': `
    tshark stun.username ndpi/pcap/teams.pcap -6 +0`,
  'A target with a blank in it: tshark ends it there, servers do not.': `
    tshark http.request ndpi/pcap/WebattackRCE.pcap -1 +1`,
  'Host names that AJP carries.': `
    tshark http.host ndpi/pcap/ajp.pcap -0 +2`,
  'Damaged packets of a fuzzer: on a port that is none of DNS a message that is not sound is not believed, a method of SIP has to be one, and a user name ends at a zero.': `
    tshark dns.question ndpi/pcap/fuzz-2006-06-26-2594.pcap -1 +0
    tshark sip.method ndpi/pcap/fuzz-2006-06-26-2594.pcap -3 +0
    tshark sip.status ndpi/pcap/fuzz-2006-06-26-2594.pcap -0 +2
    tshark sip.from ndpi/pcap/fuzz-2006-06-26-2594.pcap -2 +4
    tshark sip.to ndpi/pcap/fuzz-2006-06-26-2594.pcap -2 +2`,
  'TLS inside MS-RDPEUDP, which is not taken off.': `
    tshark quic.server_name ndpi/pcap/rdp2.pcap -1 +0`,
  'The head of the request does not come to its end: tshark waits for it, here the request is told when the connection is over.': `
    tshark http.request suricata-verify/alert-max/alert-max-append-higher-priority/input.pcap -0 +1
    tshark http.host suricata-verify/alert-max/alert-max-append-higher-priority/input.pcap -0 +1
    tshark http.request suricata-verify/bug-76/input.pcap -0 +2
    tshark http.request suricata-verify/detect-http-uri/DetectEngineHttpRawUriTest29/test.fpc.pcap -0 +1
    tshark http.request suricata-verify/detect-http-uri/UriTestSig17/test.fpc.pcap -0 +1
    tshark http.request suricata-verify/detect-http-uri/UriTestSig20/test.fpc.pcap -0 +1
    tshark http.request suricata-verify/detect-http-uri/UriTestSig21/test.fpc.pcap -0 +1
    tshark http.request suricata-verify/detect-http-uri/UriTestSig28/test.fpc.pcap -0 +1
    tshark http.request suricata-verify/tcp-rst-unacked-stream-07-http/input.pcap -0 +1
    tshark http.request suricata-verify/uricontent/detect-uricontent-02/input.pcap -0 +1
    tshark http.request suricata-verify/uricontent/detect-uricontent-04/input.pcap -0 +1
    tshark http.host suricata-verify/uricontent/detect-uricontent-04/input.pcap -0 +1
    tshark http.request suricata-verify/uricontent/detect-uricontent-05/input.pcap -0 +1
    tshark http.host suricata-verify/uricontent/detect-uricontent-05/input.pcap -0 +1
    tshark http.request suricata-verify/uricontent/detect-uricontent-07/input.pcap -0 +1
    tshark http.host suricata-verify/uricontent/detect-uricontent-07/input.pcap -0 +1
    tshark http.request zeek/Traces/ipv4/fragmented-4.pcap -0 +1`,
  'tshark is told not to put bodies together, so as not to lose messages whose body is cut: it loses what begins in the segment in which one ends, or takes lines of a body for a head.': `
    tshark http.request ndpi/pcap/1kxun.pcap -0 +2
    tshark http.host ndpi/pcap/1kxun.pcap -0 +2
    tshark http.status ndpi/pcap/netflix.pcap -0 +1
    tshark http.request suricata-verify/engine-state/detect-engine-state-01/input.pcap -0 +1
    tshark http.status suricata-verify/filestore-dont/input.pcap -0 +1
    tshark http.status suricata-verify/http-connect/http-connect-fragmented/input.pcap -0 +1
    tshark http.status suricata-verify/http-protocol-nodup/input.pcap -0 +30
    tshark http.status zeek/Traces/http/bro.org.pcap -0 +7
    tshark http.request zeek/Traces/http/content-length-in-request-body.pcap -1 +0
    tshark http.status zeek/Traces/http/content-length-in-request-body.pcap -0 +1
    tshark http.request zeek/Traces/http/smuggle-http-request.pcap -1 +0
    tshark http.status zeek/Traces/http/smuggle-http-request.pcap -0 +1`,
  'Urgent data, or data over which a gap stands, in the head: part of the stream here, not for tshark.': `
    tshark http.request ndpi/pcap/ndpi_match_string_subprotocol__error.pcapng -0 +1
    tshark http.host ndpi/pcap/ndpi_match_string_subprotocol__error.pcapng -0 +1
    tshark http.request suricata-verify/tcp-urgp-01-oob/tcp-urgent1.pcap -0 +1
    tshark http.host suricata-verify/tcp-urgp-01-oob/tcp-urgent1.pcap -0 +1
    tshark http.request suricata-verify/tcp-urgp-04-2byte-XY/tcp-urgent-2byte-XY.pcap -0 +1
    tshark http.host suricata-verify/tcp-urgp-04-2byte-XY/tcp-urgent-2byte-XY.pcap -0 +1`,
  'A status line that is none: too few digits, or a version that no server has.': `
    tshark http.status ndpi/pcap/ndpi_match_string_subprotocol__error.pcapng -1 +0
    tshark http.status suricata-verify/http-evader/http-evader-462/input.pcap -1 +0
    tshark http.status suricata-verify/http-evader/http-evader-474/input.pcap -1 +0`,
  'A status line that tshark does not take for one.': `
    tshark http.status suricata-verify/http-evader/http-evader-390/input.pcap -0 +1`,
  'Several blanks behind the method: tshark has an empty target.': `
    tshark http.request suricata-verify/detect-pcre/detect-pcre-05/input.pcap -1 +1`,
  'A method that tshark does not know.': `
    tshark http.request suricata-verify/firewall/tcp-session-decode-malformed-ipv4/input.pcap -0 +1
    tshark http.request zeek/Traces/http/http-inner-transfer-encoding-ossfuzz.pcap -0 +1`,
  'Contradicting Content-Length headers: the first one holds here.': `
    tshark http.request suricata-verify/http-multiple-cl/input.pcap -1 +1`,
  'On the port of another protocol tshark looks for that one only.': `
    tshark http.request suricata-verify/output-eve-anomaly-02/input.pcap -0 +1
    tshark http.host suricata-verify/output-eve-anomaly-02/input.pcap -0 +1
    tshark http.request zeek/Traces/http/http-single-conn-22.pcap -0 +1
    tshark http.status zeek/Traces/http/http-single-conn-22.pcap -0 +1
    tshark http.request zeek/Traces/http/http-to-ssh.pcap -0 +1
    tshark http.host zeek/Traces/http/http-to-ssh.pcap -0 +1`,
  'Segments are missing in front: tshark does not take up what follows.': `
    tshark tls.server_name suricata-verify/bug-2512/sample_10.62.112.41_62227.pcap -0 +1
    tshark dns.question suricata-verify/dns-tcp-ts-gap/input.pcap -0 +1
    tshark http.status zeek/Traces/http/1000-requests-one-dropped-response.pcap.gz -0 +999
    tshark http.request zeek/Traces/http/zero-length-bodies-with-drops.pcap -0 +4
    tshark http.host zeek/Traces/http/zero-length-bodies-with-drops.pcap -0 +4
    tshark http.status zeek/Traces/http/zero-length-bodies-with-drops.pcap -0 +5`,
  'A chunk of more than 2^64 bytes: what follows is a request here, as the client meant it.': `
    tshark http.request zeek/Traces/http/261/variant-01-chunk_2pow64_overflow.pcap -0 +1
    tshark http.host zeek/Traces/http/261/variant-01-chunk_2pow64_overflow.pcap -0 +1`,
  'An inverse query, obsolete since RFC 3425, asks for an address: it has no question, and its answer is none.': `
    tshark dns.question zeek/Traces/dns-inverse-query.pcap -1 +0
    tshark dns.address zeek/Traces/dns-inverse-query.pcap -2 +0`,
  'ARCNET is not decoded.': `
    tshark http.request tcpdump/arcnet-rfc1051-arp-icmp-http.pcap -1 +0
    tshark http.host tcpdump/arcnet-rfc1051-arp-icmp-http.pcap -1 +0
    tshark http.status tcpdump/arcnet-rfc1051-arp-icmp-http.pcap -1 +0
    tshark dns.question tcpdump/arcnet-rfc1051-arp-icmp-http.pcap -4 +0
    tshark dns.address tcpdump/arcnet-rfc1051-arp-icmp-http.pcap -1 +0
    tshark http.request tcpdump/arcnet-rfc1201-arp-icmp-http.pcap -1 +0
    tshark http.host tcpdump/arcnet-rfc1201-arp-icmp-http.pcap -1 +0
    tshark http.status tcpdump/arcnet-rfc1201-arp-icmp-http.pcap -1 +0
    tshark dns.question tcpdump/arcnet-rfc1201-arp-icmp-http.pcap -4 +0
    tshark dns.address tcpdump/arcnet-rfc1201-arp-icmp-http.pcap -1 +0`,
};

const byCase = new Map<string, { counts: string; reason: string }>();
for (const [reason, cases] of Object.entries(reasons)) {
  for (const line of cases.trim().split('\n')) {
    const [oracle, topic, name, missing, extra] = line.trim().split(' ');
    byCase.set(`${oracle} ${topic} ${name}`, { counts: `${missing} ${extra}`, reason });
  }
}

export type Review = 'agreed' | 'reviewed' | 'unreviewed';

/** Whether the list has exactly this disagreement. One that no longer exists, and should be removed from the list, is `unreviewed` too. */
export function review(one: Disagreement): Review {
  const known = byCase.get(`${one.oracle} ${one.topic} ${one.name}`)?.counts ?? '-0 +0';
  if (known !== `-${one.missing.length} +${one.extra.length}`) return 'unreviewed';
  return one.missing.length + one.extra.length === 0 ? 'agreed' : 'reviewed';
}

export function reasonOf({ oracle, topic, name }: Disagreement): string {
  return byCase.get(`${oracle} ${topic} ${name}`)?.reason ?? '';
}
