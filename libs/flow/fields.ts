/**
 * The field table: the one place where a record's fields are named.
 *
 * Types, wire codec, ClickHouse columns, rule field names and docs/fields.md all derive from it.
 * Names are Elastic Common Schema (ECS 8, https://www.elastic.co/guide/en/ecs/current/);
 * what ECS lacks is under `telltale.*`.
 *
 * A field that is absent holds its zero value: `''`, `0` or `[]`. There is no null on a record.
 */

/**
 * - `string`: UTF-8 text. `strings`: a list of them.
 * - `count`: an integer from 0 to 2^53 - 1.
 * - `micros`: microseconds since 1970-01-01T00:00:00Z, as an integer.
 * - `observables`: a list of {@link Observable}.
 */
export type FieldType = 'string' | 'strings' | 'count' | 'micros' | 'observables';

export interface FieldDefinition {
  readonly type: FieldType;
  /** Who fills it: the probe (crosses the wire) or the detector (added by enrichment). */
  readonly by: 'probe' | 'detector';
  /** Few distinct values: the store keeps a dictionary. */
  readonly lowCardinality?: true;
  readonly doc: string;
}

/** Adding a field: append it here, then add a migration; the codec and the docs follow. See docs/life-of-a-flow.md. */
export const flowFields = {
  'event.id': {
    type: 'string', by: 'probe',
    doc: 'Record id: a function of flow id and sequence, for a log of flow id and line; a replay gives the same id.',
  },
  '@timestamp': { type: 'micros', by: 'probe', doc: 'Time of the packet that completed this record, or of the log entry.' },
  'event.start': {
    type: 'micros', by: 'probe',
    doc: 'Time of the first packet of the flow; for a log entry the start that the entry states, else its own time.',
  },
  'event.created': { type: 'micros', by: 'probe', doc: 'When the probe read that packet or entry (wall clock). Not part of any id.' },
  'observer.name': { type: 'string', by: 'probe', lowCardinality: true, doc: 'Name of the probe.' },
  'telltale.flow.id': {
    type: 'string', by: 'probe',
    doc: 'Flow id: a function of probe, community id and start time; for a log, of the name that it gives the flow (Zeek uid, Suricata '
      + 'flow_id).',
  },
  'telltale.flow.sequence': { type: 'count', by: 'probe', doc: 'Number of this record within its flow, from 0.' },
  'telltale.flow.state': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: '`first`, `update` or `end`. `end` closes the flow; a flow with a single record has only `end`. Entries of a log come in any '
      + 'order: others may follow.',
  },
  'telltale.evidence.file': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: 'Capture file, log file or interface that the record comes from, without its folder.',
  },
  'telltale.evidence.frame': {
    type: 'count', by: 'probe', doc: 'Number (from 1) of the packet that completed this record; 0 when the source has no packets.',
  },
  'telltale.evidence.line': {
    type: 'count', by: 'probe',
    doc: 'Line (from 1) of the log file, or entry of the archive, that this record was made from; 0 when the source is not a log.',
  },

  'source.ip': { type: 'string', by: 'probe', doc: 'Address that opened the flow.' },
  'source.port': { type: 'count', by: 'probe', doc: 'Its port.' },
  'destination.ip': { type: 'string', by: 'probe', doc: 'Address the flow was opened to.' },
  'destination.port': { type: 'count', by: 'probe', doc: 'Its port.' },
  'telltale.subject.ip': {
    type: 'string', by: 'probe', doc: 'The monitored endpoint: the private address of the two, else the source. Key of the flow log.',
  },
  'telltale.peer.ip': { type: 'string', by: 'probe', doc: 'The other endpoint.' },
  'network.type': { type: 'string', by: 'probe', lowCardinality: true, doc: '`ipv4` or `ipv6`.' },
  'network.transport': { type: 'string', by: 'probe', lowCardinality: true, doc: '`tcp`, `udp`, `icmp`, … (IANA protocol name).' },
  'network.protocol': {
    type: 'string', by: 'probe', lowCardinality: true, doc: 'Application protocol as seen in the bytes: `http`, `dns`, `tls`, `stun` …',
  },
  'network.community_id': { type: 'string', by: 'probe', doc: 'Community ID v1, seed 0.' },
  'source.bytes': { type: 'count', by: 'probe', doc: 'Bytes (IP length) from the source since the previous record of this flow.' },
  'source.packets': { type: 'count', by: 'probe', doc: 'Packets from the source since the previous record of this flow.' },
  'destination.bytes': { type: 'count', by: 'probe', doc: 'Bytes (IP length) from the destination since the previous record of this flow.' },
  'destination.packets': { type: 'count', by: 'probe', doc: 'Packets from the destination since the previous record of this flow.' },
  'telltale.sampling.rate': {
    type: 'count', by: 'probe',
    doc: 'One of so many packets was counted by a sampling exporter; bytes and packets are already multiplied by it. 0: every packet was, '
      + 'or it is not known.',
  },
  'telltale.handshake.rtt': { type: 'count', by: 'probe', doc: 'Round trip of the transport handshake, in microseconds; 0 is unknown.' },
  'telltale.encryption.verdict': {
    type: 'string', by: 'probe', lowCardinality: true, doc: '`cleartext`, `encrypted` or `opaque` (structure unknown).',
  },
  'telltale.encryption.reason': { type: 'string', by: 'probe', lowCardinality: true, doc: 'What the verdict rests on.' },

  'destination.domain': { type: 'string', by: 'probe', doc: 'Name by which the peer was reached: TLS SNI, HTTP host, or the passive DNS cache.' },
  'telltale.destination.domain_source': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: '`tls`, `http`, `coap`, `dns`, `sd-rtn`, `socks`: where destination.domain comes from.',
  },
  'http.request.method': { type: 'string', by: 'probe', lowCardinality: true, doc: 'HTTP method.' },
  'http.request.mime_type': { type: 'string', by: 'probe', lowCardinality: true, doc: 'Content type of the request body, without parameters.' },
  'url.domain': { type: 'string', by: 'probe', doc: 'Host of the request.' },
  'url.path': { type: 'string', by: 'probe', doc: 'Path of the request; an identifier in it is replaced by a placeholder such as `{user_id}`.' },
  'url.query': { type: 'string', by: 'probe', doc: 'Query of the request; an identifier in it is replaced by a placeholder.' },
  'http.response.status_code': { type: 'count', by: 'probe', doc: 'Status code of the response; 0 when the record is about none.' },
  'user_agent.original': { type: 'string', by: 'probe', doc: 'User-Agent header, identifiers replaced.' },
  'dns.question.name': { type: 'string', by: 'probe', doc: 'Name that was queried.' },
  'dns.question.type': { type: 'string', by: 'probe', lowCardinality: true, doc: 'Record type that was queried.' },
  'dns.resolved_ip': { type: 'strings', by: 'probe', doc: 'Addresses in the answer.' },
  'tls.client.server_name': { type: 'string', by: 'probe', doc: 'Server Name Indication (RFC 6066, section 3).' },
  'telltale.tls.alpn': { type: 'strings', by: 'probe', doc: 'Application protocols that the client offers (RFC 7301).' },
  'telltale.tls.ja4': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: 'JA4 fingerprint of the ClientHello (FoxIO), over TCP, QUIC or DTLS: tells the TLS library and its settings.',
  },
  'telltale.tls.certificate_names': {
    type: 'strings', by: 'probe', doc: 'Names in the certificate that the server showed in clear (TLS 1.2 and older).',
  },
  'telltale.stun.realm': { type: 'string', by: 'probe', doc: 'STUN REALM (RFC 8489, section 14.9).' },
  'telltale.stun.software': { type: 'string', by: 'probe', doc: 'STUN SOFTWARE (RFC 8489, section 14.14).' },
  'telltale.stun.mapped_ip': { type: 'string', by: 'probe', doc: 'XOR-MAPPED-ADDRESS: the client as the server sees it (RFC 8489, section 14.2).' },
  'telltale.stun.relayed_ip': {
    type: 'string', by: 'probe', doc: 'XOR-RELAYED-ADDRESS: where a TURN relay listens for the client (RFC 8656, section 18.5).',
  },
  'telltale.stun.peer_ip': { type: 'strings', by: 'probe', doc: 'XOR-PEER-ADDRESS: to whom a TURN relay forwards (RFC 8656, section 18.3).' },
  'telltale.session.ip': {
    type: 'strings', by: 'probe',
    doc: 'Addresses at which a session continues, according to its signalling: SIP Via and Contact, SDP origin, connection and ICE '
      + 'candidates, further servers of STUN (RFC 5780, RFC 8489).',
  },

  'telltale.tunnel.protocol': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: 'Encapsulations around the flow, outermost first, such as `gtp-u` or `gre>vxlan`; empty is none.',
  },
  'telltale.tunnel.source_ip': {
    type: 'string', by: 'probe', doc: 'Outermost endpoint on the source\'s side; empty when the flow is not inside another IP packet.',
  },
  'telltale.tunnel.destination_ip': { type: 'string', by: 'probe', doc: 'Outermost endpoint on the destination\'s side.' },

  'telltale.observables': { type: 'observables', by: 'probe', doc: 'Identifiers readable in the bytes of this record.' },
  'telltale.observables_dropped': {
    type: 'count', by: 'probe', doc: 'Identifiers that were recognised but not listed, because of the bound per record.',
  },
  'telltale.flow.observable_kinds': { type: 'strings', by: 'probe', doc: 'Kinds of all identifiers seen in the flow up to this record.' },

  'source.geo.country_iso_code': {
    type: 'string', by: 'detector', lowCardinality: true, doc: 'Country in which source.ip is located; empty is unknown.',
  },
  'source.as.number': { type: 'count', by: 'detector', doc: 'Autonomous system that announces source.ip; 0 is unknown.' },
  'source.as.organization.name': { type: 'string', by: 'detector', lowCardinality: true, doc: 'Name of that autonomous system.' },
  'destination.geo.country_iso_code': {
    type: 'string', by: 'detector', lowCardinality: true, doc: 'Country in which destination.ip is located; empty is unknown.',
  },
  'destination.as.number': { type: 'count', by: 'detector', doc: 'Autonomous system that announces destination.ip; 0 is unknown.' },
  'destination.as.organization.name': { type: 'string', by: 'detector', lowCardinality: true, doc: 'Name of that autonomous system.' },
  'telltale.peer.located': { type: 'string', by: 'detector', lowCardinality: true, doc: 'Country in which the peer is located; empty is unknown.' },
  'telltale.peer.registered': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Country under which a registry lists the peer\'s address; empty is unknown.',
  },
  'telltale.peer.operated': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Country from which the operator of the peer\'s network is controlled; empty is unknown.',
  },
  'telltale.service': {
    type: 'string', by: 'detector', lowCardinality: true, doc: 'Service the peer belongs to, from the catalogue; empty is unknown.',
  },
  'telltale.role': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Role of the peer in the service: signalling, key-management, media, recording, telemetry, update, third-party.',
  },
  'telltale.policy.id': { type: 'string', by: 'detector', lowCardinality: true, doc: 'Policy that decided; empty when none applies.' },
  'telltale.policy.verdict': {
    type: 'string', by: 'detector', lowCardinality: true, doc: '`allowed`, `denied`, `unknown`, or empty when no policy applies.',
  },
  'telltale.policy.reason': { type: 'string', by: 'detector', doc: 'Dimension and country the verdict rests on, such as `located=CN`.' },

  'telltale.peer.agreement': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Whether the location tables (not those of registration), and a site code in the name, agree on where the peer is: `agreed`, '
      + '`single` (one source only), `disputed`; empty: no source answers.',
  },
  'telltale.peer.disputed': {
    type: 'strings', by: 'detector', doc: 'Countries that other sources name for the peer instead of telltale.peer.located.',
  },
  'telltale.peer.sources': {
    type: 'strings', by: 'detector',
    doc: 'Every answer about the peer with its source: `located=US by dbip-city 2026-06-05`, `operated=CN by operators 2026-11-22, '
      + 'inferred`.',
  },
  'telltale.peer.unlocated': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Why telltale.peer.located is empty: `anycast`, `disproved`, `reserved`, `local`, `not in the tables`.',
  },
  'telltale.peer.anycast': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Anycast prefix that holds the peer, or `isAnycast` where a table marks it; empty: not known to be anycast.',
  },
  'telltale.peer.site': {
    type: 'string', by: 'detector', lowCardinality: true, doc: 'Place according to a site code in the peer\'s name: `DE Frankfurt`.',
  },
  'telltale.peer.distance_limit': {
    type: 'count', by: 'detector',
    doc: 'Greatest distance of the peer from the probe in km, from the handshake\'s round trip; 0: no round trip, or the probe\'s position '
      + 'is not configured.',
  },
  'telltale.peer.disproved': {
    type: 'strings', by: 'detector',
    doc: 'Countries that tables name for the peer but that are wholly beyond telltale.peer.distance_limit.',
  },
  'telltale.peer.operator': {
    type: 'string', by: 'detector', lowCardinality: true, doc: 'Organisation that runs the peer\'s network, from the operator table.',
  },
  'telltale.subject.tags': { type: 'strings', by: 'detector', doc: 'What the inventory says about the subject: `department=legal`, `residency=DE`.' },
  'telltale.hops': {
    type: 'strings', by: 'detector',
    doc: 'Further addresses seen inside the session, each `kind=address/located/operated` with `?` for unknown: '
      + '`turn-relay=192.0.2.1/CN/?`.',
  },
  'telltale.policy.decisions': {
    type: 'strings', by: 'detector',
    doc: 'What every policy that applies says: `conferencing@1 denied operated=CN`. The strictest one is in telltale.policy.id.',
  },

  'telltale.subject.located': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'Country in which the subject is: the inventory\'s tag `country`; without one, a private address is in the country of the probe '
      + 'that sees it (`geo.probes`), and any other where the tables locate it; empty is unknown.',
  },
  'telltale.linkability.score': {
    type: 'count', by: 'detector',
    doc: 'How much the identifiers that this record links reveal together, from 0 (no link) to 100; see docs/rules.md.',
  },
  'telltale.linked.kinds': {
    type: 'strings', by: 'detector',
    doc: 'Kinds of the identifiers that this record links: visible to one observer in one flow or within two minutes.',
  },
  'telltale.inference': {
    type: 'strings', by: 'probe',
    doc: 'The evidence for the inferred identifiers of the record, each with place, length, encoding, and the numbers of flows, subjects '
      + 'and packets in which the value recurred.',
  },

  'telltale.unanswered.packets': {
    type: 'count', by: 'probe',
    doc: 'Packets that the source has sent since the destination\'s last one. For logs and flow exports where they show it: Zeek\'s S0, no '
      + 'packets to the client in EVE, TCP flags with nothing but SYN, a bidirectional record with one direction empty.',
  },
  'telltale.unanswered.duration': {
    type: 'count', by: 'probe',
    doc: 'For how long the source went on sending without an answer, µs: from the destination\'s last packet, or the flow\'s first, to the '
      + 'source\'s last.',
  },
  'telltale.flow.end_reason': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: 'Why the flow ended: `fin`, `rst`, `timeout`, `evicted` (the table of flows was full), `finish` (the capture ended), `refused` '
      + '(for logs and flow exports: the TCP handshake was answered by a reset). Empty: the source does not say.',
  },
  'telltale.sip.method': {
    type: 'string', by: 'probe', lowCardinality: true, doc: 'Method of a SIP request, or of the one that a response answers.',
  },
  'telltale.sip.status_code': { type: 'count', by: 'probe', doc: 'Status code of a SIP response; 0 when the record is about none.' },
  'telltale.stun.type': {
    type: 'string', by: 'probe', lowCardinality: true,
    doc: 'Method and class of a STUN or TURN message that contains an address or a name: `binding success`, `allocate error` (RFC 8489, '
      + 'section 5).',
  },

  'telltale.flow.hops': {
    type: 'strings', by: 'probe',
    doc: 'Places on the session\'s path that its messages have named up to this record, `kind=address` or `kind=name`: '
      + '`turn-relay=192.0.2.1`, `dns-cname=edge.example.net`. For a person\'s own device only the network: `ice-srflx=198.51.100.0/24`. '
      + 'Kinds: docs/jurisdictions.md.',
  },
  'telltale.subject.mac': {
    type: 'string', by: 'probe',
    doc: 'Token of the hardware address of the subject\'s first packet on an Ethernet; that of the router when the subject is behind one. '
      + 'Empty: none was seen.',
  },
  'telltale.rtp.ssrc': {
    type: 'count', by: 'probe',
    doc: 'Synchronisation source of the media stream (RFC 3550, section 5.1), a random number per stream; 0: the record is about none.',
  },
  'telltale.rtp.medium': { type: 'string', by: 'probe', lowCardinality: true, doc: '`audio`, `video`, `screen` or `rtcp`, where known.' },
  'telltale.path': {
    type: 'strings', by: 'detector',
    doc: 'The session\'s path, starting at the subject, one segment each: `role|address or name|located|registered|operated|how it was '
      + 'observed`, with `?` for unknown and `local` or `anycast` as place; role `unobservable` marks the part that cannot be seen from '
      + 'here, and why.',
  },
  'telltale.peer.city': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'City of the peer, from the first location table that names one in the country of telltale.peer.located: a claim of that table.',
  },
  'telltale.peer.position': { type: 'string', by: 'detector', lowCardinality: true, doc: 'Its position, `latitude,longitude` in degrees.' },
  'telltale.peer.registered_disputed': {
    type: 'strings', by: 'detector', doc: 'Countries that other sources name instead of telltale.peer.registered.',
  },

  'telltale.attribution': {
    type: 'string', by: 'detector', lowCardinality: true,
    doc: 'The evidence for telltale.service and telltale.role: `name`, `certificate`, `range 144.195.0.0/16 of 2026-06-18`, `fingerprint '
      + 'protocol=sd-rtn`, `port udp/8801-8810`, `session` (its call\'s signalling is the service\'s); followed by `, a guess` where the '
      + 'catalogue marks the entry as one.',
  },
  'telltale.session.id': {
    type: 'string', by: 'probe',
    doc: 'Call that the record belongs to: token of the SIP Call-ID. The detector adds it to the media flows that the call\'s signalling '
      + 'announced; for a TURN allocation without a call it is the id of the flow that requested it.',
  },
  'telltale.session.endpoints': {
    type: 'strings', by: 'probe',
    doc: 'Where the session continues in other flows, according to its signalling, `address:port`: media of SDP, ICE candidates, relayed '
      + 'and peer addresses of TURN, the server to which STUN redirects the client.',
  },
} as const satisfies Record<string, FieldDefinition>;

