import { findingId, type Finding, type FlowRecord } from '#flow';
import { mostHeaderBytes } from '#ingest';
import { dayOf, secondOf, storedFrom } from './detection-times.ts';
import { scheduledFinding, type DetectionRule } from './scheduled-finding.ts';
import { pageSql, pagesOf } from './query-pages.ts';
import type { BaselineOptions, ScheduledDetection } from './scheduled-detections.ts';

const failover: DetectionRule = { id: '7a0c1e52-6f0b-4a3e-9d0e-2c6f4b1a9d31', title: 'Service failed over to another place', version: '1' };
const comeback: DetectionRule = {
  id: '0f5f7f0c-3a53-4d0d-8d0b-5b7d5a1f6e42',
  title: 'Service returned to the place it had failed over from',
  version: '1',
};

/** A peer is silent after this many unanswered packets over at least this time (µs). */
const silence = { packets: 3, micros: 1_000_000 };
/** A client tries several peers at once and keeps the fastest (ICE, Happy Eyeballs): flows begun this close together are no failover. µs */
const probing = 1_000_000;
/** Time after the last attempt at the silent peer within which another must replace it. µs */
const takeover = 90_000_000;
/** Time within which a return is reported. µs */
const returning = 3_600_000_000;
/** The table of flows is sorted by the hour of their beginning, so that no other hours are read. µs */
const hour = 3_600_000_000;
/** For a flow that was silent for longer, its replacement is searched within the last part of this length. µs */
const longestRead = 24 * hour;

/**
 * A peer of a service stops responding, or refuses, and a peer in another country or network replaces it: per subject, service and role.
 *
 * Whether that place is new is decided by the baseline: the countries from which the service and role answered this probe in the last 800 days.
 * Ids and times are functions of the flows, so any number of runs and processes report a failover once.
 */
export function failoverDetection({ intervalMillis, learningMicros, versions }: BaselineOptions): ScheduledDetection {
  return {
    name: 'failover', title: failover.title, intervalMillis,
    async *detect(query, { since }) {
      const parameters = { since: storedFrom(since), learning: String(learningMicros) };
      for await (const rows of pagesOf<FailoverRow>(query, failoverSql, parameters)) yield rows.flatMap((row) => findingsOf(row, versions));
    },
  };
}

/** Where a flow went, all of it as text. */
interface Peer {
  flow: string;
  ip: string;
  port: string;
  domain: string;
  located: string;
  operated: string;
  asn: string;
  organization: string;
  /** ` by dbip-city 2026-06-05`: the table that locates it. */
  source: string;
}

interface FailoverRow {
  observer: string;
  subject: string;
  service: string;
  role: string;
  transport: string;
  protocol: string;
  silent: Peer;
  answering: Peer;
  refused: boolean;
  file: string;
  frame: number;
  policy: string;
  policy_verdict: string;
  /** The policy's verdict on the answering peer: `conferencing@1 denied located=CN`. */
  decision: string;
  stored: number;
  silent_from: number;
  start: number;
  returned: number;
  baseline_from: number;
  known: boolean;
  established: boolean;
}

function findingsOf(row: FailoverRow, versions: string): Finding[] {
  const { observer, subject, service, role, silent, answering } = row;
  const flow: Partial<FlowRecord> = {
    'observer.name': observer, 'telltale.subject.ip': subject, 'source.ip': subject,
    'telltale.peer.ip': answering.ip, 'destination.ip': answering.ip,
    'destination.port': Number(answering.port), 'destination.domain': answering.domain,
    'network.transport': row.transport, 'network.protocol': row.protocol,
    'telltale.service': service, 'telltale.role': role,
    'telltale.peer.located': answering.located, 'telltale.peer.operated': answering.operated,
    'destination.geo.country_iso_code': answering.located,
    'destination.as.number': Number(answering.asn), 'destination.as.organization.name': answering.organization,
    'telltale.policy.id': row.policy, 'telltale.policy.verdict': row.policy_verdict,
    'telltale.evidence.file': row.file, 'telltale.evidence.frame': row.frame, 'telltale.flow.id': answering.flow,
  };
  const isNew = row.established && !row.known;
  const level = row.policy_verdict === 'denied' || isNew ? 'high' : answering.located !== silent.located ? 'medium' : 'low';
  const id = findingId(failover.id, silent.flow, '', '');
  const findings = [scheduledFinding({
    rule: failover, id, time: row.start, created: row.stored, level, versions, flow,
    verdict: answering.located === '' || silent.located === '' ? 'indeterminate' : 'violation',
    message: `${subject} went over from ${peer(silent)} to ${peer(answering)} for ${service} (${role}): `
      + `the former ${row.refused ? 'refused' : 'fell silent'} at ${secondOf(row.silent_from)}, `
      + `the latter answered from ${secondOf(row.start)} on${row.returned === 0 ? '' : `, until ${secondOf(row.returned)}`}. `
      + `${baseline(row)}${denial(row)}`,
  })];
  if (row.returned !== 0) {
    findings.push(scheduledFinding({
      rule: comeback, id: findingId(comeback.id, silent.flow, '', ''), time: row.returned, created: row.stored, level: 'informational',
      versions, flow: { ...flow, 'telltale.flow.id': '' }, verdict: 'violation',
      message: `${subject} is back at ${place(silent)} for ${service} (${role}) since ${secondOf(row.returned)}, `
        + `after ${place(answering)} since ${secondOf(row.start)}.`,
    }));
  }
  return findings;
}

