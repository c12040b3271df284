import { buildDashboard } from './dashboard.ts';
import { drill, findingColumns, gauge, hidden, undecidedThresholds, unit, verdictColours, width, words } from './columns.ts';
import { nodeGraph, stat, table, timeSeries, worldMap } from './panels.ts';
import { chosen, findingCells, flag, listed, named, selectedCountries, selectedFindings } from './sql.ts';
import { clockVariable, countryVariable, levelVariable, serviceVariable, subjectVariable } from './variables.ts';

const borderFindings = `${selectedFindings} AND telltale_policy_verdict IN ('denied', 'unknown')
  AND ${chosen(named('telltale_peer_located'), 'country')}`;

/** Records of the sensor's traffic that belongs to a service, by the variables of the page. */
const serviceRecords = `FROM flows FINAL
WHERE $__timeFilter(\${clock:raw}) AND telltale_service != '' AND network_protocol != 'dns'
  AND ${chosen(named('telltale_service'), 'service')}
  AND ${chosen('telltale_subject_ip', 'subject')}
  AND ${chosen(named('telltale_peer_located'), 'country')}`;

/** A segment of a path in words: `media CN`, `relay ?`, `behind the relay`. */
const place = `arrayMap(segment -> if(startsWith(segment, 'unobservable|'), splitByChar('|', segment)[6],
    concat(splitByChar('|', segment)[1], ' ', splitByChar('|', segment)[3])), path)`;

/** Located, registered and operated are three questions; they disagree when two known answers differ. */
const disagrees = `arrayUniq(arrayFilter(country -> country != '', [telltale_peer_located, telltale_peer_registered, telltale_peer_operated])) > 1`;

