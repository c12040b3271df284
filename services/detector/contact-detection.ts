import { findingId, type Finding, type FlowRecord } from '#flow';
import { dayOf, storedFrom } from './detection-times.ts';
import { scheduledFinding, type DetectionRule } from './scheduled-finding.ts';
import { pageSql, pagesOf } from './query-pages.ts';
import type { BaselineOptions, ScheduledDetection } from './scheduled-detections.ts';

const newCountry: DetectionRule = {
  id: '5a9a3c36-0f3b-4a3d-b0f3-6a3f0d1c7b84',
  title: 'Service answers from a country for the first time',
  version: '1',
};
const newNetwork: DetectionRule = {
  id: 'c1d4e8b0-5f6e-4a52-9d0c-3b8f2a7e6d15',
  title: 'Service answers from a network for the first time',
  version: '1',
};

/** Days on which a service must have been seen before a place counts as new for it: a week with nothing seen is no baseline. */
const leastDays = 3;

/**
 * A service and role answers a probe from a country, or a network, from which it never did before, once enough is known about it to say so.
 *
 * The baseline is where it answered from in the last 800 days. Each place is reported once per probe, service and role, from which the id derives.
 */
export function contactDetection({ intervalMillis, learningMicros, versions }: BaselineOptions): ScheduledDetection {
  return {
    name: 'first contacts', title: 'First contacts', intervalMillis,
    async *detect(query, { since }) {
      const parameters = { since: storedFrom(since), learning: String(learningMicros) };
      for await (const rows of pagesOf<ContactRow>(query, contactSql('located'), parameters))
        yield rows.map((row) => findingOf(row, newCountry, versions));
      for await (const rows of pagesOf<ContactRow>(query, contactSql('asn'), parameters))
        yield rows.map((row) => findingOf(row, newNetwork, versions));
    },
  };
}

interface ContactRow {
  observer: string;
  service: string;
  role: string;
  located: string;
  asn: number;
  organization: string;
  operated: string;
  flow: string;
  subject: string;
  ip: string;
  port: number;
  domain: string;
  file: string;
  frame: number;
  start: number;
  stored: number;
  baseline_from: number;
  usual: string[];
}

function findingOf(row: ContactRow, rule: DetectionRule, versions: string): Finding {
  const { observer, service, role, located, asn, organization, subject, ip, port, domain } = row;
  const isCountry = rule === newCountry;
  const network = `AS${asn} ${organization}`;
  const flow: Partial<FlowRecord> = {
    'observer.name': observer, 'telltale.subject.ip': subject, 'source.ip': subject,
    'telltale.peer.ip': ip, 'destination.ip': ip, 'destination.port': port, 'destination.domain': domain,
    'telltale.service': service, 'telltale.role': role, 'telltale.peer.located': located, 'telltale.peer.operated': row.operated,
    'destination.geo.country_iso_code': located, 'destination.as.number': asn, 'destination.as.organization.name': organization,
    'telltale.evidence.file': row.file, 'telltale.evidence.frame': row.frame, 'telltale.flow.id': row.flow,
  };
  return scheduledFinding({
    rule, id: findingId(rule.id, `${observer} ${service} ${role}`, isCountry ? located : String(asn), ''), time: row.start, created: row.stored,
    level: isCountry ? 'medium' : 'informational', verdict: 'violation', versions, flow,
    message: `${service} (${role}) answered ${subject} from ${isCountry ? located : network} `
      + `(${domain === '' ? '' : `${domain} at `}${ip}:${port}${isCountry ? `, ${network}` : ''}), `
      + `for the first time since ${dayOf(row.baseline_from)} at ${observer}; until then it came from ${row.usual.join(', ')}.`,
  });
}

/** What a row tells of the earliest flow from the place. */
const earliest = [
  ['telltale_peer_located', 'located'], ['destination_as_number', 'asn'], ['destination_as_organization_name', 'organization'],
  ['telltale_peer_operated', 'operated'], ['telltale_flow_id', 'flow'], ['telltale_subject_ip', 'subject'], ['telltale_peer_ip', 'ip'],
  ['destination_port', 'port'], ['destination_domain', 'domain'], ['telltale_evidence_file', 'file'], ['telltale_evidence_frame', 'frame'],
  ['toUnixTimestamp64Milli(ingested_at) * 1000', 'stored'],
].map(([value, name]) => `argMin(${value}, (event_start, event_id)) AS ${name}`);

/** One row per probe, service, role and place that has answered since the last run for the first time. */
function contactSql(place: 'located' | 'asn'): string {
  const column = place === 'located' ? 'telltale_peer_located' : 'destination_as_number';
  const told = place === 'located' ? column : "concat('AS', toString(destination_as_number), ' ', destination_as_organization_name)";
  return `WITH
  fresh AS (
    SELECT observer_name AS observer, telltale_service AS service, telltale_role AS role, ${column} AS place,
      min(toUnixTimestamp64Micro(event_start)) AS start, ${earliest.join(', ')}
    FROM flows
    WHERE ingested_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND telltale_service != ''
      AND destination_packets > 0 AND ${column} != ${place === 'located' ? "''" : '0'}
    GROUP BY observer, service, role, place
  ),
  known AS (
    SELECT observer_name AS observer, telltale_service AS service, telltale_role AS role, ${column} AS place, any(${told}) AS name,
      min(service_places.first) AS first, groupUniqArray(day) AS days
    FROM service_places
    WHERE ${column} != ${place === 'located' ? "''" : '0'} AND (observer, service, role) IN (SELECT observer, service, role FROM fresh)
    GROUP BY observer, service, role, place
  )
SELECT fresh.*, toUnixTimestamp(min(known.first)) * 1000000 AS baseline_from,
  arraySort(groupUniqArrayIf(12)(known.name, known.place != fresh.place)) AS usual
FROM fresh
INNER JOIN known ON fresh.observer = known.observer AND fresh.service = known.service AND fresh.role = known.role
WHERE toUnixTimestamp(known.first) * 1000000 <= start
GROUP BY ALL
HAVING baseline_from + {learning:Int64} <= start
  AND length(arrayDistinct(arrayFlatten(groupArrayIf(known.days, known.place != fresh.place)))) >= ${leastDays}
  AND minIf(known.first, known.place = fresh.place) >= toStartOfHour(fromUnixTimestamp64Micro(start, 'UTC'))
ORDER BY start, observer, service, role, fresh.place ${pageSql}`;
}