function baseline({ observer, role, service, answering, known, established, baseline_from }: FailoverRow): string {
  const where = answering.located === '' ? 'a place that no table knows' : answering.located;
  if (!established) return `${observer} has not seen ${service} (${role}) for long enough to say whether ${where} is usual.`;
  return known
    ? `${where} is usual for ${service} (${role}) at ${observer}.`
    : `${observer} had seen ${service} (${role}) since ${dayOf(baseline_from)}, and never in ${where}.`;
}

function denial({ policy_verdict, decision }: FailoverRow): string {
  const [, id, version, reason] = /^(\S+)@(\S+) denied (.*)$/.exec(decision) ?? [];
  return policy_verdict !== 'denied' || id === undefined ? '' : ` Policy ${id} version ${version} denies it (${reason}).`;
}

function peer(one: Peer): string {
  return `${one.domain === '' ? '' : `${one.domain} `}${one.ip}:${one.port}, ${place(one)},`;
}

function place({ located, asn, organization, source }: Peer): string {
  return `${located === '' ? 'an unknown country' : located}${source}${asn === '0' ? '' : ` (AS${asn} ${organization})`}`;
}

/** The columns about either peer: `flow AS silent_flow` and so on, and their names. */
const peerColumns = ['flow', 'ip', 'port', 'domain', 'located', 'operated', 'asn', 'organization', 'source'];
const columnsOf = (peer: string): string => peerColumns.map((name) => `${name} AS ${peer}_${name}`).join(', ');
const namesOf = (peer: string): string => peerColumns.map((name) => `${peer}_${name}`).join(', ');
const tupleOf = (peer: string): string => `map(${peerColumns.map((name) => `'${name}', toString(${peer}_${name})`).join(', ')})`;

/** What the latest record of a flow says. */
const lastOf = (column: string): string => `argMax(${column}, telltale_flow_sequence)`;

/** The countries from which a service and role answered a probe, and since when. */
const baselineSql = `SELECT observer_name AS observer, telltale_service AS service, telltale_role AS role, telltale_peer_located AS located,
      min(service_places.first) AS first
    FROM service_places
    GROUP BY observer, service, role, located`;

/**
 * One row per flow whose peer fell silent, with the next answered flow of that subject, service and role, if that went elsewhere.
 * It reads flows with new records and, for their subjects, flows that may be the other part of a pair: by the hour in which flows began, by which
 * the table is sorted, so that a run costs the same however much is stored.
 * (A flow answered by the same peer is a retry, and so is one answered by another peer at the same place.) The latest record of a flow shows what
 * is unanswered. Flow exports and logs may have a record per direction: there it is the sum of all, and whether the source reports responses at
 * all is shown by those of the peer that took over. A refused TCP handshake is a reset that nothing preceded; a log, or the flags of an export,
 * show it.
 */