/**
 * Fields that only a finding has; it also carries the flow fields named in `findingFlowFields`.
 */
export const findingFields = {
  'event.id': { type: 'string', doc: 'Finding id: a function of rule, record and observable; a replay gives the same id.' },
  '@timestamp': { type: 'micros', doc: 'Time of the packet that completed the evidence.' },
  'event.created': { type: 'micros', doc: 'When the probe read that packet (wall clock).' },
  'rule.id': { type: 'string', lowCardinality: true, doc: 'Id of the rule (UUID, as Sigma asks for).' },
  'rule.name': { type: 'string', lowCardinality: true, doc: 'Its title.' },
  'rule.version': { type: 'string', lowCardinality: true, doc: 'Digest of the rule\'s text, 8 hexadecimal digits.' },
  'event.severity_name': { type: 'string', lowCardinality: true, doc: 'Sigma level: informational, low, medium, high, critical.' },
  'telltale.verdict': { type: 'string', lowCardinality: true, doc: '`violation`, or `indeterminate` when an answer that it depends on is unknown.' },
  'telltale.flow.id': { type: 'string', doc: 'Flow the evidence is in.' },
  'telltale.record.id': { type: 'string', doc: 'event.id of the flow record the evidence is in.' },
  'telltale.observable.kind': {
    type: 'string', lowCardinality: true, doc: 'Kind of identifier, from the catalogue; empty when the finding is not about an identifier.',
  },
  'telltale.observable.path': { type: 'string', doc: 'Where it was, such as `url.query.uid` or `udp.payload@12`.' },
  'telltale.observable.encoding': {
    type: 'string', lowCardinality: true, doc: 'Encodings around it, outermost first, joined by `>`; empty is none.',
  },
  'telltale.observable.mask': { type: 'string', doc: 'The value with all but a few characters hidden.' },
  'telltale.observable.token': { type: 'string', doc: 'Keyed token of the value.' },
  'telltale.observable.confidence': { type: 'count', doc: 'Confidence in the kind, percent.' },
  'telltale.observables.related': { type: 'strings', doc: 'Other identifiers that the finding is based on, as `kind=token`.' },
  'telltale.versions': { type: 'string', lowCardinality: true, doc: 'Versions of rule pack, policy, catalogue and geo tables that produced it.' },
  'message': { type: 'string', doc: 'The finding as a sentence.' },
  'event.risk_score': {
    type: 'count',
    doc: 'How much it gives away, from 0 to 100: by level, and within that by data class and confidence of its identifiers; see '
      + 'docs/rules.md.',
  },
  'telltale.observable.watchlist': { type: 'string', lowCardinality: true, doc: 'Watchlist that holds the value; empty when none does.' },
} as const satisfies Record<string, Omit<FieldDefinition, 'by'>>;