export const crossBorder = () =>
  buildDashboard({
    uid: 'telltale-cross-border',
    title: 'Telltale: cross-border',
    description:
      'In which countries peers are, who controls them, which roles they play there, and what the policy says. Traffic is that '
        + 'of the whole sensor; Subject and Level narrow findings only.',
    variables: [clockVariable, serviceVariable, countryVariable, subjectVariable, levelVariable],
    rows: [
      {
        panels: [
          stat({
            title: 'How many flows did the policy deny?',
            width: 6,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'red'],
            ],
            description: 'Flows to a peer in, registered in, or controlled from a country that the policy of its service denies.',
            sql: `SELECT sumIf(flows, telltale_policy_verdict = 'denied') AS flows ${selectedCountries}`,
          }),
          stat({
            title: 'What share could not be decided?',
            width: 6,
            height: 4,
            unit: 'percentunit',
            thresholds: undecidedThresholds,
            description:
              'Of the flows to which a policy applies, those for which it needs an answer that is unknown. Unknown does not mean clean.',
            sql: `SELECT if(sumIf(flows, telltale_policy_verdict != '') = 0, 0,
  sumIf(flows, telltale_policy_verdict = 'unknown') / sumIf(flows, telltale_policy_verdict != '')) AS share ${selectedCountries}`,
          }),
          stat({
            title: 'How many countries does traffic reach?',
            width: 6,
            height: 4,
            description: 'Different countries in which peers are located, where known.',
            sql: `SELECT uniqExactIf(telltale_peer_located, telltale_peer_located != '') AS countries ${selectedCountries}`,
          }),
          stat({
            title: 'How much goes to peers in several jurisdictions?',
            width: 6,
            height: 4,
            unit: 'bytes',
            description: 'Bytes to and from peers that are located, registered and controlled in different countries.',
            sql: `SELECT sumIf(bytes, ${disagrees}) AS bytes ${selectedCountries}`,
          }),
        ],
      },
      {
        title: 'Where',
        panels: [
          worldMap({
            title: 'To which countries does traffic go?',
            width: 14,
            height: 12,
            size: 'Bytes',
            colour: 'Denied flows',
            thresholds: [
              [0, 'blue'],
              [1, 'red'],
            ],
            description:
              'Peers by the country in which they are located: larger is more bytes, red is a country with flows that the policy '
                + 'denied. Peers whose location is unknown are not on the map but in the table beside it.',
            overrides: { Bytes: [unit('bytes')] },
            sql: `SELECT telltale_peer_located AS country, sum(bytes) AS "Bytes", sum(flows) AS "Flows",
  sumIf(flows, telltale_policy_verdict = 'denied') AS "Denied flows", ${listed('telltale_service')} AS "Services"
${selectedCountries} AND telltale_peer_located != ''
GROUP BY country ORDER BY "Bytes" DESC`,
          }),
          table({
            title: 'How much goes to each country?',
            width: 10,
            height: 12,
            description: 'By the country in which the peer is located. Click a country to narrow this page to it.',
            columns: {
              'Located in': [drill('Only this country', 'telltale-cross-border', 'country', '${__data.fields.country}'), width(120)],
              Bytes: [...gauge('blue'), unit('bytes'), width(130)],
              'Denied flows': [...gauge('red'), width(110)],
              country: hidden,
            },
            sql: `SELECT ${flag('telltale_peer_located')} AS "Located in", sum(bytes) AS "Bytes", sum(flows) AS "Flows",
  sumIf(flows, telltale_policy_verdict = 'denied') AS "Denied flows",
  ${listed('telltale_peer_operated')} AS "Operated from", ${listed('telltale_service')} AS "Services",
  ${named('telltale_peer_located')} AS country
${selectedCountries}
GROUP BY telltale_peer_located ORDER BY "Bytes" DESC`,
          }),
          timeSeries({
            title: 'When did traffic go there?',
            width: 24,
            height: 8,
            style: 'bars',
            unit: 'bytes',
            seriesName: '${__field.labels.country}',
            description:
              'Bytes of both directions per bar, by the country in which the peer is located. A country that appears only under load is a failover.',
            sql: `SELECT $__timeInterval(time) AS t, ${flag('telltale_peer_located')} AS country, sum(bytes) AS bytes
${selectedCountries}
GROUP BY t, country ORDER BY t, country`,
          }),
        ],
      },
      {
        title: 'Which way',
        panels: [
          nodeGraph({
            title: 'Which way do sessions go?',
            width: 14,
            height: 12,
            description:
              'From the subject over tunnels, the peer and the hops that sessions name, each with its role and the country in which it '
                + 'is located (? is unknown). The last place of a path says what cannot be seen from here. Edges show flows and bytes.',
            overrides: { secondarystat: [unit('bytes')] },
            sql: `SELECT concat(edge.1, ' > ', edge.2) AS id, edge.1 AS source, edge.2 AS target,
  uniqExact(telltale_flow_id) AS mainstat, sum(bytes) AS secondarystat
FROM (
  SELECT telltale_flow_id, source_bytes + destination_bytes AS bytes, ${place} AS places,
    if(empty(telltale_path), ['subject|?|local|?|?|flow', concat(if(telltale_role = '', 'peer', telltale_role), '|?|',
      multiIf(telltale_peer_located != '', telltale_peer_located,
        telltale_peer_unlocated IN ('local', 'anycast'), telltale_peer_unlocated, '?'), '|?|?|flow')], telltale_path) AS path
  ${serviceRecords}
)
ARRAY JOIN arrayZip(arrayPopBack(places), arrayPopFront(places)) AS edge
WHERE edge.1 != edge.2
GROUP BY edge ORDER BY secondarystat DESC LIMIT 100`,
          }),
          worldMap({
            title: 'In which cities are the peers?',
            width: 10,
            height: 12,
            size: 'Bytes',
            colour: 'Denied records',
            at: 'coordinates',
            label: 'City',
            thresholds: [
              [0, 'blue'],
              [1, 'red'],
            ],
            description:
              'Cities according to the location table, within the country that it gives. A city is less certain than a country: one '
                + 'that a round trip or a name contradicts is left out. IP Geolocation by DB-IP.',
            overrides: { Bytes: [unit('bytes')] },
            sql: `SELECT telltale_peer_city AS "City", telltale_peer_located AS country,
  toFloat64(splitByChar(',', telltale_peer_position)[1]) AS latitude, toFloat64(splitByChar(',', telltale_peer_position)[2]) AS longitude,
  sum(source_bytes + destination_bytes) AS "Bytes", countIf(telltale_policy_verdict = 'denied') AS "Denied records",
  ${listed('telltale_service')} AS "Services"
${serviceRecords} AND telltale_peer_position != ''
GROUP BY telltale_peer_city, telltale_peer_located, telltale_peer_position ORDER BY "Bytes" DESC LIMIT 500`,
          }),
          table({
            title: 'Whose meeting went where?',
            width: 24,
            height: 8,
            description:
              'Media streams of the same meeting seen at several subjects: streams with the same synchronisation source (a random '
                + 'number of 32 bits per stream) at the same relay. Subjects that share a stream were in one meeting; streams that share a '
                + 'subject, relay and ten minutes belong together.',
            columns: { Policy: [...words(verdictColours), width(100)], Bytes: [unit('bytes'), width(110)], From: [width(170)] },
            sql: `SELECT min(first) AS "From", arrayStringConcat(arraySort(groupUniqArrayArray(subjects)), ', ') AS "Subjects",
  any(service) AS "Service", relay AS "Relay", any(located) AS "Located in", any(operated) AS "Operated from",
  argMax(verdict, indexOf(['', 'allowed', 'unknown', 'denied'], verdict)) AS "Policy", count() AS "Streams", sum(bytes) AS "Bytes"
FROM (
  SELECT telltale_rtp_ssrc, telltale_peer_ip AS relay, min(timestamp) AS first,
    groupUniqArray(telltale_subject_ip) AS subjects, any(telltale_service) AS service,
    ${flag('any(telltale_peer_located)')} AS located, ${flag('any(telltale_peer_operated)')} AS operated, any(telltale_policy_verdict) AS verdict,
    sum(source_bytes + destination_bytes) AS bytes
  ${serviceRecords} AND telltale_rtp_ssrc != 0
  GROUP BY telltale_rtp_ssrc, relay
  HAVING length(subjects) > 1
)
GROUP BY relay, subjects[1], toStartOfInterval(first, INTERVAL 10 MINUTE) ORDER BY "From" DESC LIMIT 100`,
          }),
          table({
            title: 'Which way did each call go?',
            width: 24,
            height: 8,
            description:
              'Flows of one call or TURN allocation as one path, for calls whose signalling can be read and names where the media go. '
                + 'The longest path among the records of the session is shown, each place as role, address and country (? is unknown).',
            columns: { Policy: [...words(verdictColours), width(100)], Bytes: [unit('bytes'), width(110)], From: [width(170)] },
            sql: `SELECT min(timestamp) AS "From", telltale_subject_ip AS "Subject", ${listed('telltale_service')} AS "Services",
  arrayStringConcat(arrayMap(segment -> if(segment[1] = 'unobservable', segment[6], concat(segment[1], ' ', segment[2], ' ', segment[3])),
    arrayMap(text -> splitByChar('|', text), arrayPopFront(argMax(telltale_path, length(telltale_path))))), ' → ') AS "Path",
  argMax(telltale_policy_verdict, indexOf(['', 'allowed', 'unknown', 'denied'], telltale_policy_verdict)) AS "Policy",
  uniqExact(telltale_flow_id) AS "Flows", sum(source_bytes + destination_bytes) AS "Bytes"
${serviceRecords} AND telltale_session_id != ''
GROUP BY telltale_session_id, telltale_subject_ip ORDER BY "From" DESC LIMIT 100`,
          }),
        ],
      },
      {
        title: 'Who does what there',
        panels: [
          table({
            title: 'Which roles are played from where?',
            width: 12,
            height: 10,
            description:
              'Each service, role and country. Key management or signalling in another country than the media means that the key, or '
                + 'who meets whom, is known there.',
            columns: {
              Service: [width(130)],
              Role: [width(140)],
              'Located in': [width(110)],
              Policy: [...words(verdictColours), width(90)],
              Flows: [...gauge('blue'), width(110)],
              Bytes: [unit('bytes'), width(100)],
            },
            sql: `SELECT ${named('telltale_service')} AS "Service", ${named('telltale_role')} AS "Role",
  ${flag('telltale_peer_located')} AS "Located in",
  ${named('telltale_policy_verdict', 'none')} AS "Policy", sum(flows) AS "Flows", sum(bytes) AS "Bytes",
  ${listed('destination_as_organization_name', 3)} AS "Networks"
${selectedCountries} AND telltale_service != ''
GROUP BY telltale_service, telltale_role, telltale_peer_located, telltale_policy_verdict ORDER BY "Service", "Role", "Flows" DESC`,
          }),
          table({
            title: 'Where do location, registration and control disagree?',
            width: 12,
            height: 10,
            description:
              'Three questions about a peer, kept apart: where it is, where its network is registered, from where its operator is '
                + 'controlled. Only peers for which the known answers differ.',
            columns: { Network: [width(200)], Bytes: [...gauge('purple'), unit('bytes'), width(120)] },
            sql: `SELECT ${named('destination_as_organization_name')} AS "Network",
  ${flag('telltale_peer_located')} AS "Located in", ${flag('telltale_peer_registered')} AS "Registered in",
  ${flag('telltale_peer_operated')} AS "Operated from", sum(flows) AS "Flows", sum(bytes) AS "Bytes",
  ${listed('telltale_service')} AS "Services"
${selectedCountries} AND ${disagrees}
GROUP BY destination_as_organization_name, telltale_peer_located, telltale_peer_registered,
  telltale_peer_operated ORDER BY "Bytes" DESC LIMIT 100`,
          }),
          table({
            title: 'Who received how many identifiers?',
            width: 24,
            height: 8,
            description:
              'Distinct identifiers, and the endpoints they came from, per operator and the country it is controlled from. Linked: seen '
                + 'together with an identifier of another kind in the same flow. Bulk thresholds (28 CFR 202.205) are counted on these '
                + 'sets.',
            columns: { 'Operated from': [width(140)], Operator: [width(240)], Identifiers: [...gauge('red'), width(130)] },
            sql: `SELECT ${flag('telltale_peer_operated')} AS "Operated from", ${named('organization')} AS "Operator",
  uniqExactMerge(identifiers) AS "Identifiers", uniqExactMergeIf(identifiers, linked) AS "Linked",
  uniqExactMerge(subjects) AS "Endpoints", ${listed('kind')} AS "Kinds"
FROM disclosed_identifiers
WHERE if('\${clock:raw}' = 'timestamp', day >= toDate32($__fromTime) AND day <= toDate32($__toTime), $__timeFilter(latest))
GROUP BY telltale_peer_operated, organization ORDER BY "Identifiers" DESC LIMIT 100`,
          }),
        ],
      },
      {
        title: 'Evidence',
        panels: [
          table({
            title: 'Which subjects reached a place that the policy denies?',
            width: 10,
            height: 10,
            description:
              'Monitored endpoints with findings for which a policy said denied or unknown. Click one to narrow the findings to it.',
            columns: {
              Subject: [drill('Only this subject', 'telltale-cross-border', 'subject'), width(170)],
              Denied: [...gauge('red'), width(110)],
              Unknown: [...gauge('purple'), width(110)],
            },
            sql: `SELECT telltale_subject_ip AS "Subject", countIf(telltale_policy_verdict = 'denied') AS "Denied",
  countIf(telltale_policy_verdict = 'unknown') AS "Unknown",
  ${listed('telltale_service')} AS "Services", ${listed('telltale_policy_reason')} AS "Because"
${borderFindings}
GROUP BY "Subject" ORDER BY "Denied" DESC, "Unknown" DESC LIMIT 50`,
          }),
          table({
            title: 'What was found most recently?',
            width: 14,
            height: 10,
            description: 'The newest 100 findings for which a policy said denied or unknown. The sentence links to the review page.',
            columns: {
              ...findingColumns,
              Policy: [...words(verdictColours), width(90)],
              Because: [width(130)],
            },
            sql: `SELECT ${findingCells}, telltale_policy_verdict AS "Policy", telltale_policy_reason AS "Because"
${borderFindings}
ORDER BY \${clock:raw} DESC LIMIT 100`,
          }),
        ],
      },
    ],
  });