const failoverSql = `WITH
  fresh AS (
    SELECT telltale_flow_id AS flow, telltale_subject_ip AS subject, telltale_service AS service, telltale_role AS role,
      toUnixTimestamp64Micro(event_start) AS start, toUnixTimestamp64Micro(timestamp) AS finish,
      if(telltale_evidence_frame = 0, start, finish - toInt64(telltale_unanswered_duration)) AS silent_from,
      least(silent_from, greatest(start, finish - ${returning})) - ${returning} AS earliest, finish + ${takeover} AS latest
    FROM flows
    WHERE ingested_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND telltale_service != ''
  ),
  changed AS (SELECT subject, service, role, min(earliest) AS earliest, max(latest) AS latest FROM fresh GROUP BY subject, service, role),
  hours AS (
    SELECT DISTINCT toStartOfHour(fromUnixTimestamp64Micro(arrayJoin(arrayPushBack(
      range(greatest(earliest, latest - ${longestRead}), latest + ${hour}, ${hour}), start)), 'UTC')) AS hour
    FROM fresh
  ),
  seen AS (
    SELECT telltale_flow_id AS flow, any(observer_name) AS observer, any(telltale_subject_ip) AS subject,
      any(telltale_service) AS service, any(telltale_role) AS role,
      any(network_transport) AS transport, ${lastOf('network_protocol')} AS protocol,
      any(telltale_peer_ip) AS ip, any(destination_port) AS port, ${lastOf('destination_domain')} AS domain,
      ${lastOf('telltale_peer_located')} AS located, ${lastOf('telltale_peer_operated')} AS operated,
      any(destination_as_number) AS asn, any(destination_as_organization_name) AS organization,
      any(telltale_evidence_file) AS file, min(telltale_evidence_frame) AS frame,
      ${lastOf("arrayFirst(one -> startsWith(one, concat('located=', telltale_peer_located, ' by ')), telltale_peer_sources)")} AS located_by,
      substring(located_by, length('located=CN') + 1) AS source,
      ${lastOf('telltale_policy_id')} AS policy, ${lastOf('telltale_policy_verdict')} AS policy_verdict,
      ${lastOf("arrayFirst(one -> startsWith(one, concat(telltale_policy_id, '@')), telltale_policy_decisions)")} AS decision,
      min(toUnixTimestamp64Micro(event_start)) AS start, max(toUnixTimestamp64Micro(timestamp)) AS finish,
      max(toUnixTimestamp64Milli(ingested_at)) * 1000 AS stored,
      max(telltale_evidence_frame) = 0 AND max(telltale_sampling_rate) = 0 AND sum(destination_packets) = 0 AS one_way,
      if(one_way, greatest(0, finish - start), ${lastOf('telltale_unanswered_duration')}) AS unanswered_for,
      if(one_way, sum(source_packets), ${lastOf('telltale_unanswered_packets')}) AS unanswered,
      (countIf(telltale_flow_end_reason = 'refused') > 0
        OR (${lastOf('telltale_flow_end_reason')} = 'rst' AND max(telltale_evidence_frame) > 0 AND max(telltale_handshake_rtt) = 0))
        AND sum(destination_bytes) <= ${mostHeaderBytes} * sum(destination_packets) AS refused,
      refused OR (unanswered >= ${silence.packets} AND unanswered_for >= ${silence.micros}) AS failed,
      sum(destination_packets) > 0 AND NOT refused AS answered
    FROM flows FINAL
    INNER JOIN changed
      ON changed.subject = flows.telltale_subject_ip AND changed.service = flows.telltale_service AND changed.role = flows.telltale_role
    WHERE toStartOfHour(event_start) IN (SELECT hour FROM hours)
      AND (toUnixTimestamp64Micro(event_start) BETWEEN changed.earliest AND changed.latest OR telltale_flow_id IN (SELECT flow FROM fresh))
    GROUP BY telltale_flow_id
  ),
  failing AS (
    SELECT observer, subject, service, role, ${columnsOf('silent')}, refused, finish, finish - unanswered_for AS silent_from,
      silent_from + if(refused, 1, ${probing}) AS succeeded_after
    FROM seen WHERE failed
  ),
  answering AS (
    SELECT observer, subject, service, role, ${columnsOf('next')}, transport, protocol, file, frame, policy, policy_verdict, decision, start, stored
    FROM seen WHERE answered
  ),
  places AS (SELECT observer, subject, service, role, located, asn, start AS back FROM seen WHERE answered),
  moved AS (
    SELECT observer, subject, service, role, ${namesOf('silent')}, ${namesOf('next')}, refused, silent_from,
      transport, protocol, file, frame, policy, policy_verdict, decision, start, stored
    FROM failing ASOF INNER JOIN answering
      ON failing.observer = answering.observer AND failing.subject = answering.subject
      AND failing.service = answering.service AND failing.role = answering.role AND failing.succeeded_after <= answering.start
    WHERE start <= finish + ${takeover} AND next_ip != silent_ip AND (next_located != silent_located OR next_asn != silent_asn)
    ORDER BY start, silent_flow ${pageSql}
  )
SELECT moved.observer AS observer, moved.subject AS subject, moved.service AS service, moved.role AS role,
  transport, protocol, file, frame, policy, policy_verdict, decision,
  ${tupleOf('silent')} AS silent, ${tupleOf('next')} AS answering, toBool(refused) AS refused, silent_from, start, stored,
  if(back > start + ${returning}, 0, back) AS returned,
  toUnixTimestamp(baseline.first) * 1000000 AS baseline_from,
  toBool(baseline_from > 0 AND baseline_from + {learning:Int64} <= start) AS established,
  toBool(there.service != '' AND there.first < toStartOfHour(fromUnixTimestamp64Micro(start, 'UTC'))) AS known
FROM moved
ASOF LEFT JOIN places
  ON moved.observer = places.observer AND moved.subject = places.subject AND moved.service = places.service AND moved.role = places.role
  AND moved.silent_located = places.located AND moved.silent_asn = places.asn AND moved.start < places.back
LEFT JOIN (${baselineSql}) AS there
  ON moved.observer = there.observer AND moved.service = there.service AND moved.role = there.role AND moved.next_located = there.located
LEFT JOIN (SELECT observer, service, role, min(first) AS first FROM (${baselineSql}) GROUP BY observer, service, role) AS baseline
  ON moved.observer = baseline.observer AND moved.service = baseline.service AND moved.role = baseline.role
ORDER BY start, silent_flow`;