/** Flow fields that a finding carries unchanged. */
export const findingFlowFields = [
  'observer.name', 'source.ip', 'source.port', 'destination.ip', 'destination.port', 'telltale.subject.ip', 'telltale.peer.ip',
  'network.transport', 'network.protocol', 'network.community_id', 'destination.domain',
  'telltale.service', 'telltale.role', 'destination.geo.country_iso_code', 'destination.as.number', 'destination.as.organization.name',
  'telltale.peer.located', 'telltale.peer.registered', 'telltale.peer.operated',
  'telltale.policy.id', 'telltale.policy.verdict', 'telltale.policy.reason', 'telltale.evidence.file', 'telltale.evidence.frame',
  'telltale.evidence.line',
  'telltale.peer.agreement', 'telltale.peer.disputed', 'telltale.peer.sources', 'telltale.peer.unlocated', 'telltale.peer.anycast',
  'telltale.peer.site',
  'telltale.peer.distance_limit', 'telltale.peer.disproved', 'telltale.peer.operator', 'telltale.subject.tags', 'telltale.hops',
  'telltale.policy.decisions',
  'telltale.inference', 'telltale.linkability.score', 'telltale.linked.kinds',
  'telltale.path', 'telltale.peer.city', 'telltale.peer.position', 'telltale.peer.registered_disputed',
  'telltale.attribution', 'telltale.session.id',
] as const satisfies readonly (keyof typeof flowFields)[];

/** Name of a field's ClickHouse column: `source.ip` is `source_ip`, `@timestamp` is `timestamp`. */
export function columnOf(field: string): string {
  return field.replace(/^@/, '').replaceAll('.', '_');
}
