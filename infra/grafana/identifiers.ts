import { catalogue, dataClassOf, inferredKinds } from '#identifiers';
import { buildDashboard } from './dashboard.ts';
import { drill, findingColumns, gauge, hidden, unit, width } from './columns.ts';
import { bars, stat, table, timeSeries } from './panels.ts';
import { bucket, chosen, findingCells, flag, listed, named, selectedFindings, subjects } from './sql.ts';
import { clockVariable, kindVariable, levelVariable, serviceVariable, subjectVariable } from './variables.ts';

const identifierFindings = `${selectedFindings} AND telltale_observable_kind != ''
  AND ${chosen('telltale_observable_kind', 'kind')}`;

/** All kinds of the data class: rooms, meetings, channels, calls. */
const rooms = [...catalogue.map(({ name }) => name), inferredKinds.room]
  .filter((kind) => dataClassOf(kind) === 'room')
  .map((kind) => `'${kind}'`)
  .join(', ');

/** An identifier is known by its token only: values never leave the probe. */
const identifiers = 'uniqExact(telltale_observable_token)';

export const plaintextIdentifiers = () =>
  buildDashboard({
    uid: 'telltale-identifiers',
    title: 'Telltale: plaintext identifiers',
    description: 'Identifiers that anyone on the path can read: which, whose, where they are, and whom they link.',
    variables: [clockVariable, serviceVariable, subjectVariable, levelVariable, kindVariable],
    rows: [
      {
        panels: [
          stat({
            title: 'How many identifiers can be read?',
            width: 6,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'red'],
            ],
            description: 'Different identifiers, told apart by their keyed tokens. One that is sent a thousand times counts once.',
            sql: `SELECT ${identifiers} AS identifiers ${identifierFindings}`,
          }),
          stat({
            title: 'Whose are they?',
            width: 6,
            height: 4,
            description: 'Different monitored endpoints that send at least one.',
            sql: `SELECT ${subjects} AS subjects ${identifierFindings}`,
          }),
          stat({
            title: 'How many are serious?',
            width: 6,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'dark-red'],
            ],
            description:
              'Findings of level high or critical about an identifier: credentials, values of a watchlist, identifiers that are seen together.',
            sql: `SELECT countIf(event_severity_name IN ('critical', 'high')) AS serious ${identifierFindings}`,
          }),
          stat({
            title: 'How many go to third parties?',
            width: 6,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'orange'],
            ],
            description: 'Different identifiers sent to a peer that is not part of the service: analytics, advertising.',
            sql: `SELECT uniqExactIf(telltale_observable_token, telltale_role = 'third-party') AS identifiers ${identifierFindings}`,
          }),
        ],
      },
      {
        title: 'Which',
        panels: [
          timeSeries({
            title: 'When were they sent?',
            width: 12,
            height: 8,
            style: 'bars',
            seriesName: '${__field.labels.kind}',
            description: 'Findings per bar by kind of identifier.',
            sql: `SELECT ${bucket} AS time, telltale_observable_kind AS kind, count() AS findings
${identifierFindings}
GROUP BY time, kind ORDER BY time, kind`,
          }),
          bars({
            title: 'Which kinds are most common?',
            width: 12,
            height: 8,
            colour: 'orange',
            description: 'Different identifiers per kind.',
            sql: `SELECT telltale_observable_kind AS kind, ${identifiers} AS identifiers
${identifierFindings}
GROUP BY kind ORDER BY identifiers DESC LIMIT 15`,
          }),
          table({
            title: 'Which service leaks which kind?',
            width: 12,
            height: 9,
            description: 'Each pair of kind and service. Click a kind or a service to narrow this page to it.',
            columns: {
              Kind: [drill('Only this kind', 'telltale-identifiers', 'kind'), width(150)],
              Service: [drill('Only this service', 'telltale-identifiers', 'service'), width(150)],
              Identifiers: [...gauge('orange'), width(130)],
            },
            sql: `SELECT telltale_observable_kind AS "Kind", ${named('telltale_service')} AS "Service",
  ${identifiers} AS "Identifiers",
  ${subjects} AS "Subjects", ${listed('telltale_role')} AS "Roles", ${listed('network_protocol')} AS "Protocols"
${identifierFindings}
GROUP BY "Kind", "Service" ORDER BY "Identifiers" DESC LIMIT 100`,
          }),
          table({
            title: 'Which leaks are new?',
            width: 12,
            height: 9,
            description:
              'Kinds, services and places in the message that were first seen in this time range, newest first, such as those that an '
                + 'app update introduced.',
            columns: { 'First seen': [width(170)], 'Last seen': [width(170)], Kind: [width(130)], Service: [width(130)] },
            sql: `SELECT min(timestamp) AS "First seen", telltale_observable_kind AS "Kind",
  ${named('telltale_service')} AS "Service",
  telltale_observable_path AS "Place", max(timestamp) AS "Last seen", count() AS "Findings"
FROM findings FINAL
WHERE telltale_observable_kind != '' AND ${chosen('telltale_observable_kind', 'kind')}
  AND ${chosen(named('telltale_service'), 'service')}
GROUP BY "Kind", "Service", "Place"
HAVING $__timeFilter(min(\${clock:raw}))
ORDER BY "First seen" DESC LIMIT 100`,
          }),
        ],
      },
      {
        title: 'Whose',
        panels: [
          table({
            title: 'Who is in the same room?',
            width: 12,
            height: 9,
            description:
              'Rooms and meetings whose identifier was readable, with the subjects that sent it. This is what an observer on the path '
                + 'learns: who talks with whom.',
            columns: {
              Room: [width(160)],
              Subjects: [...gauge('red'), width(110)],
              'Last seen': [unit('dateTimeFromNow'), width(130)],
              token: hidden,
            },
            sql: `SELECT any(telltale_observable_mask) AS "Room", any(telltale_observable_kind) AS "Kind",
  ${subjects} AS "Subjects", ${listed('telltale_subject_ip', 10)} AS "Who",
  ${listed('telltale_service')} AS "Service", max(timestamp) AS "Last seen", telltale_observable_token AS token
${selectedFindings} AND telltale_observable_kind IN (${rooms})
GROUP BY telltale_observable_token ORDER BY "Subjects" DESC, "Last seen" DESC LIMIT 50`,
          }),
          table({
            title: 'Which subjects send most?',
            width: 12,
            height: 9,
            description: 'Monitored endpoints by number of different identifiers sent. Click one to narrow this page to it.',
            columns: {
              Subject: [drill('Only this subject', 'telltale-identifiers', 'subject'), width(180)],
              Identifiers: [...gauge('orange'), width(130)],
            },
            sql: `SELECT telltale_subject_ip AS "Subject", ${identifiers} AS "Identifiers",
  ${listed('telltale_observable_kind', 8)} AS "Kinds",
  ${listed('telltale_service')} AS "Services", ${listed('destination_domain', 3)} AS "Sent to"
${identifierFindings} AND telltale_subject_ip != ''
GROUP BY "Subject" ORDER BY "Identifiers" DESC LIMIT 50`,
          }),
          table({
            title: 'Which identifiers are seen most widely?',
            width: 24,
            height: 9,
            description:
              'One row per identifier (mask; told apart by token). One that reaches several services or operators lets them combine what they know.',
            columns: { Mask: [width(160)], Kind: [width(130)], Peers: [...gauge('purple'), width(110)], token: hidden },
            sql: `SELECT any(telltale_observable_mask) AS "Mask", any(telltale_observable_kind) AS "Kind",
  uniqExact(telltale_peer_ip) AS "Peers",
  uniqExact(telltale_service) AS "Different services", ${listed('telltale_service')} AS "Services",
  ${listed('destination_as_organization_name', 4)} AS "Networks",
  ${listed('telltale_peer_located', 8)} AS "Countries", ${subjects} AS "Subjects",
  telltale_observable_token AS token
${identifierFindings}
GROUP BY telltale_observable_token ORDER BY "Different services" DESC, "Peers" DESC LIMIT 100`,
          }),
        ],
      },
      {
        title: 'Evidence',
        panels: [
          table({
            title: 'What is seen together, and reveals most?',
            width: 24,
            height: 9,
            description:
              'Identifiers that one observer sees in one flow or within two minutes, by how much they reveal together (docs/rules.md). '
                + 'The sentence links to the review page.',
            columns: {
              ...findingColumns,
              Risk: [...gauge('red'), width(90)],
              Kinds: [width(220)],
            },
            sql: `SELECT ${findingCells}, arrayStringConcat(telltale_linked_kinds, ', ') AS "Kinds"
${identifierFindings}
  AND telltale_linkability_score > 0 AND notEmpty(telltale_observables_related)
ORDER BY event_risk_score DESC, \${clock:raw} DESC LIMIT 100`,
          }),
          table({
            title: 'Where are they, and how are they encoded?',
            width: 12,
            height: 9,
            description: 'Protocol, place and encoding. An encoding such as base64 hides nothing.',
            columns: { Protocol: [width(110)], Encoding: [width(130)], Findings: [...gauge('blue'), width(120)] },
            sql: `SELECT ${named('network_protocol')} AS "Protocol", telltale_observable_path AS "Place",
  ${named('telltale_observable_encoding', 'none')} AS "Encoding",
  ${listed('telltale_observable_kind', 8)} AS "Kinds", count() AS "Findings"
${identifierFindings}
GROUP BY "Protocol", "Place", "Encoding" ORDER BY "Findings" DESC LIMIT 100`,
          }),
          table({
            title: 'What was found most recently?',
            width: 12,
            height: 9,
            description: 'The newest 100 findings about identifiers. The sentence links to the review page.',
            columns: {
              ...findingColumns,
              Country: [width(100)],
            },
            sql: `SELECT ${findingCells}, ${flag('telltale_peer_located')} AS "Country"
${identifierFindings}
ORDER BY \${clock:raw} DESC LIMIT 100`,
          }),
        ],
      },
    ],
  });
